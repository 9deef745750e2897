// Package worker knows where Kafka Connect lies in the images that people run,
// and writes the properties and options with which a trial starts a worker in
// them. It reads files and starts nothing.
package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Where a trial puts what it adds to an image.
const (
	PluginFolder   = "/connectgate/plugins"
	PropertiesFile = "/connectgate/worker.properties"
)

// Layout is where Kafka and Kafka Connect lie in an image.
type Layout struct {
	Family string // name of the image family, such as "Strimzi"
	// Launcher starts a distributed worker; empty: the image cannot run Connect.
	Launcher string
	Libs     string // folder of Kafka's jars; empty with Launcher
	// KafkaVersion is that of connect-runtime, as Apache Kafka counts: 3.9.1, or
	// 3.9 where the jar carries a vendor's number. Empty: the image cannot run Connect.
	KafkaVersion string
	// BrokerRun is the script that runs a broker from KAFKA_* variables; empty:
	// the image cannot run one.
	BrokerRun string
	// PluginPath are the image's own plugin folders, in order.
	PluginPath []string

	env map[string]string // what the family's entrypoint would have set
}

// UnknownFamilyError says that Connect is nowhere where the known image
// families have it: a finding about the runtime.
type UnknownFamilyError struct {
	Looked []string // launchers that were looked for
}

// Error names the launchers that were looked for.
func (e *UnknownFamilyError) Error() string {
	return fmt.Sprintf("the image is of no known Kafka family: it has none of %s; use an image that has one of them",
		strings.Join(e.Looked, ", "))
}

// Detect finds the layout of an image in its files (paths from the root) and
// its environment (NAME=value). An image that runs a broker but no worker is no
// error. The error is an *UnknownFamilyError where nothing is found, and else
// that of the files.
func Detect(files fs.FS, env []string) (Layout, error) {
	in := image{files: files, env: variables(env)}
	looked := []string{}
	for _, family := range families() {
		layout, found, err := family.detect(in)
		if err != nil {
			return Layout{}, fmt.Errorf("look for %s in the image: %w", family.name, err)
		}
		if found {
			return layout, nil
		}
		if !slices.Contains(looked, family.launcher) {
			looked = append(looked, family.launcher)
		}
	}
	return Layout{}, &UnknownFamilyError{Looked: looked}
}

// Command starts the worker with PropertiesFile. It goes past the image's
// entrypoint, whose ways to configure a worker differ and lose values.
func (l Layout) Command() []string { return []string{l.Launcher, PropertiesFile} }

// image is what Detect looks at.
type image struct {
	files fs.FS
	env   map[string]string
}

func variables(env []string) map[string]string {
	values := make(map[string]string, len(env))
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	return values
}

func (i image) has(absolute string) (bool, error) {
	_, err := fs.Stat(i.files, relative(absolute))
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, err
	}
}

// relative makes of an absolute path one that fs.FS accepts.
func relative(absolute string) string { return strings.TrimPrefix(path.Clean(absolute), "/") }
