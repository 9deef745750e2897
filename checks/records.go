package checks

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/connectgate/connectgate/checks/connect"
	"github.com/connectgate/connectgate/checks/record"
	"github.com/connectgate/connectgate/checks/service"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// settle is how long a connector must stay RUNNING: tasks often die a moment later.
const settle = time.Second

// formats are how the release's converters read records: its own, or the worker's.
func formats(r *release.Release) (record.Formats, error) {
	var chosen record.Formats
	for key, format := range map[string]*record.Format{
		"key.converter": &chosen.Key, "value.converter": &chosen.Value, "header.converter": &chosen.Header,
	} {
		class := converter(r, key)
		if class == "" {
			continue // Connect's default for headers; workers must name the other two
		}
		var err error
		if *format, err = record.FormatOf(class); err != nil {
			return chosen, fmt.Errorf("choose %s: %w", key, err)
		}
	}
	return chosen, nil
}

func converter(r *release.Release, key string) string {
	if class := r.Config[key]; class != "" || r.Runtime == nil {
		return class
	}
	return string(r.Runtime.Spec.Worker[key])
}

// moveRecords gives the connector the samples and waits until it has committed
// them all with every task RUNNING.
func (l *lane) moveRecords(ctx context.Context) error {
	records, err := l.records()
	if err != nil {
		return err
	}
	if err := record.Produce(ctx, l.client, records); err != nil {
		return fmt.Errorf("produce samples: %w", err)
	}
	if err := l.await(ctx); err != nil {
		return err
	}
	l.leg.Records = len(l.samples)
	return nil
}

// records are the samples and after them, where one is possible, a sentinel on
// each topic: a last record that survives, so that the committed offset reaches
// the end even where a transform drops the last sample.
func (l *lane) records() ([]*kgo.Record, error) {
	as, err := formats(l.side.Release)
	if err != nil {
		return nil, l.fail(scorecard.ConfigurationFailure, "/config", err.Error(), nil)
	}
	l.leg.Sentinels = map[string]bool{}
	samples := slices.Clone(l.samples)
	key := l.side.Release.Spec.Contract.Key
	for _, topic := range inputTopics(l.side.Release) {
		onTopic := slices.DeleteFunc(slices.Clone(l.samples), func(s record.Sample) bool { return s.Topic != topic })
		sentinel, possible := record.Sentinel(onTopic, key)
		if !possible {
			continue
		}
		if identity, named := sentinel.Identity(key); named {
			l.leg.Sentinels[identity] = true
		}
		samples = append(samples, sentinel)
	}
	records := make([]*kgo.Record, 0, len(samples))
	for _, sample := range samples {
		encoded, err := sample.Record(as)
		if err != nil {
			failed := l.fail(scorecard.ConfigurationFailure, "", err.Error(), nil)
			failed.Position = scorecard.Position{File: sample.File, Line: sample.Line}
			return nil, failed
		}
		records = append(records, encoded)
	}
	return records, nil
}

// await waits until the committed offsets have reached the end of every topic and
// the connector has been RUNNING on this very worker for the settle time.
func (l *lane) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(l.Config.Limits.Worker), errLate)
	defer cancel()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var since time.Time
	for {
		running, err := l.running(ctx)
		if err != nil {
			return err
		}
		if !running {
			since = time.Time{}
		} else if since.IsZero() {
			since = time.Now()
		}
		if running && time.Since(since) >= settle {
			done, err := record.Committed(ctx, l.client, "connect-"+ConnectorName(l.side.Release), inputTopics(l.side.Release))
			if err == nil && done {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return l.late(ctx, running)
		case <-ticker.C:
		}
	}
}

// errLate is the cause of a wait that ran into its own limit.
var errLate = errors.New("the limit was reached (limits.worker)")

func (l *lane) late(ctx context.Context, running bool) error {
	if !errors.Is(context.Cause(ctx), errLate) {
		return context.Cause(ctx)
	}
	message := "the connector did not reach RUNNING"
	if running {
		message = "the connector is RUNNING but does not commit the offsets of all samples"
	}
	return l.fail(scorecard.RuntimeFailure, "", fmt.Sprintf("%s within %s (limits.worker)", message, time.Duration(l.Config.Limits.Worker)), nil)
}

