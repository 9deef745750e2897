package release

import "github.com/connectgate/connectgate/policy/scorecard"

// Manifest is a ConnectorRelease as its file states it. Fields keep what the
// file says; what is derived from the definition is on [Release].
type Manifest struct {
	APIVersion string   `json:"apiVersion"` // always the constant APIVersion
	Kind       string   `json:"kind"`       // always ConnectorRelease
	Metadata   Metadata `json:"metadata"`
	Spec       Spec     `json:"spec"`
}

// Metadata names a release and who decides about it.
type Metadata struct {
	// Name is unique among the releases, or the runtimes, of a tree.
	Name string `json:"name"`
	// Owner decides; empty: nobody is named.
	Owner string `json:"owner"`
	// Owners are further owners by role: platform, schema, destination.
	Owners map[string]string `json:"owners"`
}

// Spec is the release: artifact, configuration, contract, runtime and rollback boundary.
type Spec struct {
	Release Text `json:"release"` // version of this unit; not the plugin's
	// Ring is the risk class, 1 to 3; 0: not stated.
	Ring       int        `json:"ring"`
	Definition Definition `json:"definition"` // empty path: Config has it
	// Config is the connector's configuration where it is written inline.
	Config        map[string]Text        `json:"config"`
	Artifact      Artifact               `json:"artifact"`
	Runtime       string                 `json:"runtime"` // name of a ConnectRuntime
	Topics        Topics                 `json:"topics"`
	Destination   *System                `json:"destination"` // nil: not a sink, or not declared
	Source        *System                `json:"source"`      // nil: not a source, or not declared
	Consumers     []Consumer             `json:"consumers"`
	Schema        Schema                 `json:"schema"`
	Contract      Contract               `json:"contract"`
	Offsets       Offsets                `json:"offsets"`
	Replay        Replay                 `json:"replay"`
	Observability Observability          `json:"observability"`
	Rollback      Rollback               `json:"rollback"`
	Environments  map[string]Environment `json:"environments"`
	Trial         Trial                  `json:"trial"`
}

// Definition points at the connector's existing definition, relative to the manifest.
type Definition struct {
	Path string `json:"path"`
}

// Artifact is what is installed: the connector's class and the plugins added to the runtime's image.
type Artifact struct {
	Class   string   `json:"class"` // empty: connector.class of the definition
	Plugins []Plugin `json:"plugins"`
}

// Plugin is one archive. Exactly one of Maven, URL and Path is set.
type Plugin struct {
	Maven      string `json:"maven"`      // group:artifact:version[:classifier][@extension]
	Repository string `json:"repository"` // a Maven repository the configuration allows; empty: any of them
	URL        string `json:"url"`        // http or https, on a host the configuration allows
	Path       string `json:"path"`       // relative to the manifest
	SHA256     string `json:"sha256"`     // 64 lower-case hex digits; empty: not pinned
}

// Topics are the topics a connector reads, writes and rejects to.
type Topics struct {
	Input      []Topic `json:"input"`
	Output     []Topic `json:"output"`
	DeadLetter *Topic  `json:"deadLetter"`
}

// Topic is a topic and for how long it keeps records; Retention 0: not stated.
type Topic struct {
	Name      string   `json:"name"`
	Retention Duration `json:"retention"`
}

// System is a destination or a source outside Kafka.
type System struct {
	System  string `json:"system"`  // postgresql, mysql, http ...
	Version Text   `json:"version"` // empty: not stated
	Target  string `json:"target"`  // the table, index, bucket or address; empty: not stated
}

// Consumer lives with what the connector writes.
type Consumer struct {
	Name  string `json:"name"`
	Owner string `json:"owner"` // empty: nobody is named
	// Tolerates holds replay, reordering and duplicates.
	Tolerates []string `json:"tolerates"`
}

// Schema says how records are typed and where samples and history lie.
type Schema struct {
	// Compatibility is a mode such as BACKWARD_TRANSITIVE; empty: not stated.
	Compatibility string `json:"compatibility"`
	// Samples is a file or folder of JSON lines, relative to the manifest.
	Samples  string             `json:"samples"`
	Subjects map[string]Subject `json:"subjects"` // by name, such as value
}

// Subject is a registry subject with a folder of its earlier versions.
type Subject struct {
	History string `json:"history"` // relative to the manifest
}

// Contract is what the connector promises to those behind it.
type Contract struct {
	// Key are the fields that identify a row or record.
	Key        []string `json:"key"`
	Deletes    string   `json:"deletes"`    // such as hard-delete; empty: not stated
	Timestamps string   `json:"timestamps"` // such as utc; empty: not stated
	Accepts    []Accept `json:"accepts"`
}

