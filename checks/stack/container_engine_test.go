//go:build engine

package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/client"
)

// get asks the probe for a path.
func get(ctx context.Context, c *Container, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://any-host:8080"+path, nil)
	if err != nil {
		return "", err
	}
	answer, err := c.HTTPClient().Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, content)
	}
	return string(content), err
}

func serves(ctx context.Context, c *Container) error {
	_, err := get(ctx, c, "/env")
	return err
}

func mustGet(t *testing.T, c *Container, path string) string {
	t.Helper()
	content, err := get(t.Context(), c, path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// serving is a probe that serves, in a stack of its own.
func serving(t *testing.T, spec ContainerSpec) (*Stack, *Container) {
	t.Helper()
	engine := connected(t)
	spec.Name, spec.Image, spec.Cmd, spec.Ready = "probe", probe(t, engine), []string{"serve"}, serves
	s := started(t, engine, Spec{Memory: 64 << 20, Pids: 50})
	c, err := s.Run(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// contains fails for each word that is not in text.
func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("no %q in\n%s", word, text)
		}
	}
}

func TestAContainerHasWhatItIsGivenAndNoMore(t *testing.T) {
	t.Setenv("SECRET_OF_OURS", "secret")
	file, err := File("/connectgate/sub/greeting", []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	_, c := serving(t, ContainerSpec{Env: map[string]string{"GIVEN": "a=b"}, Files: []io.Reader{file}})

	env := mustGet(t, c, "/env")
	contains(t, env, "FROM_IMAGE=yes", "GIVEN=a=b")
	if strings.Contains(env, "SECRET_OF_OURS") {
		t.Error("our own environment was passed on")
	}
	contains(t, mustGet(t, c, "/file/connectgate/sub/greeting"), "hello")
	contains(t, mustGet(t, c, "/file/proc/self/status"), "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1")
	if c.Started <= 0 || c.Started > time.Minute {
		t.Errorf("ready after %s", c.Started)
	}
}

func TestAContainerHasTheLimitsOfItsStack(t *testing.T) {
	s, c := serving(t, ContainerSpec{})
	inspected, err := s.engine.client.ContainerInspect(t.Context(), c.id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	host := inspected.Container.HostConfig
	if host.Memory != 64<<20 || *host.PidsLimit != 50 {
		t.Errorf("memory %d, pids %d", host.Memory, *host.PidsLimit)
	}
	if len(host.PortBindings) != 0 || host.Privileged || len(host.Binds) != 0 {
		t.Errorf("host configuration %+v", host)
	}
	if networks := inspected.Container.NetworkSettings.Networks; len(networks) != 1 || networks[s.internal.name] == nil {
		t.Errorf("stands in %v, want the internal network alone", networks)
	}
}

func TestAContainerIsReachedByNameAndReachesNothingOutside(t *testing.T) {
	s, c := serving(t, ContainerSpec{})
	contains(t, mustGet(t, c, "/dial?to=probe:8080"), "connected")
	if got := mustGet(t, c, "/dial?to=192.0.2.1:80"); got == "connected" {
		t.Error("there is a way out")
	}
	internal, err := s.engine.client.NetworkInspect(t.Context(), s.internal.id, client.NetworkInspectOptions{})
	if err != nil || !internal.Network.Internal {
		t.Errorf("the network is not internal, %v", err)
	}
	if _, err := c.Dial(t.Context(), 8081); err == nil || !strings.Contains(err.Error(), "connect to port 8081 of probe") {
		t.Errorf("a port that nobody listens on: %v", err)
	}
	if _, err := c.dialHTTP(t.Context(), "tcp", "probe"); err == nil {
		t.Error("an address without a port was dialled")
	}
}

func TestAContainerStopsByTheSignal(t *testing.T) {
	_, c := serving(t, ContainerSpec{})
	for range 2 { // the second time it has ended before
		if err := c.Stop(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	state, err := c.State(t.Context())
	if diff := cmp.Diff(State{}, state); err != nil || diff != "" {
		t.Errorf("state (-want +got):\n%s%v", diff, err)
	}
	log, err := c.Log(t.Context(), 10)
	if diff := cmp.Diff([]string{"stopped cleanly"}, log); err != nil || diff != "" {
		t.Errorf("log (-want +got):\n%s%v", diff, err)
	}
}

func TestAServiceThatChangesItsUserKeepsWhatThatNeeds(t *testing.T) {
	engine := connected(t)
	image := probe(t, engine)
	s := started(t, engine, Spec{})
	c, err := s.Run(t.Context(), ContainerSpec{
		Name: "db", Image: image, Cmd: []string{"serve"}, ChangesUser: true, Ready: serves,
	})
	if err != nil {
		t.Fatal(err)
	}
	const changesUser = "CapEff:\t00000000000000cb" // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, SETGID 6, SETUID 7
	if status := mustGet(t, c, "/file/proc/self/status"); !strings.Contains(status, changesUser) {
		t.Errorf("no %q in\n%s", changesUser, status)
	}
}

func TestAContainerThatEndsStopsTheWaitAtOnce(t *testing.T) {
	engine := connected(t)
	image := probe(t, engine)
	s := started(t, engine, Spec{Memory: 32 << 20})

	t.Run("with its status and its last lines", func(t *testing.T) {
		begin := time.Now()
		_, err := s.Run(t.Context(), ContainerSpec{Name: "ends", Image: image, Cmd: []string{"end", "3"}, Ready: serves, Timeout: time.Minute})
		var exit *ExitError
		if !errors.As(err, &exit) {
			t.Fatalf("got %v, want an ExitError", err)
		}
		if exit.Code != 3 || exit.OOM || len(exit.Log) != logLines {
			t.Errorf("status %d, out of memory %v, %d lines", exit.Code, exit.OOM, len(exit.Log))
		}
		const want = `container ends ended with status 3 before it was ready; its last line: \x1b[31mthe last\x00line`
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
	})
	t.Run("with the memory limit as its cause", func(t *testing.T) {
		_, err := s.Run(t.Context(), ContainerSpec{Name: "eats", Image: image, Cmd: []string{"eat"}, Ready: serves})
		var exit *ExitError
		if !errors.As(err, &exit) || !exit.OOM {
			t.Errorf("got %v, want an ExitError that says out of memory", err)
		}
	})
}

func TestAContainerThatIsNotReadyInTimeIsToldApart(t *testing.T) {
	engine := connected(t)
	image := probe(t, engine)
	s := started(t, engine, Spec{})

	t.Run("it runs and does not answer", func(t *testing.T) {
		_, err := s.Run(t.Context(), ContainerSpec{Name: "deaf", Image: image, Cmd: []string{"wait"}, Ready: serves, Timeout: time.Second})
		var late *NotReadyError
		if !errors.As(err, &late) || late.After != time.Second || late.Cause == nil {
			t.Fatalf("got %#v, want a NotReadyError after 1 s with its cause", err)
		}
		if diff := cmp.Diff([]string{"waiting"}, late.Log); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
	t.Run("the context ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Run(ctx, ContainerSpec{
			Name: "cancelled", Image: image, Cmd: []string{"wait"},
			Ready: func(context.Context, *Container) error { cancel(); return errors.New("not yet") },
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
	t.Run("nothing to wait for", func(t *testing.T) {
		if _, err := s.Run(t.Context(), ContainerSpec{Name: "plain", Image: image, Cmd: []string{"wait"}}); err != nil {
			t.Error(err)
		}
	})
	t.Run("what cannot start is neither", func(t *testing.T) {
		_, err := s.Run(t.Context(), ContainerSpec{Name: "none", Image: image, Entrypoint: []string{"/no-such-program"}})
		var exit *ExitError
		if err == nil || errors.As(err, &exit) || !strings.Contains(err.Error(), "start container none") {
			t.Errorf("got %v", err)
		}
	})
}