// running asks for the connector's state. A FAILED connector or task, or a worker
// that ended, is the version's failure.
func (l *lane) running(ctx context.Context) (bool, error) {
	status, err := l.rest.Status(ctx, ConnectorName(l.side.Release))
	if err != nil {
		return false, l.gone(ctx, err)
	}
	if what, trace, failed := status.Failed(); failed {
		return false, l.fail(scorecard.RuntimeFailure, "", fmt.Sprintf("%s is FAILED: %s", what, connect.Cause(trace)), connect.Shorten(trace, 20))
	}
	return status.AllRunning(fmt.Sprintf("worker-%s:%d", l.side.Name, workerPort)), nil
}

// gone says why the worker no longer answers; while it still runs it is asked again.
func (l *lane) gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the wait that asks says why it ended
	}
	state, stateErr := l.worker.State(ctx)
	if stateErr != nil {
		return fmt.Errorf("ask for the connector's state: %w", errors.Join(err, stateErr))
	}
	if state.Running {
		return nil
	}
	log, logErr := l.worker.Log(ctx, 200)
	return errors.Join(l.workerFailure(&stack.ExitError{Name: "worker", Code: state.ExitCode, OOM: state.OOMKilled, Log: log}), logErr)
}

// readBack reads everything at the destinations, outside Connect: what the
// manifests capture, and every other table, declared or not.
func (l *lane) readBack(ctx context.Context) error {
	for _, capture := range l.captures {
		if err := l.capture(ctx, capture); err != nil {
			return err
		}
	}
	for _, database := range l.databases {
		tables, err := database.Tables(ctx)
		if err != nil {
			return fmt.Errorf("read tables: %w", err)
		}
		l.leg.Tables = append(l.leg.Tables, slices.DeleteFunc(tables, l.captured)...)
	}
	dead := l.side.Release.Config["errors.deadletterqueue.topic.name"]
	if dead == "" {
		return nil
	}
	var err error
	l.leg.DeadLetters, err = record.DeadLetters(ctx, l.client, dead)
	return err
}

// capture is what one version's manifest reads back. Both legs run both versions'.
type capture struct {
	release.Capture
	side string // whose manifest it is from
	name string
}

// captures are base's and head's, once where they are the same.
func captures(sides []Side) []capture {
	var result []capture
	for _, side := range sides {
		declared := side.Release.Spec.Trial.Capture
		if declared == nil || slices.ContainsFunc(result, func(c capture) bool { return c.Capture == *declared }) {
			continue
		}
		name := "capture"
		if destination := side.Release.Spec.Destination; destination != nil && destination.Target != "" {
			name = destination.Target
		}
		if len(result) > 0 {
			name += " (as " + side.Name + " captures it)"
		}
		result = append(result, capture{*declared, side.Name, name})
	}
	return result
}

// capture runs one. A failure of the other version's is a difference, not the
// end: the destination may have changed on purpose.
func (l *lane) capture(ctx context.Context, capture capture) error {
	database, known := l.databases[capture.Service]
	if !known {
		return l.fail(scorecard.ConfigurationFailure, "/spec/trial/capture/service",
			fmt.Sprintf("there is no service %q in spec.trial.services", capture.Service), nil)
	}
	table, err := database.Query(ctx, capture.SQL)
	refused, isRefused := errors.AsType[*service.ScriptError](err)
	switch {
	case isRefused && capture.side == l.side.Name:
		return l.fail(scorecard.ConfigurationFailure, "/spec/trial/capture/sql", refused.Message, nil)
	case err != nil && !isRefused:
		return fmt.Errorf("capture %s: %w", capture.name, err)
	case isRefused:
		l.leg.Unreadable[capture.name] = release.Redact(err.Error())
	default:
		table.Name = capture.name
		l.leg.Captured = append(l.leg.Captured, table)
	}
	return nil
}

// captured says whether a capture's SQL names a table; it is then compared as captured.
func (l *lane) captured(table service.Table) bool {
	bare := regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(table.Name[strings.LastIndexByte(table.Name, '.')+1:]) + `\b`)
	return slices.ContainsFunc(l.captures, func(c capture) bool { return bare.MatchString(c.SQL) })
}
