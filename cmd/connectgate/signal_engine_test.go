//go:build engine

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/fixtures"
)

// run is a check of the scenario jdbc-tombstone as a process of its own.
type run struct {
	*exec.Cmd
	phases *bufio.Scanner // its standard error
	stdout bytes.Buffer
}

func start(t *testing.T, phases ...string) *run {
	t.Helper()
	images, err := fixtures.Images()
	if err != nil {
		t.Fatal(err)
	}
	base, head, err := fixtures.Render("jdbc-tombstone", images)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	git := func(args ...string) {
		args = append([]string{"-c", "user.name=Ann", "-c", "user.email=ann@example.org"}, args...)
		command := exec.CommandContext(t.Context(), "git", args...)
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	git("init", "-q", "-b", "main")
	for _, side := range []fstest.MapFS{base, head} {
		for name, file := range side {
			at := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, file.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		git("add", "-A")
		git("commit", "-q", "-m", "release")
	}
	binary := filepath.Join(t.TempDir(), "connectgate")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	r := &run{Cmd: exec.CommandContext(t.Context(), binary, "check", "--base", "HEAD~1")}
	r.Dir, r.Stdout = dir, &r.stdout
	stderr, err := r.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	r.phases = bufio.NewScanner(stderr)
	r.await(t, phases...)
	return r
}

// await reads progress until the phases are done.
func (r *run) await(t *testing.T, phases ...string) {
	t.Helper()
	for _, phase := range phases {
		for !strings.Contains(r.phases.Text(), phase) {
			if !r.phases.Scan() {
				t.Fatalf("the run ended before %q: %v", phase, r.phases.Err())
			}
		}
	}
}

// end waits for the process and returns its exit status.
func (r *run) end(t *testing.T) int {
	t.Helper()
	for r.phases.Scan() {
		t.Log(r.phases.Text())
	}
	if err := r.Wait(); err != nil && r.ProcessState.ExitCode() < 0 && r.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatal(err)
	}
	return r.ProcessState.ExitCode()
}

// left takes away everything with our label and says how much that was.
func left(t *testing.T, all bool) int {
	t.Helper()
	engine, err := stack.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	removed, err := engine.Sweep(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Close(); err != nil {
		t.Error(err)
	}
	return removed
}

func TestSignals_leaveNothing(t *testing.T) {
	for name, test := range map[string]struct {
		signal os.Signal
		phase  string
	}{
		"interrupted while the stack is half started": {os.Interrupt, "base: broker"},
		"terminated when the stack is fully started":  {syscall.SIGTERM, "base: connector"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, test.phase)
			begin := time.Now()
			if err := r.Process.Signal(test.signal); err != nil {
				t.Fatal(err)
			}
			if status := r.end(t); status != 5 {
				t.Errorf("exit status %d, want 5", status)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it took %s to end", took)
			}
			if removed := left(t, true); removed != 0 {
				t.Errorf("%d containers, networks or volumes were left", removed)
			}
		})
	}
}

func TestSigkill_isSweptByTheNextRun(t *testing.T) {
	r := start(t, "base: services")
	if err := r.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.end(t)
	if removed := left(t, false); removed == 0 {
		t.Error("a killed run left nothing to sweep, or what it left was not recognised")
	}
	if removed := left(t, true); removed != 0 {
		t.Errorf("%d were left by the sweep", removed)
	}
}
