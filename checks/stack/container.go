package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// ContainerSpec is a worker or a service to run.
type ContainerSpec struct {
	// Name is how the others in the network reach it.
	Name  string
	Image Image
	// Entrypoint and Cmd replace the image's; empty: the image's own. An
	// Entrypoint without Cmd drops the image's command.
	Entrypoint, Cmd []string
	// Env is added to the image's. Nothing of our own environment is passed on.
	Env map[string]string
	// Files are tar streams, unpacked at / before the start; see [File].
	Files []io.Reader
	// ChangesUser says that the image's entrypoint starts as root, gives files
	// to another user and goes on as that one, as those of databases do. It
	// then keeps the capabilities CHOWN, DAC_OVERRIDE, FOWNER, SETGID and
	// SETUID; without it a container has none.
	ChangesUser bool
	// Ready is asked every 100 to 500 ms until it returns nil or the container
	// ends; its context ends with the container. nil: ready once it is started.
	Ready func(context.Context, *Container) error
	// Timeout limits the wait for Ready; 0: 90 s.
	Timeout time.Duration
}

// Container is a container that was started. It is safe for concurrent use.
type Container struct {
	// Name is its alias in the network.
	Name string
	// Started is the time from its creation until it was ready.
	Started time.Duration

	id        string
	engine    *Engine
	addresses addresses
	http      *http.Client
}

// State is whether a container runs, and else how it ended.
type State struct {
	Running   bool
	ExitCode  int
	OOMKilled bool // it went over its memory limit
}

// Run starts a container in the internal network and waits until it is ready.
// It has no capabilities, no way to new privileges, no published port, and the
// stack's limits. The error is an *ExitError where the container ends first, a
// *NotReadyError where it does not answer in time, the context's where that
// ends, and else infrastructure's. What was started stays for Close to take.
func (s *Stack) Run(ctx context.Context, spec ContainerSpec) (*Container, error) {
	begin := time.Now()
	id, err := s.create(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("create container %s: %w", spec.Name, err)
	}
	for _, files := range spec.Files {
		options := client.CopyToContainerOptions{DestinationPath: "/", Content: files}
		if _, err := s.engine.client.CopyToContainer(ctx, id, options); err != nil {
			return nil, fmt.Errorf("copy files into container %s: %w", spec.Name, err)
		}
	}
	if _, err := s.engine.client.ContainerStart(ctx, id, client.ContainerStartOptions{}); err != nil {
		return nil, fmt.Errorf("start container %s: %w", spec.Name, err)
	}
	c, err := s.running(ctx, spec.Name, id)
	if err != nil {
		return nil, err
	}
	if err := c.wait(ctx, spec.Ready, spec.Timeout); err != nil {
		return nil, err
	}
	c.Started = time.Since(begin)
	return c, nil
}

func (s *Stack) create(ctx context.Context, spec ContainerSpec) (string, error) {
	options := client.ContainerCreateOptions{
		Config: &container.Config{
			Image: spec.Image.Pinned, Entrypoint: spec.Entrypoint, Cmd: spec.Cmd, Env: variables(spec.Env), Labels: s.named(spec.Name),
		},
		HostConfig: s.limits(&container.HostConfig{NetworkMode: container.NetworkMode(s.internal.name)}, spec.ChangesUser),
		NetworkingConfig: &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			s.internal.name: {NetworkID: s.internal.id, Aliases: []string{spec.Name}},
		}},
	}
	created, err := uninterrupted(ctx, func(ctx context.Context) (client.ContainerCreateResult, error) {
		return s.engine.client.ContainerCreate(ctx, options)
	})
	if err == nil && s.closed.Load() {
		err = errors.Join(errClosed, s.engine.removeContainer(context.WithoutCancel(ctx), created.ID))
	}
	return created.ID, err
}

// named are the stack's labels and the container's own name.
func (s *Stack) named(name string) map[string]string {
	named := maps.Clone(s.labels)
	named[nameLabel] = name
	return named
}

// limits hardens a container: what runs in it may come from a pull request.
func (s *Stack) limits(host *container.HostConfig, changesUser bool) *container.HostConfig {
	host.CapDrop = []string{"ALL"}
	if changesUser {
		host.CapAdd = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
	}
	host.SecurityOpt = []string{"no-new-privileges"}
	host.Memory, host.MemorySwap, host.PidsLimit = s.spec.Memory, s.spec.Memory, &s.spec.Pids
	return host
}

func variables(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	return list
}

// running is a handle on a container that was started.
func (s *Stack) running(ctx context.Context, name, id string) (*Container, error) {
	inspected, err := s.engine.client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("inspect container %s: %w", name, err)
	}
	c := &Container{Name: name, id: id, engine: s.engine, addresses: s.addresses(inspected.Container.NetworkSettings)}
	c.http = &http.Client{Transport: &http.Transport{DialContext: c.dialHTTP, MaxIdleConnsPerHost: 2}}
	return c, nil
}

// State is how the container is now.
func (c *Container) State(ctx context.Context) (State, error) {
	inspected, err := c.engine.client.ContainerInspect(ctx, c.id, client.ContainerInspectOptions{})
	if err != nil {
		return State{}, fmt.Errorf("inspect container %s: %w", c.Name, err)
	}
	state := inspected.Container.State
	return State{Running: state.Running, ExitCode: state.ExitCode, OOMKilled: state.OOMKilled}, nil
}

// Stop sends the image's stop signal (SIGTERM) and returns when the container
// has ended; after grace (rounded up to seconds; 0: at once) it is killed. One
// that ended before is no error.
func (c *Container) Stop(ctx context.Context, grace time.Duration) error {
	seconds := int(math.Ceil(grace.Seconds()))
	if _, err := c.engine.client.ContainerStop(ctx, c.id, client.ContainerStopOptions{Timeout: &seconds}); err != nil {
		return fmt.Errorf("stop container %s: %w", c.Name, err)
	}
	return nil
}
