package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// loadFull loads the example of every field.
func loadFull(t *testing.T) *Release {
	t.Helper()
	estate, err := Load(os.DirFS("testdata/full"), DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if len(estate.Findings) > 0 || len(estate.Unread) > 0 || len(estate.Releases) != 1 {
		t.Fatalf("the full example is not clean:\n%s", describe(estate))
	}
	return estate.Releases[0]
}

func TestLoad_everyField(t *testing.T) {
	r := loadFull(t)
	got, err := json.MarshalIndent(map[string]any{
		"manifest": r.Manifest, "config": r.Config, "class": r.Class, "runtime": r.Runtime.RuntimeManifest,
		"samples": r.Samples, "files": r.Files,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/full.json"
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("the release differs (-want +got):\n%s", diff)
	}
}

func TestRelease_everyLeafStandsWhereItIsWritten(t *testing.T) {
	r := loadFull(t)
	for pointer, value := range r.Values() {
		at := r.Position(pointer)
		data, err := os.ReadFile("testdata/full/" + at.File)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(data), "\n")[at.Line-1:]
		if source := writtenAt(t, lines, at.Column); source != value {
			t.Errorf("%s is %q, but at %s there is %q", pointer, value, at, source)
		}
	}
}

// writtenAt is the scalar that begins at a column of the first line.
func writtenAt(t *testing.T, lines []string, column int) string {
	t.Helper()
	rest := string([]rune(lines[0])[column-1:])
	indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	switch rest[0] {
	case '"':
		var quoted string
		if err := json.NewDecoder(strings.NewReader(rest)).Decode(&quoted); err != nil {
			t.Fatal(err)
		}
		return quoted
	case '\'':
		return strings.SplitN(rest, "'", 3)[1]
	case '|', '>':
		for _, line := range lines[1:] {
			if len(line)-len(strings.TrimLeft(line, " ")) <= indent {
				break
			}
			rest += line
		}
		var block struct{ Scalar string }
		if err := yaml.Unmarshal([]byte("scalar: "+rest), &block); err != nil {
			t.Fatal(err)
		}
		return block.Scalar
	}
	return strings.TrimRight(strings.SplitN(strings.SplitN(rest, ", ", 2)[0], " #", 2)[0], "}],\n")
}

func TestRelease_Position(t *testing.T) {
	r := loadFull(t)
	withoutRuntime := *r
	withoutRuntime.Runtime = nil
	manifest, definition, runtime := r.File, "releases/invoices-sink/config.json", "runtimes/billing.yaml"
	tests := map[string]struct {
		release *Release
		pointer string
		want    string
	}{
		"a scalar stands at itself":                    {r, "/spec/ring", manifest + ":12:9"},
		"a map stands at its name":                     {r, "/spec/contract", manifest + ":37:3"},
		"an item of a list stands at itself":           {r, "/spec/artifact/plugins/1", manifest + ":18:9"},
		"a missing field stands at its parent":         {r, "/spec/rollback/window", manifest + ":52:3"},
		"an item past the end stands at its list":      {r, "/spec/artifact/plugins/9/maven", manifest + ":16:5"},
		"an escaped token names one field":             {r, "/spec/trial/secrets/file:~1secrets~1billing.properties:password", manifest + ":65:60"},
		"a file below a folder stands at the folder":   {r, "/spec/schema/samples/invoices.jsonl", manifest + ":35:14"},
		"the empty pointer is the document":            {r, "", manifest + ":2:1"},
		"a setting stands in the definition":           {r, "/config/topics", definition + ":6:15"},
		"the wrapper's name is a setting":              {r, "/config/name", definition + ":2:11"},
		"a missing setting stands at the settings":     {r, "/config/transforms", definition + ":3:13"},
		"the runtime's image stands in the runtime":    {r, "/runtime/image", runtime + ":8:10"},
		"a worker property stands in the runtime":      {r, "/runtime/worker/plugin.path", runtime + ":13:18"},
		"the runtime is its specification":             {r, "/runtime", runtime + ":7:1"},
		"without a runtime its name is what there is":  {&withoutRuntime, "/runtime/image", manifest + ":22:21"},
		"a name that only begins like the settings is": {r, "/configuration", manifest + ":2:1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.release.Position(test.pointer).String(); got != test.want {
				t.Errorf("Position(%q) = %s, want %s", test.pointer, got, test.want)
			}
		})
	}
}

func TestRelease_Values_inlineConfigurationOccursOnce(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("apiVersion: connectgate/v1alpha1\nkind: ConnectorRelease\n" +
		"metadata: {name: a}\nspec: {config: {connector.class: Sink, a/b: 1.10}}\n")}}
	estate, err := Load(files, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"/apiVersion": APIVersion, "/kind": kindRelease, "/metadata/name": "a",
		"/config/connector.class": "Sink", "/config/a~1b": "1.10",
	}
	if diff := cmp.Diff(want, estate.Releases[0].Values()); diff != "" {
		t.Errorf("values differ (-want +got):\n%s", diff)
	}
}

