package stack

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/kafka"
	tcnetwork "github.com/testcontainers/testcontainers-go/network"
	"github.com/twmb/franz-go/pkg/kgo"
)

const brokerAlias = "broker"

// BrokerAddress is the broker's bootstrap address for workers and services.
const BrokerAddress = brokerAlias + ":9092"

// clientPort is the listener that modules/kafka maps to a port of the host.
const clientPort = 9093

// BrokerLayout says how a broker is started in an image.
type BrokerLayout struct {
	Run string // the image's script that runs a broker from KAFKA_* variables
}

// Broker is a running Kafka broker, a controller at the same time.
type Broker struct{ *Container }

// Broker starts a broker which stands in both networks as "broker" and waits
// until it answers requests. Errors are those of [Stack.Run]; the limit of
// modules/kafka for the start itself is 60 s.
//
// Topics are not created by being asked for: a topic that nobody made must
// show, and sinks and Connect's own topics are made by name.
func (s *Stack) Broker(ctx context.Context, image Image, layout BrokerLayout) (*Broker, error) {
	if layout.Run == "" {
		return nil, fmt.Errorf("start broker: image %s has no script that runs one", image.Reference)
	}
	begin := time.Now()
	creating, created, end := s.creation(ctx)
	defer end()
	module, err := kafka.Run(creating, image.Pinned, s.brokerOptions(layout, created)...)
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", s.notStarted(ctx, module, err))
	}
	c, err := s.running(ctx, brokerAlias, module.GetContainerID())
	if err != nil {
		return nil, err
	}
	b := &Broker{c}
	if err := c.wait(ctx, func(ctx context.Context, _ *Container) error { return b.answers(ctx) }, 0); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	c.Started = time.Since(begin)
	return b, nil
}

// brokerOptions adapt modules/kafka to any image with a run script: the module
// writes a starter script for one family of images; we take from it the one
// thing that is known only after the start, the advertised listeners, and leave
// the rest to the image.
func (s *Stack) brokerOptions(layout BrokerLayout, created testcontainers.ContainerHook) []testcontainers.ContainerCustomizer {
	const starter = "/usr/sbin/testcontainers_start.sh"
	clusterID := uuid.New()
	return []testcontainers.ContainerCustomizer{
		testcontainers.WithCmd("-c", fmt.Sprintf(`while [ ! -s %[1]s ]; do sleep 0.05; done
KAFKA_ADVERTISED_LISTENERS=$(sed -n 's/^export KAFKA_ADVERTISED_LISTENERS=//p' %[1]s)
export KAFKA_ADVERTISED_LISTENERS
exec %[2]s`, starter, layout.Run)),
		kafka.WithClusterID(base64.RawURLEncoding.EncodeToString(clusterID[:])),
		testcontainers.WithEnv(brokerEnv()),
		testcontainers.WithLabels(s.named(brokerAlias)),
		tcnetwork.WithNetworkName([]string{brokerAlias}, s.outer.name),
		tcnetwork.WithNetworkName([]string{brokerAlias}, s.internal.name),
		testcontainers.WithConfigModifier(func(config *container.Config) { config.Hostname = brokerAlias }),
		testcontainers.WithHostConfigModifier(func(host *container.HostConfig) {
			host.NetworkMode = container.NetworkMode(s.outer.name)
			s.limits(host, false)
		}),
		testcontainers.WithAdditionalLifecycleHooks(testcontainers.ContainerLifecycleHooks{
			PostCreates: []testcontainers.ContainerHook{created},
		}),
	}
}

// brokerEnv is what one node on a small machine needs beyond what the module sets.
func brokerEnv() map[string]string {
	return map[string]string{
		"KAFKA_LOG_RETENTION_MS":                                 "-1", // records of samples may be stamped in the past
		"KAFKA_AUTO_CREATE_TOPICS_ENABLE":                        "false",
		"KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS":             "1",
		"KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
		"KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR":            "1",
		"KAFKA_LOG_DIRS":                                         "/tmp/connectgate-logs",
		"KAFKA_HEAP_OPTS":                                        "-Xms256m -Xmx512m",
		"KAFKA_JVM_PERFORMANCE_OPTS":                             "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto",
	}
}

// creation is the context for a library that creates and waits in one call: it
// follows ctx only once created was called, see uninterrupted.
func (s *Stack) creation(ctx context.Context) (_ context.Context, created testcontainers.ContainerHook, end func()) {
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), createLimit+time.Minute)
	stop := func() bool { return true }
	return whole, func(context.Context, testcontainers.Container) error {
			stop = context.AfterFunc(ctx, cancel)
			if s.closed.Load() {
				return errClosed
			}
			return nil
		}, func() {
			stop()
			cancel()
		}
}

// notStarted finds out what an error of the module means.
func (s *Stack) notStarted(ctx context.Context, module *kafka.KafkaContainer, err error) error {
	if module == nil || module.Container == nil {
		return err
	}
	id := module.GetContainerID()
	if s.closed.Load() {
		return errors.Join(errClosed, s.engine.removeContainer(context.WithoutCancel(ctx), id))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c := &Container{Name: brokerAlias, id: id, engine: s.engine}
	log, logErr := c.Log(ctx, logLines)
	state, stateErr := c.State(ctx)
	if logErr != nil || stateErr != nil || state.Running {
		return errors.Join(err, logErr, stateErr)
	}
	return &ExitError{Name: brokerAlias, Code: state.ExitCode, OOM: state.OOMKilled, Log: log}
}

// Client is a Kafka client for this broker. Whatever address the broker
// advertises, connections go to its container.
func (b *Broker) Client(opts ...kgo.Opt) (*kgo.Client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return b.Dial(ctx, clientPort) }
	fixed := []kgo.Opt{kgo.SeedBrokers(BrokerAddress), kgo.Dialer(dial)}
	client, err := kgo.NewClient(append(fixed, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("make Kafka client: %w", err)
	}
	return client, nil
}

// answers is one round of ApiVersions and Metadata.
func (b *Broker) answers(ctx context.Context) error {
	client, err := b.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return client.Ping(ctx)
}