// Accept is an intended difference, bound to the digests it was seen between.
type Accept struct {
	// Path is the Difference.Path it accepts, or "*" for every one.
	Path string `json:"path"`
	// Kind is added, removed or changed.
	Kind   string `json:"kind"`
	Reason string `json:"reason"` // never empty
	// Base and Head are digests as Evidence.Subjects shows them.
	Base string `json:"base"`
	Head string `json:"head"`
}

// Offsets say what happens to stored positions.
type Offsets struct {
	Policy      string   `json:"policy"`      // preserve, stop, alter or reset; empty: not stated
	Store       string   `json:"store"`       // such as consumer-group; empty: not stated
	OnRollback  string   `json:"onRollback"`  // as Policy
	Checkpoints []string `json:"checkpoints"` // state elsewhere
}

// Replay is how far back the connector may be sent and what that does.
type Replay struct {
	Window         Duration `json:"window"`         // 0: not stated
	Duplicates     string   `json:"duplicates"`     // what writing again does, such as idempotent
	DeadLetterPlan string   `json:"deadLetterPlan"` // empty: not stated
}

// Observability points at the alerting rules, relative to the manifest.
type Observability struct {
	Alerts string `json:"alerts"` // empty: not stated
}

// Rollback names the release to return to, and how.
type Rollback struct {
	To      Text   `json:"to"`      // a value of Spec.Release; empty: not stated
	Command string `json:"command"` // for people; it is never run
}

// Environment says which release runs at a stage, with which overlay.
type Environment struct {
	Release Text   `json:"release"`
	Overlay string `json:"overlay"` // relative to the manifest; empty: none
}

// Trial says how the release is exercised.
type Trial struct {
	Services map[string]Service `json:"services"` // by the name they are reached by
	// Config replaces addresses and limits of the configuration, nothing else.
	Config map[string]Text `json:"config"`
	// Secrets are what a config provider answers in a trial, by "provider:path:key".
	Secrets     map[string]Text `json:"secrets"`
	Capture     *Capture        `json:"capture"`     // nil: everything that is written
	Destination string          `json:"destination"` // "unavailable", or empty
	Reason      string          `json:"reason"`      // always set with Destination
}

// Service is a container beside the worker, reachable by its name.
type Service struct {
	Image string          `json:"image"`
	Env   map[string]Text `json:"env"`
	// Init are SQL files run in order once it answers, relative to the manifest.
	Init []string `json:"init"`
}

// Capture reads back what the connector wrote.
type Capture struct {
	Service string `json:"service"` // the name of one of Trial.Services
	SQL     string `json:"sql"`
}

// RuntimeManifest is a ConnectRuntime as its file states it: one Connect cluster.
type RuntimeManifest struct {
	APIVersion string      `json:"apiVersion"` // always the constant APIVersion
	Kind       string      `json:"kind"`       // always ConnectRuntime
	Metadata   Metadata    `json:"metadata"`
	Spec       RuntimeSpec `json:"spec"`
}

// RuntimeSpec is the worker's image and its properties.
type RuntimeSpec struct {
	Image string `json:"image"` // empty: a managed service
	// KafkaVersion is needed where there is no image.
	KafkaVersion Text            `json:"kafkaVersion"`
	Group        string          `json:"group"`   // group.id; empty: not stated
	Worker       map[string]Text `json:"worker"`  // worker properties
	Secrets      []string        `json:"secrets"` // names of config providers
}

// Release is one connector as the pull request would run it: the manifest with
// its definition and its runtime. It is not changed after Load.
type Release struct {
	Manifest
	File string // path of the manifest in its tree
	// Config is the configuration from the definition or inline, every value as
	// Connect sees it: a string.
	Config map[string]string
	// Class is the connector's class.
	Class string
	// Runtime is nil where none is named or the named one is not in the tree.
	Runtime *ConnectRuntime
	// Samples are the sample files below spec.schema.samples, sorted, as paths in the tree.
	Samples []string
	// Files are the SHA-256 (64 hex digits) of what the manifest refers to, by the
	// pointer of the reference; for a file below a folder, its path there (escaped
	// as one token) follows: /spec/schema/samples/invoices.jsonl.
	Files map[string]string

	documents documents
}

// ConnectRuntime is a loaded runtime.
type ConnectRuntime struct {
	RuntimeManifest
	File string // path of the manifest in its tree

	document *document
}

// Estate is everything that one tree declares.
type Estate struct {
	Releases []*Release                 // sorted by name
	Runtimes map[string]*ConnectRuntime // by name
	// Findings are bad manifests, definitions and references, with positions.
	// A release that cannot be read whole is not among Releases.
	Findings []scorecard.Finding
	// Unread are files that mention connector.class and that nothing refers to.
	Unread []string
}
