package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
)

// testBinary is this test, to be run in a process of its own.
func testBinary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestConnectWithoutAnEngine runs in a process of its own: testcontainers looks
// for the engine once a process.
func TestConnectWithoutAnEngine(t *testing.T) {
	const alone = "CONNECTGATE_TEST_NO_ENGINE"
	if os.Getenv(alone) == "" {
		child := exec.CommandContext(t.Context(), testBinary(t), "-test.run=^TestConnectWithoutAnEngine$")
		child.Env = append(os.Environ(), alone+"=yes", "DOCKER_HOST=unix:///no/such/engine.sock")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	_, err := Connect(t.Context())
	var none *NoEngineError
	if !errors.As(err, &none) || none.Unwrap() == nil {
		t.Fatalf("got %v, want a NoEngineError", err)
	}
	for _, want := range []string{"unix:///no/such/engine.sock", "start Docker"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %q", want, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Connect(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOnlyAProcessThatWeWouldSeeCanBeDead(t *testing.T) {
	ours := owner(os.Getpid())
	child := exec.CommandContext(t.Context(), "true")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	gone := ours
	gone.pid = child.Process.Pid
	again, elsewhere, contained := ours, gone, gone
	again.start, elsewhere.boot, contained.namespace = "1", "another-kernel", "1"
	for title, test := range map[string]struct {
		label string
		dead  bool
	}{
		"we ourselves live":                            {ours.String(), false},
		"a process that ended is dead":                 {gone.String(), true},
		"a pid that is used again is dead":             {again.String(), true},
		"another machine's cannot be told":             {elsewhere.String(), false},
		"another container's cannot be told":           {contained.String(), false},
		"an unknown kernel cannot be told":             {"/1/1/1", false},
		"what is no owner cannot be told":              {"", false},
		"what has no number as its pid cannot be told": {strings.Replace(ours.String(), fmt.Sprint(ours.pid), "x", 1), false},
	} {
		t.Run(title, func(t *testing.T) {
			if got := dead(test.label); got != test.dead {
				t.Errorf("dead(%q) = %v", test.label, got)
			}
		})
	}
}

func TestWhatHasExpired(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	of := func(deadline time.Time) map[string]string { return labels("run", "lane", "stack", deadline) }
	if expired(now)(of(now.Add(time.Second))) {
		t.Error("one before its deadline has expired")
	}
	if !expired(now)(of(now.Add(-time.Second))) {
		t.Error("one past its deadline has not")
	}
	if expired(time.Now())(of(time.Time{})) || !expired(time.Now().Add(2*lifetime))(of(time.Time{})) {
		t.Error("one without a deadline does not live for an hour")
	}
	if !expired(now)(map[string]string{runLabel: "older"}) {
		t.Error("one that cannot be read stays for ever")
	}
}

func TestWhatAnEngineSaysOfAPull(t *testing.T) {
	for words, want := range map[string]struct {
		unknown bool
		hint    string
	}{
		"manifest for x:1 not found: manifest unknown: manifest unknown":                                                   {unknown: true},
		"manifest for x:1 not found: name unknown: Unknown name":                                                           {unknown: true},
		"manifest verification failed for digest sha256:11":                                                                {unknown: true},
		"failed to resolve reference \"x:1\": x:1: not found":                                                              {unknown: true},
		"pull access denied for x, repository does not exist or may require 'docker login'":                                {hint: "docker login"},
		"Head \"https://r/v2/x/manifests/1\": unauthorized: authentication required":                                       {hint: "docker login"},
		"Get \"https://r/v2/\": dial tcp: lookup r: no such host":                                                          {hint: "check the name"},
		"Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused":                                {hint: "does not listen"},
		"Get \"https://r/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while …)": {hint: "does not answer"},
		"toomanyrequests: You have reached your pull rate limit":                                                           {hint: "mirror"},
		"no space left on device": {},
	} {
		t.Run(words, func(t *testing.T) {
			err := pullError("x:1", errors.New(words))
			if isUnknown(err) != want.unknown || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), want.hint) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLinesOfALogCanBeShown(t *testing.T) {
	long := strings.Repeat("x", lineRunes+1)
	got := printable("plain\ttab\r\n\x1b[31mred\x00\n\xff\n\n" + long + "\nlast")
	want := []string{"plain\ttab", `\x1b[31mred\x00`, "\uFFFD", "", long[1:] + " ...", "last"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if got := last([]string{"said", " ", ""}); got != "said" {
		t.Errorf("last line %q", got)
	}
	if got := last(nil); got != "(it wrote none)" {
		t.Errorf("last of no lines %q", got)
	}
}

func TestErrorsOfAWaitSayWhatHappened(t *testing.T) {
	cause := errors.New("connection refused")
	late := &NotReadyError{Name: "worker", After: time.Second, Cause: cause, Log: []string{"loading"}}
	const want = "container worker runs but was not ready within 1s: connection refused; its last line: loading"
	if late.Error() != want || !errors.Is(late, cause) {
		t.Errorf("got %s", late)
	}
	exit := &ExitError{Name: "worker", OOM: true}
	if want := "container worker ran out of memory before it was ready; its last line: (it wrote none)"; exit.Error() != want {
		t.Errorf("got %s", exit)
	}
}

func TestARemovalIsRepeatedWhileTheEngineIsAtIt(t *testing.T) {
	remove := func(answers ...error) (int, error) {
		asked := 0
		err := untilGone(t.Context(), "id", func(context.Context, string) error {
			asked++
			return answers[min(asked, len(answers))-1]
		})
		return asked, err
	}
	t.Run("until it is gone", func(t *testing.T) {
		asked, err := remove(errdefs.ErrConflict, errdefs.ErrPermissionDenied, errdefs.ErrNotFound)
		if asked != 3 || err != nil {
			t.Errorf("asked %d times, %v", asked, err)
		}
	})
	t.Run("other errors end it", func(t *testing.T) {
		if asked, err := remove(errdefs.ErrInternal); asked != 1 || !errors.Is(err, errdefs.ErrInternal) {
			t.Errorf("asked %d times, %v", asked, err)
		}
	})
	t.Run("the end of the context ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := untilGone(ctx, "id", func(context.Context, string) error { return errdefs.ErrConflict })
		if !errors.Is(err, errdefs.ErrConflict) {
			t.Errorf("got %v", err)
		}
	})
}
