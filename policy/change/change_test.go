package change

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite want.txt of the cases")

const want = "want.txt"

// TestCompare reads testdata/*.txtar: two trees below base/ and head/, and in
// want.txt what differs.
func TestCompare(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { compareCase(t, file) })
	}
}

func compareCase(t *testing.T, file string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := describe(Compare(load(t, archive, "base"), load(t, archive, "head")))
	last := &archive.Files[len(archive.Files)-1]
	if last.Name != want {
		t.Fatalf("the last file of %s is not %s", file, want)
	}
	if *update {
		last.Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(last.Data), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// describe is one line for each change: layer, path, kind, values and positions.
func describe(changed []Release) string {
	var text strings.Builder
	for _, r := range changed {
		fmt.Fprintf(&text, "%s runs=%t\n", r.Name, r.Runs())
		for _, c := range r.Changes {
			fmt.Fprintf(&text, "  %s %s %s %q -> %q (%s -> %s)\n", c.Layer, c.Path, c.Kind, c.Base, c.Head, c.BasePosition, c.HeadPosition)
		}
	}
	return text.String()
}

func load(tb testing.TB, archive *txtar.Archive, side string) *release.Estate {
	tb.Helper()
	tree := fstest.MapFS{}
	for _, file := range archive.Files {
		if name, found := strings.CutPrefix(file.Name, side+"/"); found {
			tree[name] = &fstest.MapFile{Data: file.Data}
		}
	}
	estate, err := release.Load(tree, release.DefaultConfig())
	if err != nil {
		tb.Fatal(err)
	}
	for _, finding := range estate.Findings {
		if finding.Severity == scorecard.SeverityFail {
			tb.Errorf("%s %s: %s [%s]", side, finding.Position, finding.Message, finding.ID)
		}
	}
	return estate
}

func full(tb testing.TB) *release.Estate {
	tb.Helper()
	archive, err := txtar.ParseFile("testdata/new_release.txtar")
	if err != nil {
		tb.Fatal(err)
	}
	return load(tb, archive, "head")
}

func TestCompare_findsNothingBetweenEqualEstates(t *testing.T) {
	if changed := Compare(full(t), full(t)); len(changed) != 0 {
		t.Error(describe(changed))
	}
	if changed := Compare(nil, nil); len(changed) != 0 {
		t.Error(describe(changed))
	}
}

func TestCompare_findsEveryValueOfANewAndOfADeletedRelease(t *testing.T) {
	estate := full(t)
	for name, changed := range map[string][]Release{
		scorecard.Added:   Compare(nil, estate),
		scorecard.Removed: Compare(estate, nil),
	} {
		if len(changed) != len(estate.Releases) {
			t.Fatalf("%s: %d releases, want %d", name, len(changed), len(estate.Releases))
		}
		pointers := map[string]bool{}
		for _, c := range changed[0].Changes {
			if c.Kind != name {
				t.Errorf("%s is %s, want %s", c.Pointer, c.Kind, name)
			}
			pointers[c.Pointer] = true
		}
		for pointer := range estate.Releases[0].Values() {
			if !pointers[pointer] {
				t.Errorf("%s: %s is dropped", name, pointer)
			}
		}
	}
}

func TestCompare_doesNotTakeTheUnreadableForDeleted(t *testing.T) {
	for name, manifest := range map[string]string{
		"a syntax error":   "apiVersion: connectgate/v1alpha1\nkind: [",
		"an unknown field": "apiVersion: connectgate/v1alpha1\nkind: ConnectorRelease\nmetadata: {name: invoices-sink, colour: red}\n",
	} {
		t.Run(name, func(t *testing.T) {
			head, err := release.Load(fstest.MapFS{
				"releases/invoices-sink/release.yaml": &fstest.MapFile{Data: []byte(manifest)},
			}, release.DefaultConfig())
			if err != nil {
				t.Fatal(err)
			}
			if changed := Compare(full(t), head); len(changed) > 0 {
				t.Error(describe(changed))
			}
		})
	}
}

func TestLayerOf_isTotal(t *testing.T) {
	for pointer := range full(t).Releases[0].Values() {
		patterns := 0
		for _, layer := range scorecard.Layers {
			if LayerOf(pointer) == layer {
				patterns++
			}
		}
		if patterns != 1 {
			t.Errorf("%s is in %d layers", pointer, patterns)
		}
	}
	for pointer, layer := range map[string]scorecard.Layer{
		"": scorecard.Contract, "/": scorecard.Contract, "/spec/colour": scorecard.Contract,
		"/spec/artifact": scorecard.Artifact, "/spec/artifacts": scorecard.Contract,
		"/config": scorecard.Configuration, "/config/topics": scorecard.Contract, "/config/connector.class": scorecard.Artifact,
		"/config/transforms.a.type": scorecard.Configuration, "/config/key.converter": scorecard.Configuration,
		"/runtime/image": scorecard.Runtime, "/spec/runtime": scorecard.Runtime, "/spec/destination/version": scorecard.Contract,
	} {
		if got := LayerOf(pointer); got != layer {
			t.Errorf("%q is %s, want %s", pointer, got, layer)
		}
	}
}

func TestLayerRules_areAllReached(t *testing.T) {
	for _, rule := range layerRules() {
		pointer := strings.ReplaceAll(strings.ReplaceAll(rule.pattern, "**", "any"), "*", "0")
		if got := ruleOf(pointer); got != rule {
			t.Errorf("%s is taken by %s", rule.pattern, got.pattern)
		}
	}
}

func FuzzLayerOf(f *testing.F) {
	for _, rule := range layerRules() {
		f.Add(rule.pattern)
	}
	f.Fuzz(func(t *testing.T, pointer string) {
		if LayerOf(pointer) == "" {
			t.Errorf("%q has no layer", pointer)
		}
	})
}
