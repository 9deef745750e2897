package policy

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
)

// BenchmarkDecide1000 loads two trees of 1,000 releases, each upgraded between
// them, compares them and decides about every one.
func BenchmarkDecide1000(b *testing.B) {
	engine := newEngine(b)
	base, upgraded := manyReleases(good(), 1000), manyReleases(head(), 1000)
	b.ReportAllocs()
	for b.Loop() {
		if decided := decideAll(b, engine, base, upgraded); decided != 1000 {
			b.Fatalf("decided about %d releases", decided)
		}
	}
}

func decideAll(b *testing.B, engine *Engine, base, upgraded fstest.MapFS) int {
	b.Helper()
	config := release.DefaultConfig()
	changed := change.Compare(load(b, base), load(b, upgraded))
	for _, c := range changed {
		facts := Facts{Now: now, Base: c.Base, Head: c.Head, Changes: c.Changes, Config: config}
		if decision, err := engine.Decide(b.Context(), facts); err != nil || len(decision.Findings) > 0 {
			b.Fatal(err, decision.Findings)
		}
	}
	return len(changed)
}

// BenchmarkDecide is one decision, without loading.
func BenchmarkDecide(b *testing.B) {
	engine, facts := newEngine(b), factsOf(b, good(), head())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Decide(b.Context(), facts); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNew is what every start of the program pays.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newEngine(b)
	}
}

// manyReleases repeats the release of a tree under other names.
func manyReleases(one fstest.MapFS, count int) fstest.MapFS {
	many := fstest.MapFS{runtimeFile: one[runtimeFile]}
	for i := range count {
		name := fmt.Sprintf("invoices-sink-%04d", i)
		for file, content := range one {
			if file == runtimeFile {
				continue
			}
			many[strings.Replace(file, "invoices-sink", name, 1)] = &fstest.MapFile{
				Data: []byte(strings.ReplaceAll(string(content.Data), "name: invoices-sink", "name: "+name)),
			}
		}
	}
	return many
}
