package policy

import (
	"encoding/json"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// coverageFloor is the share of the lines of rules that their tests must reach, in percent.
const coverageFloor = 95

// TestRego runs connectgate/**/_*_test.rego. data.fixture holds a good upgrade, an
// empty piece of evidence and an empty failure.
func TestRego(t *testing.T) {
	modules, err := parse(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	covered := cover.New()
	fired, silent := map[string]bool{}, map[string]bool{}
	for _, result := range runRego(t, modules, covered) {
		place := strings.TrimSuffix(strings.TrimPrefix(result.Package, "data.connectgate."), "_test")
		fired[place] = fired[place] || strings.HasPrefix(result.Name, "test_fires")
		silent[place] = silent[place] || strings.HasPrefix(result.Name, "test_silent")
		t.Run(place+" "+strings.ReplaceAll(strings.TrimPrefix(result.Name, "test_"), "_", " "), func(t *testing.T) {
			if !result.Pass() {
				t.Errorf("%s: %v %s", result.Location, result, result.Output)
			}
		})
	}
	for _, rule := range newEngine(t).Rules() {
		place := strings.NewReplacer("/", ".", "-", "_").Replace(rule.ID)
		if !fired[place] || !silent[place] {
			t.Errorf("rule %s needs a test_fires_… and a test_silent_…", rule.ID)
		}
	}
	checkCoverage(t, covered.Report(modules))
}

func TestRego_isFormatted(t *testing.T) {
	modules, err := parse(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for file := range modules {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.SourceWithOpts(file, text, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, file, string(formatted))
	}
}

func runRego(t *testing.T, modules map[string]*ast.Module, covered *cover.Cover) []*tester.Result {
	t.Helper()
	compiler, err := newCompiler()
	if err != nil {
		t.Fatal(err)
	}
	store := inmem.NewFromObject(map[string]any{"fixture": map[string]any{
		"upgrade":  plain(t, factsOf(t, good(), head()).input()),
		"evidence": plain(t, scorecard.Evidence{}),
		"failure":  plain(t, scorecard.Failure{Message: "it broke"}),
	}})
	runner := tester.NewRunner().SetStore(store).SetCompiler(compiler.WithEnablePrintStatements(true)).
		SetModules(modules).RaiseBuiltinErrors(true).CapturePrintOutput(true).SetCoverageQueryTracer(covered)
	var results []*tester.Result
	err = storage.Txn(t.Context(), store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		channel, err := runner.RunTests(t.Context(), txn)
		for result := range channel {
			results = append(results, result)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// plain is a value as the rules see it, in the types of encoding/json.
func plain(t *testing.T, value any) any {
	t.Helper()
	shown, err := term(reflect.ValueOf(value))
	if err != nil {
		t.Fatal(err)
	}
	var result any
	if err := json.Unmarshal([]byte(shown.String()), &result); err != nil {
		t.Fatal(err)
	}
	return result
}

func checkCoverage(t *testing.T, report cover.Report) {
	t.Helper()
	reached, all := 0, 0
	for file, lines := range report.Files {
		if strings.HasPrefix(path.Base(file), "_") {
			continue
		}
		reached, all = reached+lines.CoveredLines, all+lines.CoveredLines+lines.NotCoveredLines
		for _, missed := range lines.NotCovered {
			t.Logf("%s:%d-%d is not covered", file, missed.Start.Row, missed.End.Row)
		}
	}
	if reached*100 < all*coverageFloor {
		t.Errorf("tests reach %d of %d lines of the rules, want %d %%", reached, all, coverageFloor)
	}
	t.Logf("tests reach %d of %d lines", reached, all)
}
