package worker

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tree is an image with these files and folders (those end with a slash).
func tree(paths ...string) fs.FS {
	files := fstest.MapFS{}
	for _, path := range paths {
		if folder, ok := strings.CutSuffix(path, "/"); ok {
			files[strings.TrimPrefix(folder, "/")] = &fstest.MapFile{Mode: fs.ModeDir}
			continue
		}
		files[strings.TrimPrefix(path, "/")] = &fstest.MapFile{}
	}
	return files
}

func TestAFamilyIsFoundByItsFiles(t *testing.T) {
	for title, test := range map[string]struct {
		files []string
		env   []string
		want  Layout
	}{
		"Apache Kafka": {
			files: []string{"/opt/kafka/bin/connect-distributed.sh", "/etc/kafka/docker/run", "/opt/kafka/libs/a.jar", "/opt/kafka/libs/connect-runtime-3.9.1.jar"},
			want: Layout{
				Family: "Apache Kafka", Launcher: "/opt/kafka/bin/connect-distributed.sh", Libs: "/opt/kafka/libs",
				KafkaVersion: "3.9.1", BrokerRun: "/etc/kafka/docker/run",
			},
		},
		"Apache Kafka native runs a broker and no worker": {
			files: []string{"/opt/kafka/kafka.Kafka", "/etc/kafka/docker/run"},
			want:  Layout{Family: "Apache Kafka native", BrokerRun: "/etc/kafka/docker/run"},
		},
		"Strimzi": {
			files: []string{"/opt/kafka/bin/connect-distributed.sh", "/opt/kafka/plugins/", "/opt/kafka/libs/connect-runtime-4.1.0.redhat-00003.jar"},
			env:   []string{"STRIMZI_VERSION=1.1.0"},
			want: Layout{
				Family: "Strimzi", Launcher: "/opt/kafka/bin/connect-distributed.sh", Libs: "/opt/kafka/libs",
				KafkaVersion: "4.1.0", PluginPath: []string{"/opt/kafka/plugins"},
			},
		},
		"Debezium with plugins where its variable says": {
			files: []string{"/kafka/bin/connect-distributed.sh", "/kafka/connect/", "/plugins/", "/kafka/libs/connect-runtime-3.9.0.jar"},
			env:   []string{"KAFKA_CONNECT_PLUGINS_DIR=/plugins"},
			want: Layout{
				Family: "Debezium", Launcher: "/kafka/bin/connect-distributed.sh", Libs: "/kafka/libs",
				KafkaVersion: "3.9.0", PluginPath: []string{"/plugins"},
			},
		},
		"Debezium with plugins in the usual folder": {
			files: []string{"/kafka/bin/connect-distributed.sh", "/kafka/connect/", "/kafka/libs/connect-runtime-3.9.0.jar"},
			want: Layout{
				Family: "Debezium", Launcher: "/kafka/bin/connect-distributed.sh", Libs: "/kafka/libs",
				KafkaVersion: "3.9.0", PluginPath: []string{"/kafka/connect"},
			},
		},
		"Confluent Connect, which counts its own versions and runs no broker": {
			files: []string{"/usr/bin/connect-distributed", "/etc/confluent/docker/run", "/usr/share/java/kafka/connect-runtime-7.6.1-ccs.jar"},
			env:   []string{"COMPONENT=kafka-connect", "CONNECT_PLUGIN_PATH=/usr/share/java/,/usr/share/confluent-hub-components/"},
			want: Layout{
				Family: "Confluent", Launcher: "/usr/bin/connect-distributed", Libs: "/usr/share/java/kafka",
				KafkaVersion: "3.6", PluginPath: []string{"/usr/share/java/"},
			},
		},
		"Confluent Kafka, which runs a broker": {
			files: []string{"/usr/bin/connect-distributed", "/etc/confluent/docker/run", "/usr/share/java/kafka/connect-runtime-8.1.0-ce.jar"},
			env:   []string{"COMPONENT=kafka"},
			want: Layout{
				Family: "Confluent", Launcher: "/usr/bin/connect-distributed", Libs: "/usr/share/java/kafka",
				KafkaVersion: "4.1", PluginPath: []string{"/usr/share/java"}, BrokerRun: "/etc/confluent/docker/run",
			},
		},
		"Bitnami": {
			files: []string{"/opt/bitnami/kafka/bin/connect-distributed.sh", "/opt/bitnami/kafka/libs/connect-runtime-3.7.2.jar"},
			want: Layout{
				Family: "Bitnami", Launcher: "/opt/bitnami/kafka/bin/connect-distributed.sh", Libs: "/opt/bitnami/kafka/libs", KafkaVersion: "3.7.2",
			},
		},
		"AutoMQ": {
			files: []string{"/opt/automq/kafka/bin/connect-distributed.sh", "/opt/automq/kafka/libs/connect-runtime-3.9.0-SNAPSHOT.jar"},
			want: Layout{
				Family: "AutoMQ", Launcher: "/opt/automq/kafka/bin/connect-distributed.sh", Libs: "/opt/automq/kafka/libs", KafkaVersion: "3.9.0",
			},
		},
	} {
		t.Run(title, func(t *testing.T) {
			got, err := Detect(tree(test.files...), test.env)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(Layout{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("layout (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnImageWithoutConnectIsAFinding(t *testing.T) {
	_, err := Detect(tree("/usr/bin/postgres"), nil)
	var unknown *UnknownFamilyError
	if !errors.As(err, &unknown) {
		t.Fatalf("got %v, want an UnknownFamilyError", err)
	}
	if got := len(unknown.Looked); got != 6 {
		t.Errorf("looked for %d launchers: %s", got, err)
	}
	if want := "none of /opt/kafka/bin/connect-distributed.sh, /kafka/bin"; !strings.Contains(err.Error(), want) {
		t.Errorf("%q is not in %q", want, err)
	}
}

// broken is a tree whose paths with a word in them cannot be read.
type broken struct {
	fs.FS
	word string
}

var errEngine = errors.New("the engine went away")

func (b broken) Open(name string) (fs.File, error) {
	if strings.Contains(name, b.word) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errEngine}
	}
	return b.FS.Open(name)
}

func TestFilesThatCannotBeReadAreNoFinding(t *testing.T) {
	confluent := tree("/usr/bin/connect-distributed", "/etc/confluent/docker/run", "/usr/share/java/kafka/connect-runtime-7.6.1-ccs.jar")
	for _, word := range []string{"opt", "connect-distributed", "docker/run", "hub-components", "java/kafka"} {
		t.Run(word, func(t *testing.T) {
			_, err := Detect(broken{confluent, word}, nil)
			if !errors.Is(err, errEngine) {
				t.Errorf("got %v, want %v", err, errEngine)
			}
		})
	}
	t.Run("a library folder without Connect", func(t *testing.T) {
		_, err := Detect(tree("/kafka/bin/connect-distributed.sh", "/kafka/libs/kafka-clients-3.9.0.jar"), nil)
		if err == nil || !strings.Contains(err.Error(), "no connect-runtime-<version>.jar in /kafka/libs") {
			t.Errorf("got %v", err)
		}
	})
}
