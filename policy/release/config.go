package release

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/connectgate/connectgate/policy/scorecard"
)

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

// The trials that the defaults require.
const (
	trialStartup  = "trial/startup"
	trialContract = "trial/contract"
)

// DefaultConfig is the configuration of a repository without a ConfigFile.
func DefaultConfig() Config {
	return Config{
		Rings: map[int]Ring{
			1: {Trials: []string{trialStartup}},
			2: {Trials: []string{trialStartup, trialContract}, Approvals: 1},
			3: {Trials: []string{trialStartup, trialContract}, Approvals: 2, CompleteSamples: true},
		},
		Limits: Limits{
			Trials: Duration(10 * time.Minute), Worker: Duration(3 * time.Minute),
			Memory: 2 << 30, Pids: 512, Releases: 20,
		},
	}
}

// ConfigError says what is wrong with the ConfigFile, and where. It is bad usage,
// not a finding about a release.
type ConfigError struct {
	Position scorecard.Position
	Msg      string
	// Remedy is one imperative sentence.
	Remedy string
}

// Error is file:line:column and the message.
func (e *ConfigError) Error() string { return e.Position.String() + ": " + e.Msg }

// LoadConfig reads a file of a tree, usually [ConfigFile], over the defaults: what it
// leaves out keeps its default, lists are replaced whole. Without the file it returns the
// defaults. The first problem in the file is a [*ConfigError]; any other error
// means that the tree could not be read.
func LoadConfig(files fs.FS, file string) (Config, error) {
	config := DefaultConfig()
	findings, err := config.read(&tree{files: files}, file)
	if errors.Is(err, fs.ErrNotExist) {
		return config, nil
	}
	if err != nil {
		return Config{}, fmt.Errorf("read %s: %w", file, err)
	}
	if len(findings) > 0 {
		first := slices.MinFunc(findings, func(a, b scorecard.Finding) int { return comparePositions(a.Position, b.Position) })
		return Config{}, &ConfigError{first.Position, first.Message, first.Remedy}
	}
	config.File = file
	return config, nil
}

// read sets what the file states.
func (c *Config) read(t *tree, file string) ([]scorecard.Finding, error) {
	name, err := t.resolve(file)
	if errors.Is(err, errOutside) {
		return []scorecard.Finding{escaped(file, err)}, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := t.read(name)
	if err != nil {
		return findingOf(err)
	}
	reading := &converter{file: file}
	documents := reading.readYAML(data)
	if len(reading.findings) > 0 || len(documents) == 0 {
		return reading.findings, nil
	}
	if len(documents) > 1 {
		return []scorecard.Finding{newFinding(idSyntax, documents[1].at(documents[1].root.place),
			"the configuration has more than one document", "keep one document")}, nil
	}
	return c.decode(documents[0])
}

// decode sets what a document states.
func (c *Config) decode(d *document) ([]scorecard.Finding, error) {
	if d.root.kind == null {
		return nil, nil
	}
	findings, err := d.validate(kindConfig)
	if err != nil || len(findings) > 0 {
		return findings, err
	}
	findings = d.decode(d.root, c)
	for i, glob := range c.Discovery.Manifests {
		if !doublestar.ValidatePattern(glob) {
			pointer := fmt.Sprintf("/discovery/manifests/%d", i)
			findings = append(findings, newFinding(idWrongValue, d.position(pointer),
				dotted(pointer)+" is "+quoted("", glob)+", not a glob", "close the brackets and braces of the glob"))
		}
	}
	return findings, nil
}
