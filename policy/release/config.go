package release

// ConfigFile is where a repository configures connectgate, on the target branch.
const ConfigFile = ".connectgate.yaml"

// Config is .connectgate.yaml with the defaults filled in. The zero value is
// not usable: start from [DefaultConfig] or [LoadConfig].
type Config struct {
	File      string    // empty: no file, all defaults
	Discovery Discovery `json:"discovery"`
	// Rings are keyed 1, 2 and 3; all three are always present.
	Rings   map[int]Ring `json:"rings"`
	Images  Images       `json:"images"`
	Plugins Plugins      `json:"plugins"`
	Limits  Limits       `json:"limits"`
	Broker  Broker       `json:"broker"`
}

// Discovery says which files may be manifests.
type Discovery struct {
	// Manifests are globs with ** for any number of folders; default: every *.yaml
	// and *.yml outside hidden folders that declares connectgate's apiVersion.
	Manifests []string `json:"manifests"`
}

// Ring is what a risk class requires.
type Ring struct {
	// Trials are required trial ids, such as trial/startup.
	Trials    []string `json:"trials"`
	Approvals int      `json:"approvals"` // owner approvals; 0: none
	// CompleteSamples makes what samples do not exercise count as missing.
	CompleteSamples bool `json:"completeSamples"`
}

// Images limits where images come from.
type Images struct {
	// Registries are hosts or host/path prefixes; empty: none is refused.
	Registries []string `json:"registries"`
}

// Plugins limits where plugins come from.
type Plugins struct {
	// Repositories are base URLs of Maven repositories, asked in order after the
	// local one. No host is built in.
	Repositories []string `json:"repositories"`
	// Hosts may serve plugins by url; empty: none may.
	Hosts []string `json:"hosts"`
}

// Limits bound what trials may use.
type Limits struct {
	Trials   Duration `json:"trials"`   // all trials of a run; default 10m
	Worker   Duration `json:"worker"`   // until a worker answers; default 3m
	Memory   Size     `json:"memory"`   // a container; default 2Gi
	Pids     int      `json:"pids"`     // a container; default 512
	Releases int      `json:"releases"` // releases tried in a run; default 20
}

// Broker is the broker of the trials.
type Broker struct {
	// Image is empty by default: the runtime's own image where it can run a broker.
	Image string `json:"image"`
}
