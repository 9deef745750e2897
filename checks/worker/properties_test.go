package worker

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func layout() Layout {
	return Layout{
		Family: "Confluent", Launcher: "/usr/bin/connect-distributed", PluginPath: []string{"/usr/share/java"},
		env: map[string]string{"CLASSPATH": "/etc/kafka-connect/jars/*"},
	}
}

func production() Settings {
	return Settings{
		Name: "worker-base", Bootstrap: "broker:9092", Group: "billing",
		Runtime: map[string]string{
			"bootstrap.servers":                 "kafka-1.internal:9093",
			"group.id":                          "billing",
			"config.storage.topic":              "connect-billing-configs",
			"config.storage.replication.factor": "1",
			"key.converter":                     "org.apache.kafka.connect.storage.StringConverter",
			"value.converter":                   jsonConverter,
			"value.converter.schemas.enable":    "false",
			"plugin.path":                       "/plugins, /more",
			"plugin.discovery":                  "service_load",
			"security.protocol":                 "SASL_SSL",
			"sasl.jaas.config":                  `org.apache.kafka.x required password="secret";`,
			"consumer.sasl.jaas.config":         "secret",
			"producer.bootstrap.servers":        "kafka-1.internal:9093",
			"consumer.max.poll.records":         "100",
			"listeners.https.ssl.keystore.type": "PKCS12",
			"admin.listeners":                   "https://:9443",
			"rest.extension.classes":            "org.example.Auth",
		},
	}
}

func TestPropertiesKeepProductionButForWhatATrialDecides(t *testing.T) {
	const want = `bootstrap.servers=broker:9092
config.storage.replication.factor=1
config.storage.topic=connect-billing-configs
consumer.max.poll.records=100
group.id=billing
key.converter=org.apache.kafka.connect.storage.StringConverter
listeners=http://0.0.0.0:8083
offset.flush.interval.ms=1000
offset.flush.timeout.ms=5000
offset.storage.partitions=1
offset.storage.replication.factor=1
offset.storage.topic=billing-offsets
plugin.discovery=service_load
plugin.path=/plugins,/more,/connectgate/plugins
rest.advertised.host.name=worker-base
scheduled.rebalance.max.delay.ms=0
status.storage.partitions=1
status.storage.replication.factor=1
status.storage.topic=billing-status
task.shutdown.graceful.timeout.ms=5000
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
`
	if diff := cmp.Diff(want, string(layout().Properties(production()))); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

func TestPropertiesOfARuntimeThatSaysNothing(t *testing.T) {
	got := string(layout().Properties(Settings{Name: "w", Bootstrap: "broker:9092"}))
	for _, want := range []string{
		"group.id=connect\n", "config.storage.topic=connect-configs\n", "key.converter=" + jsonConverter + "\n",
		"plugin.path=/usr/share/java,/connectgate/plugins\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := string(layout().Properties(Settings{Runtime: map[string]string{"group.id": "stated"}})); !strings.Contains(got, "group.id=stated\n") {
		t.Errorf("the runtime's own group is not in\n%s", got)
	}
}

func TestDiffersNamesEachReplacementAndNoSecret(t *testing.T) {
	want := []string{
		"worker: bootstrap.servers=broker:9092 instead of kafka-1.internal:9093",
		"worker: instead of Kafka's defaults, in brackets: offset.storage.replication.factor=1 (3), " +
			"status.storage.replication.factor=1 (3), offset.storage.partitions=1 (25), status.storage.partitions=1 (5), " +
			"offset.flush.interval.ms=1000 (60000), scheduled.rebalance.max.delay.ms=0 (300000)",
		"worker: admin.listeners is not set",
		"worker: consumer.sasl.jaas.config is not set",
		"worker: listeners.https.ssl.keystore.type is not set",
		"worker: producer.bootstrap.servers is not set",
		"worker: rest.extension.classes is not set",
		"worker: sasl.jaas.config is not set",
		"worker: security.protocol is not set",
		"worker: plugin.path has /connectgate/plugins in addition",
		"worker: started by /usr/bin/connect-distributed, past the image's entrypoint, with the compiler and collector that start fastest",
	}
	got := layout().Differs(production())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if strings.Contains(strings.Join(got, "\n"), "secret") {
		t.Error("a secret is shown")
	}
	silent := strings.Join(layout().Differs(Settings{}), "\n")
	if want := "worker: key.converter=" + jsonConverter + ", as the runtime states none"; !strings.Contains(silent, want) {
		t.Errorf("no %q in\n%s", want, silent)
	}
}

func TestACommandAndItsEnvironment(t *testing.T) {
	if diff := cmp.Diff([]string{"/usr/bin/connect-distributed", "/connectgate/worker.properties"}, layout().Command()); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	env := layout().Env()
	if env["CLASSPATH"] != "/etc/kafka-connect/jars/*" || !strings.Contains(env["KAFKA_JVM_PERFORMANCE_OPTS"], "-Xshare:auto") {
		t.Errorf("environment %v", env)
	}
}

func TestEscapeWritesWhatJavaReads(t *testing.T) {
	for text, want := range map[string]string{
		"plain":          `plain`,
		`a\b`:            `a\\b`,
		"two\nlines":     `two\u000alines`,
		" blank at end ": `\ blank at end `,
		"é 🦊":            `\u00e9 \ud83e\udd8a`,
		"a=b:c#d":        `a=b:c#d`,
	} {
		if got := escape(text, false); got != want {
			t.Errorf("value %q: got %s, want %s", text, got, want)
		}
	}
	if got, want := escape("a=b:c d", true), `a\=b\:c\ d`; got != want {
		t.Errorf("key: got %s, want %s", got, want)
	}
}
