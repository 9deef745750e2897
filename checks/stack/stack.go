package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/moby/moby/client"
)

// Spec is what all containers of a stack have in common.
type Spec struct {
	Run  string // id of the run
	Lane string
	// Deadline is when a later run may sweep the stack; zero: in an hour.
	Deadline time.Time
	// Memory in bytes and Pids limit each container; 0: 2 GiB and 1,024.
	Memory, Pids int64
}

// Stack is a set of containers on two networks of its own. Its methods are
// safe for concurrent use.
type Stack struct {
	engine *Engine
	spec   Spec
	labels map[string]string
	// internal has no way out; everything stands in it. The broker stands in
	// outer too: its module waits for a mapped port, which internal networks lack.
	internal, outer segment
	closed          atomic.Bool
}

type segment struct{ id, name string } // the zero value: not created

// closeLimit is how long Close may take: what cancels a job on GitHub kills it
// about 10 s after the first signal.
const closeLimit = 7 * time.Second

// createLimit bounds one call that creates something, which is not interrupted.
const createLimit = 30 * time.Second

var errClosed = errors.New("the stack is closed")

// Start makes the two networks of a stack. Close takes the stack away; Start
// itself leaves nothing where it fails. Any error is infrastructure's.
func (e *Engine) Start(ctx context.Context, spec Spec) (*Stack, error) {
	if spec.Memory == 0 {
		spec.Memory = 2 << 30
	}
	if spec.Pids == 0 {
		spec.Pids = 1024
	}
	s := &Stack{engine: e, spec: spec, labels: labels(spec.Run, spec.Lane, uuid.NewString(), spec.Deadline)}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("make the networks of lane %q: %w", spec.Lane, err), s.Close(ctx))
	}
	return s, nil
}

func (s *Stack) connect(ctx context.Context) (err error) {
	if s.internal, err = s.network(ctx, client.NetworkCreateOptions{Driver: "bridge", Internal: true}); err != nil {
		return err
	}
	if s.outer, err = s.network(ctx, client.NetworkCreateOptions{Driver: "bridge"}); err != nil {
		return err
	}
	if s.engine.self == "" {
		return nil
	}
	_, err = s.engine.client.NetworkConnect(ctx, s.internal.id, client.NetworkConnectOptions{Container: s.engine.self})
	if err != nil && !sharesHostNetwork(err) {
		return fmt.Errorf("join the network from our own container: %w", err)
	}
	return nil
}

// sharesHostNetwork: a container on the host's network cannot join another
// one, and need not: the host reaches every container by its address.
func sharesHostNetwork(err error) bool {
	return strings.Contains(err.Error(), "host network") ||
		strings.Contains(err.Error(), "network namespace")
}

func (s *Stack) network(ctx context.Context, options client.NetworkCreateOptions) (segment, error) {
	options.Labels = s.labels
	name := "connectgate-" + uuid.NewString()
	created, err := uninterrupted(ctx, func(ctx context.Context) (client.NetworkCreateResult, error) {
		return s.engine.client.NetworkCreate(ctx, name, options)
	})
	if err != nil {
		return segment{}, fmt.Errorf("%w; where all address pools are in use, `connectgate clean` takes away what earlier runs left", err)
	}
	return segment{id: created.ID, name: name}, ctx.Err()
}

// uninterrupted creates something although ctx may end meanwhile: the engine
// would finish the call, and nobody would know of what it made.
func uninterrupted[T any](ctx context.Context, create func(context.Context) (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createLimit)
	defer cancel()
	return create(ctx)
}

// Close takes everything away that the stack started, the broker last, within
// 7 s, also when ctx is cancelled. It may be called at any time and again.
// After an error the labels remain, so that [Engine.Sweep] finds the rest.
func (s *Stack) Close(ctx context.Context) error {
	s.closed.Store(true)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	s.leave(ctx)
	mine := func(labels map[string]string) bool { return labels[stackLabel] == s.labels[stackLabel] }
	if _, err := s.engine.remove(ctx, mine); err != nil {
		return fmt.Errorf("close lane %q: %w", s.spec.Lane, err)
	}
	return nil
}

// leave takes our own container out of the stack's network; where it never
// was in it there is nothing to do, and where it stays the network's removal says so.
func (s *Stack) leave(ctx context.Context) {
	if s.engine.self == "" || s.internal.id == "" {
		return
	}
	_, _ = s.engine.client.NetworkDisconnect(ctx, s.internal.id, client.NetworkDisconnectOptions{
		Container: s.engine.self, Force: true,
	})
}
