package checks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/connectgate/connectgate/checks/connect"
	"github.com/connectgate/connectgate/checks/record"
	"github.com/connectgate/connectgate/checks/service"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Leg is what one version did with the samples: data alone.
type Leg struct {
	Side string
	// Failure is set where this version did not get through; what follows it is
	// then as far as it got.
	Failure *scorecard.Failure
	Worker  connect.Info
	Plugin  string // version of the connector's plugin as loaded
	// Invalid are validation errors, by key.
	Invalid []connect.ConfigError
	Records int // samples that the connector was given and committed
	// Captured is what spec.trial.capture reads; Tables is everything else at the
	// destinations, declared or not.
	Captured, Tables []service.Table
	// Unreadable says of the other version's capture why it cannot be read here.
	Unreadable  map[string]string
	DeadLetters []record.Dead
	// Sentinels are the identities of records that only mark the end.
	Sentinels   map[string]bool
	Subjects    []scorecard.Subject
	Phases      []scorecard.Phase
	Alterations []string
}

// lane is the running side of a leg: a broker, services and a worker of its own,
// so that names, topics, groups and addresses stay as in production.
type lane struct {
	*Runner
	leg       *Leg
	side      Side
	admitted  Admitted
	samples   []record.Sample
	captures  []capture
	stack     *stack.Stack
	broker    *stack.Broker
	client    *kgo.Client
	databases map[string]*service.Database
	worker    *stack.Container
	rest      *connect.Client
	config    map[string]string // as the trial submits it
}

// run runs a leg to its end and takes everything away. What is wrong with the
// version goes into leg.Failure; the error is infrastructure's.
func (l *lane) run(ctx context.Context) (err error) {
	r, side := l.Runner, l.side
	*l.leg = Leg{Side: side.Name, Subjects: l.admitted.subjects(side.Name), Unreadable: map[string]string{}}
	name := map[string]string{"base": "upgrade", "head": "fresh"}[side.Name]
	l.stack, err = r.Engine.Start(ctx, stack.Spec{
		Run: r.ID, Lane: name, Deadline: r.Deadline, Memory: int64(r.Config.Limits.Memory), Pids: int64(r.Config.Limits.Pids),
	})
	if err != nil {
		return fmt.Errorf("start lane %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, l.close(ctx)) }()
	steps := []struct {
		phase string
		run   func(context.Context) error
	}{
		{"broker", l.startBroker},
		{"services", l.startServices},
		{"worker", l.startWorker},
		{"connector", l.startConnector},
		{"records", l.moveRecords},
		{"read back", l.readBack},
	}
	for _, step := range steps {
		if err := l.timed(ctx, step.phase, step.run); err != nil {
			return l.settle(err)
		}
	}
	return nil
}

// settle keeps a failure of the version in the leg and passes other errors on.
func (l *lane) settle(err error) error {
	if failed, ok := errors.AsType[*failure](err); ok {
		l.leg.Failure = &failed.Failure
		return nil
	}
	return err
}

func (l *lane) timed(ctx context.Context, phase string, run func(context.Context) error) error {
	name := l.side.Name + ": " + phase
	defer l.Phase(name)()
	begin := time.Now()
	err := run(ctx)
	l.leg.Phases = append(l.leg.Phases, scorecard.Phase{Name: name, Duration: time.Since(begin)})
	return err
}

func (l *lane) close(ctx context.Context) error {
	if l.client != nil {
		l.client.Close()
	}
	return l.stack.Close(context.WithoutCancel(ctx))
}

func (l *lane) startBroker(ctx context.Context) (err error) {
	layout := stack.BrokerLayout{Run: l.admitted.BrokerIn.BrokerRun}
	if l.broker, err = l.stack.Broker(ctx, l.admitted.Broker, layout); err != nil {
		return fmt.Errorf("start broker: %w", err)
	}
	if l.client, err = l.broker.Client(); err != nil {
		return fmt.Errorf("connect to broker: %w", err)
	}
	topics := inputTopics(l.side.Release)
	if dead := l.side.Release.Config["errors.deadletterqueue.topic.name"]; dead != "" {
		topics = append(topics, dead)
	}
	return record.CreateTopics(ctx, l.client, topics, 1)
}

func (l *lane) startServices(ctx context.Context) error {
	l.databases = map[string]*service.Database{}
	spec := l.side.Release.Spec
	for name, image := range l.admitted.Services {
		declared := spec.Trial.Services[name]
		scripts, err := l.scripts(name, declared)
		if err != nil {
			return err
		}
		env := make(map[string]string, len(declared.Env))
		for key, value := range declared.Env {
			env[key] = string(value)
		}
		var system release.System
		if spec.Destination != nil {
			system = *spec.Destination
		}
		database, err := service.Start(ctx, l.stack, service.Spec{
			Name: name, Image: image, Env: env, Init: scripts, System: system, Timeout: time.Duration(l.Config.Limits.Worker),
		})
		if err != nil {
			return l.serviceFailure(name, err)
		}
		l.databases[name] = database
	}
	return nil
}

// scripts reads the init files of a service from the tree.
func (l *lane) scripts(name string, declared release.Service) ([]service.Script, error) {
	var scripts []service.Script
	for i, file := range declared.Init {
		path, err := l.side.Release.Path(file)
		if err == nil {
			var text []byte
			if text, err = fs.ReadFile(l.side.Tree, path); err == nil {
				scripts = append(scripts, service.Script{Name: path, SQL: string(text)})
				continue
			}
		}
		return nil, l.fail(scorecard.ConfigurationFailure, fmt.Sprintf("/spec/trial/services/%s/init/%d", name, i), err.Error(), nil)
	}
	return scripts, nil
}

// serviceFailure tells a wrong init script from a service that does not come up.
func (l *lane) serviceFailure(name string, err error) error {
	if script, ok := errors.AsType[*service.ScriptError](err); ok {
		failed := l.fail(scorecard.ConfigurationFailure, "", script.Error(), nil)
		failed.Position = scorecard.Position{File: script.File, Line: script.Line}
		return failed
	}
	return fmt.Errorf("start service %s: %w", name, err)
}

// fail makes a failure of this side's version; message and log are redacted here.
func (l *lane) fail(class scorecard.FailureClass, pointer, message string, log []string) *failure {
	const lines = 20
	log = log[max(0, len(log)-lines):]
	redacted := make([]string, len(log))
	for i, line := range log {
		redacted[i] = release.Redact(line)
	}
	return &failure{scorecard.Failure{
		Side: l.side.Name, Class: class, Pointer: pointer, Message: release.Redact(message), Log: redacted,
	}}
}