func TestRelease_Path(t *testing.T) {
	r := loadFull(t)
	got, err := r.Path("samples/../schema.sql")
	if want := "releases/invoices-sink/schema.sql"; err != nil || got != want {
		t.Errorf("Path = %q, %v, want %q", got, err, want)
	}
	if _, err := r.Path("gone.sql"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file is %v, want fs.ErrNotExist", err)
	}
	for _, outside := range []string{"../../../x", "/etc/passwd"} {
		if _, err := r.Path(outside); !errors.Is(err, errOutside) {
			t.Errorf("Path(%q) = %v, want errOutside", outside, err)
		}
	}
}

func TestLoad_largeAndBinaryFiles(t *testing.T) {
	head := "apiVersion: connectgate/v1alpha1\nkind: ConnectorRelease\nmetadata: {name: a}\nspec: {definition: {path: c.json}}\n"
	tests := map[string]struct {
		manifest, definition string
		want                 []string
	}{
		"a manifest of 2 MiB":   {head + strings.Repeat("#\n", 1<<20), "{}", []string{"a.yaml release/too-large"}},
		"a definition of 2 MiB": {head, strings.Repeat(" \n", 1<<20), []string{"a.yaml:4:27 release/too-large"}},
		"windows line ends and byte order marks move nothing": {
			"\uFEFF" + strings.ReplaceAll(head+"ring: 7\n", "\n", "\r\n"), "\uFEFF{}", []string{"a.yaml:5:1 release/unknown-field"},
		},
		"a definition with windows line ends": {head, "\uFEFF{\r\n \"connector.class\": \"S\",\r\n \"a\": []}", []string{"c.json:3:7 release/definition-invalid"}},
		"a manifest of UTF-16":                {"\xff\xfea", "{}", []string{"a.yaml:1:1 release/unreadable"}},
		"a manifest of Latin-1":               {head + "# ü and \xfc", "{}", []string{"a.yaml:5:9 release/unreadable"}},
		"a definition of Latin-1":             {head, "{\n\"\xfc", []string{"c.json:2:2 release/unreadable"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			estate, err := Load(fstest.MapFS{"a.yaml": {Data: []byte(test.manifest)}, "c.json": {Data: []byte(test.definition)}}, DefaultConfig())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range estate.Findings {
				got = append(got, f.Position.String()+" "+f.ID)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad_discoveryGlobs(t *testing.T) {
	manifest := func(name string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("apiVersion: connectgate/v1alpha1\nkind: ConnectorRelease\nmetadata: {name: " +
			name + "}\nspec: {config: {connector.class: Sink}}\n")}
	}
	files := fstest.MapFS{
		"a.yaml": manifest("a"), "deep/er/b.yml": manifest("b"), ".hidden/c.yaml": manifest("c"), "d.manifest": manifest("d"),
		".git/e.yaml": manifest("e"),
	}
	tests := map[string]struct{ globs, want []string }{
		"by default every YAML file outside hidden folders": {nil, []string{"a", "b"}},
		"globs reach hidden folders and other endings":      {[]string{".hidden/*", "*.manifest", "**/e.yaml"}, []string{"c", "d"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := DefaultConfig()
			config.Discovery.Manifests = test.globs
			estate, err := Load(files, config)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range estate.Releases {
				got = append(got, r.Metadata.Name)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("releases differ (-want +got):\n%s", diff)
			}
		})
	}
}

// brokenFS fails on one file as a disk does.
type brokenFS struct {
	fstest.MapFS
	broken string
	err    error
}

func (b brokenFS) Open(name string) (fs.File, error) {
	if name == b.broken {
		return nil, b.err
	}
	return b.MapFS.Open(name)
}

func (b brokenFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == b.broken {
		return nil, b.err
	}
	return b.MapFS.ReadDir(name)
}

func TestLoad_brokenTree(t *testing.T) {
	full := fstest.MapFS{}
	for name, data := range readAll(t, "testdata/full") {
		full[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	for _, name := range []string{".", "runtimes/billing.yaml", "releases/invoices-sink/config.json", "releases/invoices-sink/samples/invoices.jsonl", "releases/invoices-sink/schema.sql"} {
		t.Run("a disk that fails at "+name+" is an error", func(t *testing.T) {
			broken := errors.New("input/output error")
			if _, err := Load(brokenFS{full, name, broken}, DefaultConfig()); !errors.Is(err, broken) {
				t.Errorf("Load = %v, want %v", err, broken)
			}
		})
	}
	t.Run("a file that may not be read is a finding", func(t *testing.T) {
		estate, err := Load(brokenFS{full, "runtimes/billing.yaml", fs.ErrPermission}, DefaultConfig())
		if err != nil || len(estate.Findings) == 0 || estate.Findings[len(estate.Findings)-1].ID != idUnreadable {
			t.Errorf("Load = %+v, %v, want a finding %s", estate, err, idUnreadable)
		}
	})
	t.Run("a configuration that cannot be read is an error", func(t *testing.T) {
		broken := errors.New("input/output error")
		if _, err := LoadConfig(brokenFS{full, ConfigFile, broken}, ConfigFile); !errors.Is(err, broken) {
			t.Errorf("LoadConfig = %v, want %v", err, broken)
		}
	})
}

// FuzzLoad checks that nothing panics, that what claims to be a manifest yields a
// release, a runtime or a finding, and that every position is inside its file.
func FuzzLoad(f *testing.F) {
	for _, manifest := range seeds(f) {
		f.Add(manifest, []byte(`{"name": "a", "config": {"connector.class": "S", "topics": "t"}}`))
	}
	f.Add([]byte("apiVersion: connectgate/v1alpha1"), []byte("{\"\u00fc\": [1e9, {\"a\": null}]"))
	f.Fuzz(func(t *testing.T, manifest, definition []byte) {
		files := fstest.MapFS{"a.yaml": {Data: manifest}, "config.json": {Data: definition}, ConfigFile: {Data: manifest}}
		estate, err := Load(files, DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		assertInside(t, files, estate)
		assertValuesInside(t, files, estate)
		if len(estate.Findings)+len(estate.Releases)+len(estate.Runtimes) == 0 && strings.HasPrefix(string(manifest), "apiVersion: connectgate/") {
			t.Errorf("nothing came of the manifest %q", manifest)
		}
		assertConfig(t, files)
	})
}

func assertValuesInside(t *testing.T, files fs.FS, estate *Estate) {
	t.Helper()
	for _, r := range estate.Releases {
		for pointer := range r.Values() {
			assertInside(t, files, &Estate{Findings: []scorecard.Finding{newFinding(pointer, r.Position(pointer), "m", "r")}})
		}
	}
}

// assertConfig checks that there is a whole configuration, or the reason why not.
func assertConfig(t *testing.T, files fs.FS) {
	t.Helper()
	config, err := LoadConfig(files, ConfigFile)
	invalid, ok := errors.AsType[*ConfigError](err)
	switch {
	case err == nil && len(config.Rings) != 3:
		t.Errorf("rings are missing: %+v", config)
	case err != nil && !ok:
		t.Fatal(err)
	case ok && (invalid.Position.File != ConfigFile || invalid.Msg == ""):
		t.Errorf("the error is not complete: %+v", invalid)
	}
}

// seeds are all manifests of the goldens.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	var all [][]byte
	for name, data := range readAll(f, "testdata") {
		_, manifest, _ := strings.Cut(string(data), "-- a/release.yaml --\n")
		manifest, _, _ = strings.Cut(manifest, "\n-- ")
		if strings.HasSuffix(name, ".yaml") {
			manifest = string(data)
		}
		all = append(all, []byte(manifest))
	}
	return all
}

// readAll reads every file below a folder.
func readAll(tb testing.TB, folder string) map[string][]byte {
	tb.Helper()
	root, all := os.DirFS(folder), map[string][]byte{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		all[name], err = fs.ReadFile(root, name)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// BenchmarkLoad loads 1,000 releases: small ones from memory, and ones with every
// field and all their files from a disk.
func BenchmarkLoad(b *testing.B) {
	b.Run("1,000 small releases in memory", func(b *testing.B) {
		files := fstest.MapFS{}
		for i := range 1000 {
			folder := fmt.Sprintf("releases/sink-%04d/", i)
			files[folder+"config.json"] = &fstest.MapFile{Data: []byte(`{"connector.class": "org.example.Sink", "topics": "t", "tasks.max": 1}`)}
			files[folder+"release.yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, "apiVersion: connectgate/v1alpha1\n"+
				"kind: ConnectorRelease\nmetadata: {name: sink-%04d, owner: \"@acme/billing\"}\nspec:\n  release: 2.4.1\n  ring: 2\n"+
				"  definition: {path: config.json}\n  topics: {input: [{name: t, retention: 168h}]}\n"+
				"  offsets: {policy: preserve}\n  rollback: {to: 2.4.0}\n", i)}
		}
		benchmarkLoad(b, files)
	})
	b.Run("1,000 releases with every field on disk", func(b *testing.B) {
		folder := b.TempDir()
		manifest, err := os.ReadFile("testdata/full/releases/invoices-sink/release.yaml")
		if err != nil {
			b.Fatal(err)
		}
		for i := range 1000 {
			name := fmt.Sprintf("sink-%04d", i)
			if err := os.CopyFS(folder+"/"+name, os.DirFS("testdata/full/releases/invoices-sink")); err != nil {
				b.Fatal(err)
			}
			own := strings.Replace(string(manifest), "name: invoices-sink", "name: "+name, 1)
			if err := os.WriteFile(filepath.Join(folder, name, "release.yaml"), []byte(own), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.CopyFS(folder+"/runtimes", os.DirFS("testdata/full/runtimes")); err != nil {
			b.Fatal(err)
		}
		benchmarkLoad(b, os.DirFS(folder))
	})
}

func benchmarkLoad(b *testing.B, files fs.FS) {
	b.Helper()
	for b.Loop() {
		estate, err := Load(files, DefaultConfig())
		if err != nil || len(estate.Releases) != 1000 || len(estate.Findings) > 0 {
			b.Fatalf("Load = %d releases, %d findings, %v", len(estate.Releases), len(estate.Findings), err)
		}
	}
}
