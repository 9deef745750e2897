package release

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLoadConfig_everyField(t *testing.T) {
	got, err := LoadConfig(os.DirFS("testdata/full"), ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		File:      ConfigFile,
		Discovery: Discovery{Manifests: []string{"releases/**/*.yaml", "runtimes/*.yaml"}},
		Rings: map[int]Ring{
			1: {Trials: []string{trialStartup}},
			2: {Trials: []string{trialStartup, trialContract}, Approvals: 3},
			3: {Trials: []string{}, Approvals: 2, CompleteSamples: true},
		},
		Images:  Images{Registries: []string{"registry.example.com/kafka"}},
		Plugins: Plugins{Repositories: []string{"https://maven.example.com/releases"}, Hosts: []string{"downloads.example.com"}},
		Limits: Limits{
			Trials: Duration(15 * time.Minute), Worker: Duration(90 * time.Second), Memory: 3 << 30, Pids: 1024, Releases: 5,
		},
		Broker: Broker{Image: "registry.example.com/kafka/broker:4.1.1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the configuration differs (-want +got):\n%s", diff)
	}
}

func TestLoadConfig_nothingStatedIsTheDefault(t *testing.T) {
	for name, content := range map[string]string{"an empty file": "", "comments": "# nothing\n", "an empty document": "---\n"} {
		t.Run(name, func(t *testing.T) {
			got, err := LoadConfig(fstest.MapFS{ConfigFile: {Data: []byte(content)}}, ConfigFile)
			want := DefaultConfig()
			want.File = ConfigFile
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("LoadConfig = %v, differs (-want +got):\n%s", err, diff)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		got, err := LoadConfig(fstest.MapFS{}, ConfigFile)
		if diff := cmp.Diff(DefaultConfig(), got); diff != "" || err != nil {
			t.Errorf("LoadConfig = %v, differs (-want +got):\n%s", err, diff)
		}
	})
}

func TestLoadConfig_errors(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"an unknown field names the nearest":    {"limits: {memroy: 1Gi}\n", `.connectgate.yaml:1:10: unknown field "memroy" (did you mean "memory"?)`},
		"the first problem is the one reported": {"images: 1\nplugins: 2\n", `.connectgate.yaml:1:9: images is 1, not a map`},
		"a fourth ring":                         {"rings:\n  4: {approvals: 1}\n", `.connectgate.yaml:2:3: unknown field "4"`},
		"an unknown kind of trial":              {"rings: {1: {trials: [startup]}}\n", `.connectgate.yaml:1:22: rings[1].trials[0] is "startup", not a trial's id such as trial/startup`},
		"too many approvals":                    {"rings: {1: {approvals: 101}}\n", `.connectgate.yaml:1:24: rings[1].approvals is 101, not a whole number from 0 to 100`},
		"a negative limit":                      {"limits: {pids: -1}\n", `.connectgate.yaml:1:16: limits.pids is -1, not a whole number from 1 to 1000000`},
		"a size without a number":               {"limits: {memory: lots}\n", `.connectgate.yaml:1:18: limits.memory is "lots", not a size such as 512Mi, 2Gi or 100MB`},
		"a size out of range":                   {"limits: {memory: 99999999Ti}\n", `.connectgate.yaml:1:18: limits.memory: read size "99999999Ti": write a whole number with a unit, such as 512Mi, 2Gi or 100MB`},
		"a glob that does not close":            {"discovery: {manifests: ['a/[b']}\n", `.connectgate.yaml:1:25: discovery.manifests[0] is "a/[b", not a glob`},
		"two documents":                         {"limits: {}\n---\nlimits: {}\n", `.connectgate.yaml:3:1: the configuration has more than one document`},
		"another version":                       {"apiVersion: connectgate/v9\n", `.connectgate.yaml:1:13: apiVersion is "connectgate/v9", not connectgate/v1alpha1`},
		"a syntax error":                        {"limits: {\n", `.connectgate.yaml:1:1: not valid YAML: did not find expected node content`},
		"a list":                                {"[a]\n", `.connectgate.yaml:1:1: the file is a list, not a map`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := LoadConfig(fstest.MapFS{ConfigFile: {Data: []byte(test.content)}}, ConfigFile)
			invalid, ok := errors.AsType[*ConfigError](err)
			if !ok || invalid.Error() != test.want || invalid.Remedy == "" {
				t.Errorf("LoadConfig = %v (remedy %q), want %s", err, invalid.Remedy, test.want)
			}
		})
	}
	t.Run("a link out of the tree", func(t *testing.T) {
		_, err := LoadConfig(fstest.MapFS{ConfigFile: {Data: []byte("../x"), Mode: fs.ModeSymlink}}, ConfigFile)
		if _, ok := errors.AsType[*ConfigError](err); !ok {
			t.Errorf("LoadConfig = %v, want a *ConfigError", err)
		}
	})
}
