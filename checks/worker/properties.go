package worker

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// Settings are what a trial tells a worker.
type Settings struct {
	// Name is the worker's host name in the network, which its status shows.
	Name      string
	Bootstrap string // host:port of the broker
	// Group is the Connect cluster's group; empty: the runtime's group.id.
	Group string
	// Runtime are the worker properties of the runtime (spec.worker).
	Runtime map[string]string
}

// trialValue is a property whose value a trial decides.
type trialValue struct {
	key, value string
	// usual is what production has where the runtime does not say: Kafka's own
	// default. Empty: a name or an address, of which the card need not speak then.
	usual string
}

// trialValues replace the runtime's. The worker's only clients are the trials,
// its only broker is one node, and nobody waits a minute for an offset.
func trialValues(settings Settings) []trialValue {
	group := settings.Group
	if group == "" {
		group = settings.Runtime["group.id"]
	}
	if group == "" {
		group = "connect"
	}
	return []trialValue{
		{key: "bootstrap.servers", value: settings.Bootstrap},
		{key: "group.id", value: group},
		{key: "config.storage.topic", value: cmp.Or(settings.Runtime["config.storage.topic"], group+"-configs")},
		{key: "offset.storage.topic", value: cmp.Or(settings.Runtime["offset.storage.topic"], group+"-offsets")},
		{key: "status.storage.topic", value: cmp.Or(settings.Runtime["status.storage.topic"], group+"-status")},
		{key: "config.storage.replication.factor", value: "1", usual: "3"},
		{key: "offset.storage.replication.factor", value: "1", usual: "3"},
		{key: "status.storage.replication.factor", value: "1", usual: "3"},
		{key: "offset.storage.partitions", value: "1", usual: "25"},
		{key: "status.storage.partitions", value: "1", usual: "5"},
		{key: "listeners", value: "http://0.0.0.0:8083"},
		{key: "rest.advertised.host.name", value: settings.Name},
		{key: "offset.flush.interval.ms", value: "1000", usual: "60000"},
		{key: "offset.flush.timeout.ms", value: "5000", usual: "5000"},
		{key: "scheduled.rebalance.max.delay.ms", value: "0", usual: "300000"},
		{key: "task.shutdown.graceful.timeout.ms", value: "5000", usual: "5000"},
	}
}

// dropped says whether a property cannot hold in a trial: its broker speaks
// plaintext, its REST API has no certificates and asks for no password, and no
// other worker forwards to it.
func dropped(key string) bool {
	bare := key
	for _, client := range []string{"producer.", "consumer.", "admin."} {
		bare = strings.TrimPrefix(bare, client)
	}
	for _, prefix := range []string{"sasl.", "ssl.", "security.", "listeners."} {
		if strings.HasPrefix(bare, prefix) {
			return true
		}
	}
	switch key {
	case "admin.listeners", "rest.host.name", "rest.port", "rest.advertised.port", "rest.advertised.listener", "rest.extension.classes":
		return true
	default:
		return bare == "bootstrap.servers" && bare != key
	}
}

const jsonConverter = "org.apache.kafka.connect.json.JsonConverter"

// Properties is the worker's properties file: the runtime's, with what a trial
// decides in its place (see Differs). Keys are sorted.
func (l Layout) Properties(settings Settings) []byte {
	properties := map[string]string{"key.converter": jsonConverter, "value.converter": jsonConverter}
	for key, value := range settings.Runtime {
		if !dropped(key) {
			properties[key] = value
		}
	}
	for _, trial := range trialValues(settings) {
		properties[trial.key] = trial.value
	}
	properties["plugin.path"] = strings.Join(l.pluginPath(settings), ",")
	var file bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&file, "%s=%s\n", escape(key, true), escape(properties[key], false))
	}
	return file.Bytes()
}

// pluginPath is the runtime's, else the image's, and what the trial adds.
func (l Layout) pluginPath(settings Settings) []string {
	path := folders(settings.Runtime["plugin.path"])
	if len(path) == 0 {
		path = slices.Clone(l.PluginPath)
	}
	return append(path, PluginFolder)
}

// Differs says in what the worker differs from production, one line each. It
// shows no value of the runtime that may be a secret.
func (l Layout) Differs(settings Settings) []string {
	lines, defaults := []string{}, []string{}
	for _, trial := range trialValues(settings) {
		stated, known := settings.Runtime[trial.key]
		switch {
		case known && stated != trial.value:
			lines = append(lines, fmt.Sprintf("worker: %s=%s instead of %s", trial.key, trial.value, stated))
		case !known && trial.usual != "" && trial.usual != trial.value:
			defaults = append(defaults, fmt.Sprintf("%s=%s (%s)", trial.key, trial.value, trial.usual))
		}
	}
	if len(defaults) > 0 {
		lines = append(lines, "worker: instead of Kafka's defaults, in brackets: "+strings.Join(defaults, ", "))
	}
	for _, key := range slices.Sorted(maps.Keys(settings.Runtime)) {
		if dropped(key) {
			lines = append(lines, fmt.Sprintf("worker: %s is not set", key))
		}
	}
	for _, key := range []string{"key.converter", "value.converter"} {
		if _, stated := settings.Runtime[key]; !stated {
			lines = append(lines, fmt.Sprintf("worker: %s=%s, as the runtime states none", key, jsonConverter))
		}
	}
	return append(lines,
		fmt.Sprintf("worker: plugin.path has %s in addition", PluginFolder),
		"worker: started by "+l.Launcher+", past the image's entrypoint, with the compiler and collector that start fastest",
	)
}

// Env are the variables that the launcher reads: a heap that follows the
// container's memory limit, the compiler and the collector that start fastest
// on few cores, and no log files.
func (l Layout) Env() map[string]string {
	env := map[string]string{
		"KAFKA_HEAP_OPTS":            "-XX:MaxRAMPercentage=60",
		"KAFKA_JVM_PERFORMANCE_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto",
		"KAFKA_GC_LOG_OPTS":          " ", // a blank keeps the launcher from writing a log of its own
		"LOG_DIR":                    "/tmp",
	}
	maps.Copy(env, l.env)
	return env
}

// escape writes text as java.util.Properties reads it: Latin-1 with \uXXXX for
// the rest; in keys separators are escaped, in values a blank at the start.
func escape(text string, isKey bool) string {
	var escaped strings.Builder
	for i, unit := range utf16.Encode([]rune(text)) {
		switch {
		case unit == '\\', isKey && strings.ContainsRune("=: #!", rune(unit)), i == 0 && unit == ' ':
			escaped.WriteByte('\\')
			escaped.WriteRune(rune(unit))
		case unit < ' ' || unit > '~':
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		default:
			escaped.WriteRune(rune(unit))
		}
	}
	return escaped.String()
}
