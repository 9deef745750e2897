package checks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/connectgate/connectgate/checks/connect"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/checks/worker"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// workerPort is where Connect's REST API listens.
const workerPort = 8083

// poll is how often a wait looks again.
const poll = 200 * time.Millisecond

// startWorker starts the image's own worker with the release's plugins beside
// those that the image brings.
func (l *lane) startWorker(ctx context.Context) error {
	settings, err := l.settings()
	if err != nil {
		return err
	}
	layout := l.admitted.Layout
	l.leg.Alterations = append(l.leg.Alterations, layout.Differs(settings)...)
	if stale := l.admitted.Worker.Stale; stale != "" {
		l.leg.Alterations = append(l.leg.Alterations, "worker image as this machine has it: "+release.Redact(stale))
	}
	files, err := l.files(layout.Properties(settings))
	if err != nil {
		return err
	}
	l.worker, err = l.stack.Run(ctx, stack.ContainerSpec{
		Name: settings.Name, Image: l.admitted.Worker, Entrypoint: layout.Command(), Env: layout.Env(), Files: files,
		Timeout: time.Duration(l.Config.Limits.Worker),
		Ready: func(ctx context.Context, container *stack.Container) error {
			return connect.New(l.address(settings.Name), container.HTTPClient()).Ready(ctx)
		},
	})
	if err != nil {
		return l.workerFailure(err)
	}
	l.rest = connect.New(l.address(settings.Name), l.worker.HTTPClient())
	l.leg.Worker, err = l.rest.Worker(ctx)
	return err
}

func (l *lane) address(host string) string { return fmt.Sprintf("http://%s:%d", host, workerPort) }

// settings are what the worker is told; its name differs by side, so that a
// status never shows another worker's state.
func (l *lane) settings() (worker.Settings, error) {
	runtime := l.side.Release.Runtime.Spec
	properties := make(map[string]string, len(runtime.Worker))
	for key, value := range runtime.Worker {
		answered, _, err := answer(string(value), l.side.Release.Spec.Trial.Secrets)
		if err != nil {
			unanswered := &unansweredError{Reference: err.Error()}
			return worker.Settings{}, l.fail(scorecard.ConfigurationFailure, "/runtime/worker/"+key, unanswered.Error(), nil)
		}
		properties[key] = answered
	}
	return worker.Settings{
		Name: "worker-" + l.side.Name, Bootstrap: stack.BrokerAddress, Group: runtime.Group, Runtime: properties,
	}, nil
}

// files are the worker's properties and every plugin in a folder of its own.
func (l *lane) files(properties []byte) ([]io.Reader, error) {
	files := []io.Reader{}
	file, err := stack.File(worker.PropertiesFile, properties)
	if err != nil {
		return nil, fmt.Errorf("pack worker properties: %w", err)
	}
	files = append(files, file)
	for i, archive := range l.admitted.Plugins {
		var unpacked bytes.Buffer
		if err := archive.Tar(&unpacked, worker.PluginFolder); err != nil {
			return nil, l.fail(scorecard.ArtifactFailure, fmt.Sprintf("/spec/artifact/plugins/%d", i), err.Error(), nil)
		}
		files = append(files, &unpacked)
	}
	return files, nil
}

// workerFailure tells a worker that ended by itself, which is the version's
// failure, from one that was killed from outside or never answered.
func (l *lane) workerFailure(err error) error {
	var exit *stack.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("start worker: %w", err)
	}
	const killed, terminated = 128 + 9, 128 + 15
	if !exit.OOM && (exit.Code == killed || exit.Code == terminated) {
		return fmt.Errorf("start worker: %w", err)
	}
	message := fmt.Sprintf("the worker exited with status %d: %s", exit.Code, lastCause(exit.Log))
	if exit.OOM {
		message = fmt.Sprintf("the worker ran out of memory (limits.memory %d bytes)", l.Config.Limits.Memory)
	}
	return l.fail(scorecard.RuntimeFailure, "/runtime/image", message, exit.Log)
}

// exception begins a Java exception in a log.
var exception = regexp.MustCompile(`^(?:Caused by: )?[\w$]+(?:\.[\w$]+)+(?:Exception|Error)\b`)

// lastCause is the log line that most likely explains an exit: the last exception,
// or else the last error, or else the last line.
func lastCause(log []string) string {
	for _, explains := range []func(string) bool{
		exception.MatchString,
		func(line string) bool { return strings.Contains(line, "ERROR") },
		func(line string) bool { return strings.TrimSpace(line) != "" },
	} {
		for _, line := range slices.Backward(log) {
			if explains(line) {
				return strings.TrimSpace(line)
			}
		}
	}
	return "it logged nothing"
}

// startConnector checks that the class is there, validates the configuration and
// submits it. Errors of validation end the leg: Connect would refuse it as well.
func (l *lane) startConnector(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(l.Config.Limits.Worker), errLate)
	defer cancel()
	config, alterations, err := trialConfig(l.side.Release)
	if unanswered, ok := errors.AsType[*unansweredError](err); ok {
		return l.fail(scorecard.ConfigurationFailure, unanswered.Pointer, err.Error(), nil)
	}
	l.config = config
	l.leg.Alterations = append(l.leg.Alterations, alterations...)
	if err := l.findPlugin(ctx); err != nil {
		return err
	}
	validation, err := l.rest.Validate(ctx, l.side.Release.Class, config)
	if err != nil {
		return l.refused("validate the configuration", err)
	}
	if l.leg.Invalid = validation.Errors; len(validation.Errors) > 0 {
		first := validation.Errors[0]
		return l.fail(scorecard.ConfigurationFailure, "/config/"+first.Key,
			fmt.Sprintf("validation answers %d errors; %s: %s", len(validation.Errors), first.Key, first.Message), nil)
	}
	if err := l.rest.Put(ctx, ConnectorName(l.side.Release), config); err != nil {
		return l.refused("create the connector", err)
	}
	return nil
}

// findPlugin fails where no installed plugin has the connector's class.
func (l *lane) findPlugin(ctx context.Context) error {
	plugins, err := l.rest.Plugins(ctx)
	if err != nil {
		return fmt.Errorf("list plugins: %w", err)
	}
	class := l.side.Release.Class
	var found []string
	for _, plugin := range plugins {
		if isClass(plugin.Class, class) {
			l.leg.Plugin = plugin.Version
			return nil
		}
		if plugin.Type == "sink" || plugin.Type == "source" {
			found = append(found, plugin.Class)
		}
	}
	message := fmt.Sprintf("no installed plugin has the class %s; the worker found %s", class, strings.Join(found, ", "))
	return l.fail(scorecard.ArtifactFailure, "/spec/artifact", message, nil)
}

// isClass knows that Connect also takes a class by its simple name, with or
// without the word Connector at its end.
func isClass(full, name string) bool {
	simple := full[strings.LastIndexByte(full, '.')+1:]
	return full == name || simple == name || strings.TrimSuffix(simple, "Connector") == name
}

// refused tells an answer of the worker, which is the version's doing, from a
// worker that could not be asked.
func (l *lane) refused(what string, err error) error {
	if api, ok := errors.AsType[*connect.APIError](err); ok {
		return l.fail(scorecard.ConfigurationFailure, "/config", fmt.Sprintf("%s: the worker answers %d: %s", what, api.Status, api.Message), nil)
	}
	return fmt.Errorf("%s: %w", what, err)
}
