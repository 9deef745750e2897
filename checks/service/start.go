package service

import (
	"context"
	"fmt"
	"maps"
	"net"
	"strings"
	"time"

	"github.com/connectgate/connectgate/checks/stack"
)

// Start starts a database in the stack, waits until it answers its own protocol, and runs
// the init scripts. It returns *stack.ExitError where the container ends before that, and
// *ScriptError where the database refuses a script; both say that the release is wrong.
func Start(ctx context.Context, in *stack.Stack, spec Spec) (*Database, error) {
	system, err := systemOf(spec.System.System)
	if err != nil {
		return nil, fmt.Errorf("start database %s: %w", spec.Name, err)
	}
	env := environment(spec)
	open := func(ctx context.Context, container *stack.Container) (session, error) {
		dial := func(ctx context.Context) (net.Conn, error) { return container.Dial(ctx, system.port) }
		return system.connect(ctx, dial, env)
	}
	container, err := in.Run(ctx, stack.ContainerSpec{
		Name: spec.Name, Image: spec.Image, Env: spec.Env, ChangesUser: true, Timeout: timeout(spec),
		Ready: func(ctx context.Context, container *stack.Container) error {
			session, err := open(ctx, container)
			if err != nil {
				return err
			}
			session.close(ctx)
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("start database %s: %w", spec.Name, err)
	}
	database := &Database{container: container, open: func(ctx context.Context) (session, error) { return open(ctx, container) }}
	if err := database.initialise(ctx, spec.Init); err != nil {
		return nil, fmt.Errorf("start database %s: %w", spec.Name, err)
	}
	return database, nil
}

func timeout(spec Spec) time.Duration {
	if spec.Timeout == 0 {
		return time.Minute
	}
	return spec.Timeout
}

// initialise runs each script in a session of its own, so that settings do not leak.
func (d *Database) initialise(ctx context.Context, scripts []Script) error {
	for _, script := range scripts {
		session, err := d.open(ctx)
		if err != nil {
			return err
		}
		err = session.run(ctx, script)
		session.close(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// environment is what the container sees: the image's, replaced by the manifest's.
func environment(spec Spec) map[string]string {
	env := map[string]string{}
	for _, entry := range spec.Image.Env {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	maps.Copy(env, spec.Env)
	return env
}
