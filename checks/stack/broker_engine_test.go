//go:build engine

package stack

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const brokerRun = "/etc/kafka/docker/run"

// kafkaImage is the Kafka image that `make images` built.
func kafkaImage(t *testing.T, engine *Engine) Image {
	t.Helper()
	content, err := os.ReadFile("../../.build/images.json")
	if err != nil {
		t.Fatalf("%v; build the images with `make images`", err)
	}
	var images []struct{ Name, Reference string }
	if err := json.Unmarshal(content, &images); err != nil {
		t.Fatal(err)
	}
	for _, built := range images {
		if built.Name == "kafka" {
			image, err := engine.Resolve(t.Context(), built.Reference)
			if err != nil {
				t.Fatal(err)
			}
			return image
		}
	}
	t.Fatal("no image kafka in .build/images.json; build the images with `make images`")
	return Image{}
}

func TestABrokerKeepsRecordsFromThePast(t *testing.T) {
	engine := connected(t)
	s := started(t, engine, Spec{Memory: 1 << 30})
	broker, err := s.Broker(t.Context(), kafkaImage(t, engine), BrokerLayout{Run: brokerRun})
	if err != nil {
		t.Fatal(err)
	}
	client, err := broker.Client(kgo.ConsumeTopics("invoices"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, "invoices"); err != nil {
		t.Fatal(err)
	}
	record := &kgo.Record{Topic: "invoices", Value: []byte("from 1970"), Timestamp: time.UnixMilli(1)}
	if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
	fetched := client.PollFetches(t.Context()).Records()
	if len(fetched) != 1 || string(fetched[0].Value) != "from 1970" {
		t.Errorf("fetched %v", fetched)
	}

	t.Run("a topic is not made by being asked for", func(t *testing.T) {
		asking, err := broker.Client(kgo.AllowAutoTopicCreation())
		if err != nil {
			t.Fatal(err)
		}
		defer asking.Close()
		err = asking.ProduceSync(t.Context(), &kgo.Record{Topic: "unknown"}).FirstErr()
		if !errors.Is(err, kerr.UnknownTopicOrPartition) {
			t.Errorf("got %v, want %v", err, kerr.UnknownTopicOrPartition)
		}
	})
	t.Run("options that contradict each other are an error", func(t *testing.T) {
		if _, err := broker.Client(kgo.ConsumerGroup("g"), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: {}}})); err == nil {
			t.Error("no error")
		}
	})
}

func TestABrokerThatEndsIsAnExitError(t *testing.T) {
	engine := connected(t)
	s := started(t, engine, Spec{})
	image := kafkaImage(t, engine)

	_, err := s.Broker(t.Context(), image, BrokerLayout{Run: "/no/such/script"})
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != 127 || !strings.Contains(err.Error(), "/no/such/script") {
		t.Errorf("got %v, want an ExitError with status 127", err)
	}
	if _, err := s.Broker(t.Context(), image, BrokerLayout{}); err == nil || !strings.Contains(err.Error(), "has no script") {
		t.Errorf("without a script: %v", err)
	}
}

func TestACancelledBrokerLeavesNothing(t *testing.T) {
	engine := connected(t)
	image := kafkaImage(t, engine)
	for _, after := range []time.Duration{10 * time.Millisecond, 150 * time.Millisecond, 700 * time.Millisecond} {
		t.Run("after "+after.String(), func(t *testing.T) {
			s := started(t, engine, Spec{Run: t.Name()})
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			begin := time.Now()
			if _, err := s.Broker(ctx, image, BrokerLayout{Run: brokerRun}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the context's error", err)
			}
			if err := s.Close(ctx); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took > after+10*time.Second {
				t.Errorf("it took %s", took)
			}
			nothingLeft(t, engine, t.Name())
		})
	}
}
