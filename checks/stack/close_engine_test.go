//go:build engine

package stack

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestCloseLeavesNothing(t *testing.T) {
	engine := connected(t)
	image := probe(t, engine)
	run := func(s *Stack, name string) error {
		_, err := s.Run(t.Context(), ContainerSpec{Name: name, Image: image, Cmd: []string{"wait"}})
		return err
	}
	for title, start := range map[string]func(*Stack) error{
		"of networks alone":                func(*Stack) error { return nil },
		"of a stack that is half started":  func(s *Stack) error { return run(s, "worker") },
		"of a stack that is fully started": func(s *Stack) error { return errors.Join(run(s, "broker"), run(s, "db"), run(s, "worker")) },
	} {
		t.Run(title, func(t *testing.T) {
			s := started(t, engine, Spec{Run: t.Name()})
			if err := start(s); err != nil {
				t.Fatal(err)
			}
			cancelled, cancel := context.WithCancel(t.Context())
			cancel()
			begin := time.Now()
			for range 2 {
				if err := s.Close(cancelled); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(begin); took > closeLimit {
				t.Errorf("closing took %s", took)
			}
			nothingLeft(t, engine, t.Name())
		})
	}
}

func TestACancelledStartLeavesNothing(t *testing.T) {
	engine := connected(t)
	image := probe(t, engine)
	for _, after := range []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond, 60 * time.Millisecond, 200 * time.Millisecond} {
		t.Run("after "+after.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			s, err := engine.Start(ctx, Spec{Run: t.Name()})
			if err == nil {
				_, err = s.Run(ctx, ContainerSpec{Name: "probe", Image: image, Cmd: []string{"wait"}, Ready: serves})
				err = errors.Join(err, s.Close(ctx))
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the context's error", err)
			}
			nothingLeft(t, engine, t.Name())
		})
	}
}

func TestAClosedStackStartsNothing(t *testing.T) {
	engine := connected(t)
	image := probe(t, engine)
	s := started(t, engine, Spec{})
	s.closed.Store(true)
	_, err := s.Run(t.Context(), ContainerSpec{Name: "late", Image: image, Cmd: []string{"wait"}})
	if !errors.Is(err, errClosed) {
		t.Errorf("got %v, want %v", err, errClosed)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, engine, t.Name())
}

func TestSweepTakesWhatHasNoOwnerAnyMore(t *testing.T) {
	engine := connected(t)
	image := probe(t, engine)
	start := func(run string, deadline time.Time) {
		s := started(t, engine, Spec{Run: run, Deadline: deadline})
		if _, err := s.Run(t.Context(), ContainerSpec{Name: "worker", Image: image, Cmd: []string{"wait"}}); err != nil {
			t.Fatal(err)
		}
	}
	start("expired", time.Now().Add(-time.Minute))
	start("alive", time.Now().Add(time.Minute))

	removed, err := engine.Sweep(t.Context(), false)
	if err != nil || removed < 3 {
		t.Errorf("removed %d, %v; want at least a container and two networks", removed, err)
	}
	nothingLeft(t, engine, "expired")
	if got := held(t, engine, "alive"); len(got) != 3 {
		t.Errorf("holds %v of a run that goes on, want all three", got)
	}
}

// TestSweepAfterAKill starts a stack in a process that is killed.
func TestSweepAfterAKill(t *testing.T) {
	const reference = "CONNECTGATE_TEST_KILLED"
	engine := connected(t)
	if pinned := os.Getenv(reference); pinned != "" {
		s, err := engine.Start(t.Context(), Spec{Run: "killed"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Run(t.Context(), ContainerSpec{
			Name: "worker", Image: Image{Pinned: pinned}, Cmd: []string{"wait"}, Timeout: time.Minute,
			Ready: func(context.Context, *Container) error { return errors.New("never") },
		})
		t.Fatal(err)
	}
	image := probe(t, engine)
	killed := exec.CommandContext(t.Context(), testBinary(t), "-test.run=^TestSweepAfterAKill$")
	killed.Env = append(os.Environ(), reference+"="+image.Pinned)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	running := func() bool { return len(held(t, engine, "killed")) == 3 }
	for tick := time.NewTicker(50 * time.Millisecond); !running(); <-tick.C {
		if t.Context().Err() != nil {
			t.Fatal("nothing was started")
		}
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := killed.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("ended by %v", err)
	}
	if _, err := engine.Sweep(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, engine, "killed")
}
