package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// ExitError says that a container ended before it was ready.
type ExitError struct {
	Name string
	Code int
	// OOM says that it went over its memory limit.
	OOM bool
	// Log are its last lines, at most 200, control characters escaped. What
	// looks like a secret is not masked in them.
	Log []string
}

// Error names the container, its status and its last line.
func (e *ExitError) Error() string {
	reason := fmt.Sprintf("ended with status %d", e.Code)
	if e.OOM {
		reason = "ran out of memory"
	}
	return fmt.Sprintf("container %s %s before it was ready; its last line: %s", e.Name, reason, last(e.Log))
}

// NotReadyError says that a container still ran when the time to wait for it was over.
type NotReadyError struct {
	Name  string
	After time.Duration
	// Cause is what the last look at it said; nil: none came to an end.
	Cause error
	Log   []string // as in ExitError
}

// Error names the container, the time and what the last look at it said.
func (e *NotReadyError) Error() string {
	return fmt.Sprintf("container %s runs but was not ready within %s: %v; its last line: %s", e.Name, e.After, e.Cause, last(e.Log))
}

// Unwrap is what the last look at it said.
func (e *NotReadyError) Unwrap() error { return e.Cause }

// logLines is how many lines an error keeps.
const logLines = 200

var errEnded = errors.New("the container ended")

// wait asks ready until it is content. An ended container stops the wait at once.
func (c *Container) wait(ctx context.Context, ready func(context.Context, *Container) error, limit time.Duration) error {
	if limit == 0 {
		limit = 90 * time.Second
	}
	if ready == nil {
		return nil
	}
	waiting, stop := context.WithTimeout(ctx, limit)
	defer stop()
	alive := c.alive(waiting)
	var cause error
	for pause := 100 * time.Millisecond; ; pause = min(pause*3/2, 500*time.Millisecond) {
		err := ready(alive, c)
		if err == nil {
			return nil
		}
		if alive.Err() == nil {
			cause = err
		}
		select {
		case <-alive.Done():
			return c.notReady(ctx, alive, limit, cause)
		case <-time.After(pause):
		}
	}
}

// alive is a context that ends with the container.
func (c *Container) alive(ctx context.Context) context.Context {
	alive, end := context.WithCancelCause(ctx)
	ended := c.engine.client.ContainerWait(ctx, c.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	go func() {
		select {
		case <-ended.Result:
			end(errEnded)
		case err := <-ended.Error:
			end(fmt.Errorf("watch container %s: %w", c.Name, err))
		}
	}()
	return alive
}

// notReady says why a wait is over.
func (c *Container) notReady(ctx, alive context.Context, limit time.Duration, cause error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	log, err := c.Log(ctx, logLines)
	if err != nil {
		return err
	}
	why := context.Cause(alive)
	switch {
	case errors.Is(why, errEnded):
		return c.exit(ctx, log)
	case errors.Is(why, context.DeadlineExceeded):
		return &NotReadyError{Name: c.Name, After: limit, Cause: cause, Log: log}
	default:
		return why
	}
}

func (c *Container) exit(ctx context.Context, log []string) error {
	state, err := c.State(ctx)
	if err != nil {
		return err
	}
	return &ExitError{Name: c.Name, Code: state.ExitCode, OOM: state.OOMKilled, Log: log}
}
