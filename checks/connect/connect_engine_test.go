//go:build engine

package connect_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/connectgate/connectgate/checks/connect"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/checks/worker"
)

const fileSink = "org.apache.kafka.connect.file.FileStreamSinkConnector"

func sinkTo(file string) map[string]string {
	return map[string]string{"connector.class": fileSink, "topics": "records", "file": file, "tasks.max": "1"}
}

// TestClient_realWorker holds what the scripted workers answer against a real one.
func TestClient_realWorker(t *testing.T) {
	client := realWorker(t)
	t.Run("it says its version and its plugins", func(t *testing.T) {
		info, err := client.Worker(t.Context())
		fatal(t, err)
		plugins, err := client.Plugins(t.Context())
		fatal(t, err)
		if info.ClusterID == "" || !slices.Contains(plugins, connect.Plugin{Class: fileSink, Type: "sink", Version: info.Version}) {
			t.Errorf("the worker is %+v and has %v", info, plugins)
		}
	})
	validates(t, client)
	refuses(t, client)
	runs(t, client)
}

func validates(t *testing.T, client *connect.Client) {
	t.Helper()
	t.Run("a good configuration has no errors", func(t *testing.T) {
		validation, err := client.Validate(t.Context(), fileSink, sinkTo("/tmp/files"))
		expect(t, err, "")
		if len(validation.Errors) > 0 || !slices.Contains(validation.Known, "file") || validation.Defaults["tasks.max"] != "1" {
			t.Errorf("got %+v", validation)
		}
	})
	t.Run("a bad one has them by key, without a name as well", func(t *testing.T) {
		validation, err := client.Validate(t.Context(), fileSink, map[string]string{"topics": "records", "tasks.max": "none"})
		expect(t, err, "")
		for _, wrong := range validation.Errors {
			if wrong.Key != "tasks.max" {
				t.Errorf("got %+v", wrong)
			}
		}
		if len(validation.Errors) == 0 {
			t.Error("there is no error")
		}
	})
}

func refuses(t *testing.T, client *connect.Client) {
	t.Helper()
	t.Run("a class that is not there cannot validate", func(t *testing.T) {
		_, err := client.Validate(t.Context(), "no.such.Connector", nil)
		if answer, ok := errors.AsType[*connect.APIError](err); !ok || !strings.Contains(answer.Message, "no.such.Connector") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a bad configuration is refused", func(t *testing.T) {
		err := client.Put(t.Context(), "refused", map[string]string{"connector.class": fileSink, "tasks.max": "none"})
		if answer, ok := errors.AsType[*connect.APIError](err); !ok || answer.Status != 400 {
			t.Errorf("got %v", err)
		}
	})
}

func runs(t *testing.T, client *connect.Client) {
	t.Helper()
	t.Run("a connector that nobody put has no status", func(t *testing.T) {
		status, err := client.Status(t.Context(), "nobody")
		expect(t, err, "")
		if status.Connector.State != "" || status.AllRunning("worker:8083") {
			t.Errorf("got %+v", status)
		}
	})
	t.Run("a good one runs on the worker's id, whatever its name", func(t *testing.T) {
		const name = "files/ü 100%"
		expect(t, client.Put(t.Context(), name, sinkTo("/tmp/files")), "")
		status := until(t, client, name, func(s connect.Status) bool { return s.AllRunning("worker:8083") })
		if len(status.Tasks) != 1 {
			t.Errorf("got %+v", status)
		}
	})
	t.Run("a task that fails says why", func(t *testing.T) {
		expect(t, client.Put(t.Context(), "lost", sinkTo("/no/such/folder")), "")
		status := until(t, client, "lost", func(s connect.Status) bool { _, _, failed := s.Failed(); return failed })
		part, trace, _ := status.Failed()
		if part != "task 0" || connect.Cause(trace) != "java.nio.file.NoSuchFileException: /no/such/folder" {
			t.Errorf("%s failed: %q of %s", part, connect.Cause(trace), trace)
		}
	})
}

// until polls the status until it is as wanted.
func until(t *testing.T, client *connect.Client, name string, wanted func(connect.Status) bool) connect.Status {
	t.Helper()
	ctx := deadline(t, time.Minute)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		status, err := client.Status(ctx, name)
		expect(t, err, "")
		if wanted(status) {
			return status
		}
		select {
		case <-ctx.Done():
			t.Fatalf("it stays %+v", status)
		case <-ticker.C:
		}
	}
}

// realWorker starts a broker and a worker of the fixture image, ready as Ready says.
func realWorker(t *testing.T) *connect.Client {
	t.Helper()
	engine, err := stack.Connect(t.Context())
	fatal(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	image, err := engine.Resolve(t.Context(), kafkaImage(t))
	fatal(t, err)
	files, err := engine.Files(t.Context(), image)
	fatal(t, err)
	layout, err := worker.Detect(files, image.Env)
	fatal(t, errors.Join(err, files.Close()))
	started, err := engine.Start(t.Context(), stack.Spec{Run: "connect-test", Lane: "F"})
	fatal(t, err)
	t.Cleanup(func() { fatal(t, started.Close(context.Background())) })
	_, err = started.Broker(t.Context(), image, stack.BrokerLayout{Run: layout.BrokerRun})
	fatal(t, err)
	properties, err := stack.File(worker.PropertiesFile, layout.Properties(worker.Settings{
		Name: "worker", Bootstrap: stack.BrokerAddress, Group: "test", Runtime: map[string]string{
			"key.converter":   "org.apache.kafka.connect.storage.StringConverter",
			"value.converter": "org.apache.kafka.connect.storage.StringConverter",
		},
	}))
	fatal(t, err)
	var client *connect.Client
	_, err = started.Run(t.Context(), stack.ContainerSpec{
		Name: "worker", Image: image, Entrypoint: layout.Command(), Env: layout.Env(), Files: []io.Reader{properties},
		Ready: func(ctx context.Context, container *stack.Container) error {
			client = connect.New("http://worker:8083", container.HTTPClient())
			return client.Ready(ctx)
		},
	})
	fatal(t, err)
	return client
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kafkaImage is the fixture that make images built.
func kafkaImage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../.build/images.json")
	if err != nil {
		t.Fatalf("%v; run make images", err)
	}
	var built []struct{ Name, Reference string }
	fatal(t, json.Unmarshal(text, &built))
	for _, image := range built {
		if image.Name == "kafka" {
			return image.Reference
		}
	}
	t.Fatal("there is no image kafka; run make images")
	return ""
}
