package worker

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// family is one way in which images carry Kafka. Paths are absolute.
type family struct {
	name     string
	launcher string // connect-distributed; what decides together with mark
	libs     string
	// mark is a variable which images of this family set and others with the
	// same launcher do not; empty: the launcher alone decides.
	mark string
	// broker is the script that runs a broker; empty: such images do not have one.
	broker string
	// pluginsFrom is a variable with the plugin folders, separated by commas;
	// plugins are those where it is not set.
	pluginsFrom string
	plugins     []string
	env         map[string]string // what the entrypoint, which is passed by, would set
}

// families are the known ones, special before general.
func families() []family {
	return []family{
		{
			name: "Strimzi", mark: "STRIMZI_VERSION",
			launcher: "/opt/kafka/bin/connect-distributed.sh", libs: "/opt/kafka/libs",
			plugins: []string{"/opt/kafka/plugins"},
		},
		{
			name: "Debezium", launcher: "/kafka/bin/connect-distributed.sh", libs: "/kafka/libs",
			pluginsFrom: "KAFKA_CONNECT_PLUGINS_DIR", plugins: []string{"/kafka/connect"},
		},
		{
			name: "AutoMQ", launcher: "/opt/automq/kafka/bin/connect-distributed.sh", libs: "/opt/automq/kafka/libs",
		},
		{
			name: "Bitnami", launcher: "/opt/bitnami/kafka/bin/connect-distributed.sh", libs: "/opt/bitnami/kafka/libs",
		},
		{
			name: "Confluent", launcher: "/usr/bin/connect-distributed", libs: "/usr/share/java/kafka",
			broker:      "/etc/confluent/docker/run",
			pluginsFrom: "CONNECT_PLUGIN_PATH",
			plugins:     []string{"/usr/share/java", "/usr/share/confluent-hub-components"},
			env:         map[string]string{"CLASSPATH": "/etc/kafka-connect/jars/*"},
		},
		{
			name: "Apache Kafka", launcher: "/opt/kafka/bin/connect-distributed.sh", libs: "/opt/kafka/libs",
			broker: "/etc/kafka/docker/run",
		},
		{
			// A broker compiled ahead of time, without a JVM to run Connect on.
			name: "Apache Kafka native", launcher: "/opt/kafka/kafka.Kafka", broker: "/etc/kafka/docker/run",
		},
	}
}

// detect is the layout of an image of this family; false: it is of another one.
func (f family) detect(in image) (Layout, bool, error) {
	if _, marked := in.env[f.mark]; f.mark != "" && !marked {
		return Layout{}, false, nil
	}
	if found, err := in.has(f.launcher); err != nil || !found {
		return Layout{}, false, err
	}
	layout := Layout{Family: f.name, env: f.env}
	var errs [3]error
	layout.BrokerRun, errs[0] = f.brokerRun(in)
	if f.libs == "" {
		return layout, true, errs[0]
	}
	layout.Launcher, layout.Libs = f.launcher, f.libs
	layout.PluginPath, errs[1] = f.pluginPath(in)
	layout.KafkaVersion, errs[2] = kafkaVersion(in, f.libs)
	return layout, true, errors.Join(errs[:]...)
}

// brokerRun is the broker's script, where the image has it. Confluent's images
// have one script for all components, and say in COMPONENT which one it runs.
func (f family) brokerRun(in image) (string, error) {
	if component := in.env["COMPONENT"]; f.broker == "" || component != "" && component != "kafka" {
		return "", nil
	}
	if found, err := in.has(f.broker); err != nil || !found {
		return "", err
	}
	return f.broker, nil
}

func (f family) pluginPath(in image) ([]string, error) {
	stated := f.plugins
	if value := in.env[f.pluginsFrom]; value != "" {
		stated = folders(value)
	}
	existing := []string{}
	for _, folder := range stated {
		found, err := in.has(folder)
		if err != nil {
			return nil, err
		}
		if found {
			existing = append(existing, folder)
		}
	}
	return existing, nil
}

// folders splits a plugin path.
func folders(pluginPath string) []string {
	list := []string{}
	for folder := range strings.SplitSeq(pluginPath, ",") {
		if folder = strings.TrimSpace(folder); folder != "" {
			list = append(list, folder)
		}
	}
	return list
}

var runtimeJar = regexp.MustCompile(`^connect-runtime-(\d+)\.(\d+)\.(\d+)([.-].*)?\.jar$`)

// kafkaVersion reads the version that the name of connect-runtime's jar has.
func kafkaVersion(in image, libs string) (string, error) {
	folder, err := in.files.Open(relative(libs))
	if err != nil {
		return "", fmt.Errorf("list Kafka's jars: %w", err)
	}
	version, err := versionIn(folder, libs)
	return version, errors.Join(err, folder.Close())
}

// versionIn reads no more of a folder than it needs: one in an image comes as a
// stream of all its jars.
func versionIn(folder fs.File, libs string) (string, error) {
	jars, ok := folder.(fs.ReadDirFile)
	if !ok {
		return "", fmt.Errorf("list Kafka's jars: %s is no folder", libs)
	}
	for {
		next, err := jars.ReadDir(1)
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("list Kafka's jars: no connect-runtime-<version>.jar in %s", libs)
		}
		if err != nil {
			return "", fmt.Errorf("list Kafka's jars: %w", err)
		}
		if match := runtimeJar.FindStringSubmatch(next[0].Name()); match != nil {
			return apacheVersion(match)
		}
	}
}

// apacheVersion is the version that Apache Kafka has. Confluent counts its own,
// and marks its jars with -ccs or -ce: 7.6 is Kafka 3.6, 8.0 is Kafka 4.0.
func apacheVersion(match []string) (string, error) {
	major, err := strconv.Atoi(match[1])
	if err != nil {
		return "", fmt.Errorf("read version of %s: %w", match[0], err)
	}
	if strings.HasPrefix(match[4], "-c") {
		return fmt.Sprintf("%d.%s", major-4, match[2]), nil
	}
	return fmt.Sprintf("%d.%s.%s", major, match[2], match[3]), nil
}
