//go:build engine

package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/checks/worker"
)

// reference is an image that `make images` built.
func reference(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile("../../.build/images.json")
	if err != nil {
		t.Fatalf("%v; build the images with `make images`", err)
	}
	var images []struct{ Name, Version, Reference string }
	if err := json.Unmarshal(content, &images); err != nil {
		t.Fatal(err)
	}
	for _, image := range images {
		if image.Name == name {
			return image.Reference
		}
	}
	t.Fatalf("no image %s in .build/images.json; build the images with `make images`", name)
	return ""
}

func resolve(t *testing.T, engine *stack.Engine, name string) stack.Image {
	t.Helper()
	image, err := engine.Resolve(t.Context(), reference(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestAWorkerIsFoundInAnImageAndStartsBesideABrokerAndADatabase(t *testing.T) {
	begin := time.Now()
	phase := func(name string) { t.Logf("%6.2f s  %s", time.Since(begin).Seconds(), name) }
	engine, err := stack.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kafka, postgresql := resolve(t, engine, "kafka"), resolve(t, engine, "postgresql")
	phase("images resolved")
	layout := layoutOf(t, engine, kafka)
	phase("layout found")
	s, err := engine.Start(t.Context(), stack.Spec{Run: t.Name(), Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		closing := time.Now()
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		t.Logf("closed in %.2f s", time.Since(closing).Seconds())
	})
	phase("networks")
	broker, err := s.Broker(t.Context(), kafka, stack.BrokerLayout{Run: layout.BrokerRun})
	if err != nil {
		t.Fatal(err)
	}
	phase("broker ready")
	if _, err := s.Run(t.Context(), stack.ContainerSpec{
		Name: "db", Image: postgresql, Env: map[string]string{"POSTGRES_PASSWORD": "trial"}, Ready: answersQueries,
	}); err != nil {
		t.Fatal(err)
	}
	phase("database ready")
	connect := startWorker(t, s, layout, kafka)
	phase("worker ready")
	t.Logf("broker %s, worker %s", broker.Started, connect.Started)

	t.Run("the worker is the version that the layout says", func(t *testing.T) {
		if got := ask(t, connect, "/"); !strings.Contains(got, `"version":"`+layout.KafkaVersion+`"`) {
			t.Errorf("the worker says %s, the layout %s", got, layout.KafkaVersion)
		}
	})
	t.Run("its topics are on the broker, and nothing else", func(t *testing.T) {
		want := []string{"__consumer_offsets", "billing-configs", "billing-offsets", "billing-status"}
		if diff := cmp.Diff(want, topicsOf(t, broker)); diff != "" {
			t.Errorf("topics (-want +got):\n%s", diff)
		}
	})
	t.Run("it stops by the signal within seconds", func(t *testing.T) {
		stopping := time.Now()
		if err := connect.Stop(t.Context(), 20*time.Second); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(stopping); took > 15*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func layoutOf(t *testing.T, engine *stack.Engine, image stack.Image) worker.Layout {
	t.Helper()
	files, err := engine.Files(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	layout, err := worker.Detect(files, image.Env)
	if err != nil {
		t.Fatal(err)
	}
	return layout
}

func startWorker(t *testing.T, s *stack.Stack, layout worker.Layout, image stack.Image) *stack.Container {
	t.Helper()
	settings := worker.Settings{Name: "worker-base", Bootstrap: stack.BrokerAddress, Group: "billing"}
	file, err := stack.File(worker.PropertiesFile, layout.Properties(settings))
	if err != nil {
		t.Fatal(err)
	}
	connect, err := s.Run(t.Context(), stack.ContainerSpec{
		Name: settings.Name, Image: image, Entrypoint: layout.Command(), Env: layout.Env(), Files: []io.Reader{file},
		Ready: func(ctx context.Context, c *stack.Container) error { _, err := answer(ctx, c, "/health"); return err },
	})
	if err != nil {
		t.Fatal(err)
	}
	return connect
}

func answer(ctx context.Context, c *stack.Container, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://worker:8083"+path, nil)
	if err != nil {
		return "", err
	}
	response, err := c.HTTPClient().Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, content)
	}
	return string(content), err
}

func ask(t *testing.T, c *stack.Container, path string) string {
	t.Helper()
	content, err := answer(t.Context(), c, path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func topicsOf(t *testing.T, broker *stack.Broker) []string {
	t.Helper()
	client, err := broker.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	details, err := kadm.NewClient(client).ListTopicsWithInternal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return details.Names()
}

func answersQueries(ctx context.Context, c *stack.Container) error {
	config, err := pgx.ParseConfig("postgres://postgres:trial@db:5432/postgres?sslmode=disable")
	if err != nil {
		return err
	}
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"db"}, nil }
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return c.Dial(ctx, 5432) }
	connection, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return connection.Close(ctx)
}
