// Package stack runs containers for trials: a broker, workers and services on
// networks of their own, reached by address and taken away whole. It is the
// only package that knows containers; what runs in them it does not know.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/google/uuid"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// Engine is a container engine that answered. It is safe for concurrent use.
type Engine struct {
	client *client.Client
	// self is the container that this process runs in; empty: none, or the
	// engine does not know it.
	self string
}

// NoEngineError says that no container engine answers: the environment cannot
// run trials.
type NoEngineError struct {
	Tried string // the address that was asked
	Cause error
}

// Error names the address and how to get an engine.
func (e *NoEngineError) Error() string {
	return fmt.Sprintf("no container engine answers at %s: %v; start Docker, point DOCKER_HOST at an engine, or run without trials",
		e.Tried, e.Cause)
}

// Unwrap is the engine client's own error.
func (e *NoEngineError) Unwrap() error { return e.Cause }

// Connect finds the engine as the docker command does (DOCKER_HOST, the current
// context, the usual sockets) and asks whether it answers. The error is a
// *NoEngineError where none does.
//
// testcontainers reads its configuration once a process, so what Connect sets
// in the environment must be in force before anything else calls that library,
// and holds until the process ends: TESTCONTAINERS_RYUK_DISABLED (we sweep by
// our own labels), TESTCONTAINERS_SESSION_ID (its default is the same in every
// container) and, unless set, TESTCONTAINERS_HOST_OVERRIDE (no container but
// the broker has a mapped port, and nobody uses that one).
func Connect(ctx context.Context) (*Engine, error) {
	if err := configured(); err != nil {
		return nil, fmt.Errorf("configure testcontainers: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := stated(ctx); err != nil {
		return nil, err
	}
	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, &NoEngineError{Tried: "the current docker context and the usual sockets", Cause: err}
	}
	if _, err := docker.Ping(ctx, client.PingOptions{}); err != nil {
		return nil, errors.Join(&NoEngineError{Tried: docker.DaemonHost(), Cause: err}, docker.Close())
	}
	return &Engine{client: docker.Client, self: self(ctx, docker.Client)}, nil
}

// stated asks the engine that DOCKER_HOST names: where that one does not
// answer, testcontainers would go on to another one without a word.
func stated(ctx context.Context) error {
	host := os.Getenv(client.EnvOverrideHost)
	if host == "" {
		return nil
	}
	docker, err := client.New(client.FromEnv)
	if err != nil {
		return &NoEngineError{Tried: host, Cause: err}
	}
	if _, err := docker.Ping(ctx, client.PingOptions{}); err != nil {
		return errors.Join(&NoEngineError{Tried: host, Cause: err}, docker.Close())
	}
	return docker.Close()
}

// Close closes the connections to the engine; what runs goes on running.
func (e *Engine) Close() error { return e.client.Close() }

// configured is testcontainers' configuration of this process.
//
//nolint:gochecknoglobals // the library reads its settings once a process, so there is one of it
var configured = sync.OnceValue(func() error {
	log.SetDefault(log.NewNoopLogger())
	settings := map[string]string{
		"TESTCONTAINERS_RYUK_DISABLED": "true", "TESTCONTAINERS_SESSION_ID": uuid.NewString(),
	}
	if os.Getenv("TESTCONTAINERS_HOST_OVERRIDE") == "" {
		settings["TESTCONTAINERS_HOST_OVERRIDE"] = "localhost"
	}
	for name, value := range settings {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
})
