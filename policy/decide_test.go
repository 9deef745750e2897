package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestDecide_findsWhatIsWrong(t *testing.T) {
	unpinned := edited(head(), runtimeFile, "@sha256:"+digits, "")
	failed := func(evidence ...scorecard.Evidence) func(*Facts) {
		return func(f *Facts) { f.Evidence = evidence }
	}
	tombstones := scorecard.Evidence{
		Trial: "trial/contract", ControlPoint: scorecard.DestinationValidation, Status: scorecard.Fail,
		Differences: []scorecard.Difference{{Identity: "id=1", Path: "invoices", Kind: scorecard.Removed, Cause: "after a tombstone (samples/invoices.jsonl:5)"}},
	}
	source := tombstones
	source.ControlPoint = scorecard.SchemaCompatibility
	for name, test := range map[string]struct {
		base, head fstest.MapFS
		with       func(*Facts)
		want       string // id, severity, layer, control point, position
	}{
		"an image loses its digest": {
			good(), unpinned, nil,
			"artifact/image-pinned fail runtime artifact immutability runtimes/billing.yaml:5:10",
		},
		"ring 1 only warns": {
			edited(good(), manifestFile, "ring: 2", "ring: 1"), edited(edited(head(), runtimeFile, "@sha256:"+digits, ""), manifestFile, "ring: 2", "ring: 1"),
			nil, "artifact/image-pinned warn runtime artifact immutability runtimes/billing.yaml:5:10",
		},
		"the stricter ring judges": {
			good(), edited(head(), manifestFile, "ring: 2", "ring: 1", "offsets: {policy: preserve}", ""), nil,
			"offsets/policy-declared fail contract offset policy releases/invoices-sink/release.yaml:6:1\n" +
				"release/ring-not-lowered fail contract release decision releases/invoices-sink/release.yaml:8:9",
		},
		"a new release needs no rollback target": {
			nil, edited(head(), manifestFile, `owner: "@acme/billing"`, ""), nil,
			"release/owner-named fail contract release decision releases/invoices-sink/release.yaml:3:1",
		},
		"a deleted release is judged by its consumers": {
			good(), nil, nil,
			"release/deletion-agreed fail contract release decision releases/invoices-sink/release.yaml:20:3",
		},
		"deleted rows stand at the plugin": {
			good(), head(), failed(tombstones),
			"trial/contract fail artifact destination validation releases/invoices-sink/release.yaml:13:16",
		},
		"the contract of a source is a matter of schemas": {
			good(), head(), failed(source),
			"trial/contract fail artifact schema compatibility releases/invoices-sink/release.yaml:13:16",
		},
		"what is gone stands at base": {
			edited(good(), runtimeFile, "group: billing", "group: billing\n  kafkaVersion: 3.9.1"), good(), failed(scorecard.Evidence{
				Trial: "trial/startup", Status: scorecard.Fail,
				Failure: &scorecard.Failure{Side: "head", Message: "it broke"},
			}),
			"trial/startup fail runtime compatibility test runtimes/billing.yaml:7:17",
		},
		"an init script stands where it is": {
			good(), head(), failed(scorecard.Evidence{
				Trial: "trial/startup", Status: scorecard.Fail,
				Failure: &scorecard.Failure{Side: "head", Message: "it broke", Position: scorecard.Position{File: "a.sql", Line: 2}},
			}),
			"trial/startup fail contract compatibility test a.sql:2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			facts := factsOf(t, tree(test.base), tree(test.head))
			if test.with != nil {
				test.with(&facts)
			}
			var lines []string
			for _, f := range decide(t, facts).Findings {
				lines = append(lines, fmt.Sprint(f.ID, " ", f.Severity, " ", f.Layer, " ", f.ControlPoint, " ", f.Position))
				if f.Remedy == "" || f.Release != "invoices-sink" || !slices.Contains(f.Hurt, "revenue-report") {
					t.Errorf("finding %+v lacks a remedy, its release or who is hurt", f)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(lines, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecide_saysWhyARuleWasNotAsked(t *testing.T) {
	engine := newEngine(t)
	upgrade, deleted := factsOf(t, good(), head()), factsOf(t, good(), nil)
	with := func(facts Facts, evidence ...scorecard.Evidence) Facts {
		facts.Evidence = evidence
		return facts
	}
	ring3 := factsOf(t, good(), edited(head(), manifestFile, "ring: 2", "ring: 3"))
	ring1 := factsOf(t, edited(good(), manifestFile, "ring: 2", "ring: 1"), edited(head(), manifestFile, "ring: 2", "ring: 1"))
	for name, test := range map[string]struct {
		facts Facts
		rule  string
		want  string
	}{
		"without approvals":          {upgrade, "release/approved", "not evaluated: approvals are counted on a pull request only (required)"},
		"where none is required":     {ring1, "release/approved", "not applicable: ring 1 requires no approval (required)"},
		"before trials":              {upgrade, "trial/contract", "not evaluated: trial/contract has not run (required)"},
		"before an optional trial":   {ring1, "trial/contract", "not evaluated: trial/contract has not run"},
		"a deleted release":          {deleted, "offsets/policy-declared", "not applicable: the release is deleted (required)"},
		"a trial with a reason":      {with(upgrade, scorecard.Evidence{Trial: "trial/startup", Reason: "no engine"}), "trial/startup", "not evaluated: no engine (required)"},
		"a trial without one":        {with(upgrade, scorecard.Evidence{Trial: "trial/startup"}), "trial/startup", "not evaluated: trial/startup told nothing (required)"},
		"a trial that is not needed": {with(upgrade, scorecard.Evidence{Trial: "trial/startup", Status: scorecard.NotApplicable, Reason: "nothing that runs has changed"}), "trial/startup", "not applicable: nothing that runs has changed (required)"},
		"a trial whose base failed": {
			with(ring3, scorecard.Evidence{Trial: "trial/startup", Status: scorecard.Fail, Failure: &scorecard.Failure{Side: "base", Message: "it broke"}}),
			"trial/startup", "not evaluated: the old version failed: it broke (required)",
		},
		"a failure on both sides": {
			with(ring3, scorecard.Evidence{Trial: "trial/startup", Status: scorecard.Fail, Failure: &scorecard.Failure{Side: "both", Message: "it broke"}}),
			"trial/startup", "warn: The new version starts and moves a record (required)",
		},
		"a trial that passed": {with(upgrade, scorecard.Evidence{Trial: "trial/startup", Status: scorecard.Pass}), "trial/startup", "pass: The new version starts and moves a record (required)"},
	} {
		t.Run(name, func(t *testing.T) {
			decision, err := engine.Decide(t.Context(), test.facts)
			if err != nil {
				t.Fatal(err)
			}
			index := slices.IndexFunc(decision.Rules, func(r scorecard.RuleResult) bool { return r.ID == test.rule })
			result := decision.Rules[index]
			got := result.Status.String() + ": " + result.Summary
			if result.Required {
				got += " (required)"
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestDecide_judgesAnUnknownRingAsTheStrictest(t *testing.T) {
	decision := decide(t, factsOf(t, good(), edited(head(), manifestFile, "ring: 2", "")))
	if decision.Ring != 3 {
		t.Errorf("ring %d, want 3", decision.Ring)
	}
}

func TestDecide_countsApprovals(t *testing.T) {
	facts := factsOf(t, good(), head())
	facts.Approvals = []Approval{}
	for _, finding := range decide(t, facts).Findings {
		if finding.ID == scorecard.ApprovalRule && finding.Severity == scorecard.SeverityFail {
			return
		}
	}
	t.Error("a pull request without approvals has no finding")
}

func TestDecide_refusesFactsWithoutARelease(t *testing.T) {
	if _, err := newEngine(t).Decide(t.Context(), Facts{}); err == nil {
		t.Error("no error")
	}
}

func TestDecide_isTheSameFromManyGoroutines(t *testing.T) {
	engine, facts := newEngine(t), factsOf(t, good(), edited(head(), manifestFile, "policy: preserve", "policy: keep"))
	want := decide(t, facts)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			got, err := engine.Decide(t.Context(), facts)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
	group.Wait()
}

// A rule that cannot be evaluated must never look like one that found nothing.
func TestDecide_failsClosed(t *testing.T) {
	const broken = `findings contains {"pointer": "/spec", "message": "m", "expected": "", "found": ""} if {
	to_number(input.release.metadata.name) > 1
}`
	const fine = `findings contains {"pointer": "/spec", "message": "m", "expected": "", "found": ""} if input.release.metadata.name != ""`
	for name, test := range map[string]struct{ rule, library, want string }{
		"a builtin error":           {broken, "", "not evaluated fail"},
		"a builtin error elsewhere": {fine, "x if to_number(input.release.metadata.name) > 1", "not evaluated not evaluated"},
		"no findings at all":        {"x := 1", "", "not evaluated fail"},
		"an answer of another type": {`findings := {"a"}`, "", "not evaluated fail"},
	} {
		t.Run(name, func(t *testing.T) {
			engine, err := compileText(t, test.rule, fine, test.library)
			if err != nil {
				t.Fatal(err)
			}
			decision, err := engine.Decide(t.Context(), factsOf(t, good(), head()))
			if err == nil {
				t.Error("no error")
			}
			if got := decision.Rules[0].Status.String() + " " + decision.Rules[1].Status.String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestDecide_stopsWithoutAnAnswer(t *testing.T) {
	conflict, err := compileText(t, `findings := {1} if input.release.class != ""

findings := {2} if input.release.class != ""`, `findings := set()`, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conflict.Decide(t.Context(), factsOf(t, good(), head())); err == nil {
		t.Error("no error")
	}
}

func TestCompile_refusesWhatAGateMustNotDo(t *testing.T) {
	for name, test := range map[string]struct{ rule, want string }{
		"a request":             {`findings := http.send({"method": "get", "url": "example.org"})`, "undefined function http.send"},
		"the environment":       {`findings := opa.runtime()`, "undefined function opa.runtime"},
		"an unknown field":      {`findings contains input.release.spec.rings if true`, "undefined ref"},
		"a wrong type":          {`findings contains startswith(input.release.spec.ring, "a") if true`, "invalid argument"},
		"an unused local":       {`findings contains 1 if { x := 2 }`, "assigned var x unused"},
		"something unparseable": {`findings contains`, "parse"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := compileText(t, test.rule, test.rule, ""); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestCompile_refusesIncompleteMetadata(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"no title":                 {"# title: T", "# authors: [a]", "title is missing"},
		"no remedy":                {"remedy: do it", "other: x", "remedy is missing"},
		"an unknown control point": {"artifact immutability", "luck", `control_point "luck" does not exist`},
		"an unknown layer":         {"layer: contract", "layer: cake", `layer "cake" does not exist`},
		"two rings":                {"[fail, fail, fail]", "[fail, fail]", "severities for 2 rings"},
		"an unknown severity":      {"[fail, fail, fail]", "[fail, fail, bad]", `severity "bad" in ring 3`},
		"an unknown need":          {"needs: []", "needs: [luck]", `need "luck" does not exist`},
		"a number for a word":      {"remedy: do it", "remedy: 1", "cannot unmarshal"},
		"another id":               {"id: test/one", "id: test/two", "belongs into test/two.rego"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(ruleText("one", "findings := set()"), test.old, test.new, 1)
			modules, err := parse(fstest.MapFS{"connectgate/test/one.rego": {Data: []byte(text)}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := compile(t.Context(), modules); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func ruleText(name, body string) string {
	return `# METADATA
# title: T
# description: D
# custom:
#   id: test/` + name + `
#   control_point: artifact immutability
#   layer: contract
#   remedy: do it
#   rings: [fail, fail, fail]
#   needs: []
package connectgate.test.` + name + "\n\n" + body + "\n"
}

// compileText is an engine of two rules and a library.
func compileText(t *testing.T, one, two, library string) (*Engine, error) {
	t.Helper()
	modules, err := parse(fstest.MapFS{
		"connectgate/test/one.rego": {Data: []byte(ruleText("one", one))},
		"connectgate/test/two.rego": {Data: []byte(ruleText("two", two))},
		"connectgate/lib/lib.rego":  {Data: []byte("package connectgate.lib.lib\n\n" + library + "\n")},
	})
	if err != nil {
		return nil, err
	}
	return compile(t.Context(), modules)
}

func tree(files fstest.MapFS) fs.FS {
	if files == nil {
		return nil
	}
	return files
}

func TestInput_isValid(t *testing.T) {
	schema := inputValidator(t)
	evidence := []scorecard.Evidence{{Trial: "trial/startup", Failure: &scorecard.Failure{}, Differences: []scorecard.Difference{{}}}}
	for name, facts := range map[string]Facts{
		"an upgrade": factsOf(t, good(), head()),
		"a new one":  factsOf(t, nil, head()),
		"a deletion": factsOf(t, good(), nil),
		"an empty release": {
			Now: now, Head: &release.Release{}, Config: release.DefaultConfig(), Approvals: []Approval{{}}, Evidence: evidence,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(plain(t, facts.input())); err != nil {
				t.Error(err)
			}
		})
	}
	if schema.Validate(map[string]any{"now": ""}) == nil {
		t.Error("an input that is not total is valid")
	}
}

func inputValidator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("schema/input.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // was only read
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("input.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("input.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestTerm_refusesWhatRegoCannotShow(t *testing.T) {
	type field struct {
		Float float64 `json:"float"`
	}
	for _, value := range []any{
		1.5, []float64{1}, map[string]float64{"a": 1}, struct{ field }{}, &field{}, unwritable{},
	} {
		if _, err := term(reflect.ValueOf(value)); err == nil {
			t.Errorf("%T: no error", value)
		}
	}
}

type unwritable struct{}

func (unwritable) MarshalText() ([]byte, error) { return nil, errors.New("no text") }

// TestDecide_neverOverlooksAMissingField takes every field out of a good release,
// one at a time. What a rule demands must become a finding; the golden file shows
// what is said about each.
func TestDecide_neverOverlooksAMissingField(t *testing.T) {
	engine, facts := newEngine(t), factsOf(t, good(), head())
	var lines []string
	said := map[string][]string{}
	for pointer, without := range leavesOf(t, facts.Head.Manifest) {
		lacking := *facts.Head
		lacking.Manifest = release.Manifest{}
		if err := json.Unmarshal(without, &lacking.Manifest); err != nil {
			t.Fatal(err)
		}
		changed := facts
		changed.Head = &lacking
		decision, err := engine.Decide(t.Context(), changed)
		if err != nil {
			t.Errorf("without %s: %v", pointer, err)
		}
		for _, finding := range decision.Findings {
			said[pointer] = append(said[pointer], finding.ID)
		}
		lines = append(lines, fmt.Sprintf("%s: %s", pointer, strings.Join(said[pointer], ", ")))
	}
	slices.Sort(lines)
	golden(t, "testdata/deletions.golden", strings.Join(lines, "\n")+"\n")
	for pointer, id := range map[string]string{
		"/metadata/owner":                 "release/owner-named",
		"/spec/ring":                      "release/ring-known",
		"/spec/offsets/policy":            "offsets/policy-declared",
		"/spec/rollback/to":               "rollback/target-resolvable",
		"/spec/artifact/plugins/0/sha256": "artifact/plugin-checksum",
		"/spec/trial/services/db/image":   "artifact/image-pinned",
	} {
		if !slices.Contains(said[pointer], id) {
			t.Errorf("without %s %s is silent: %v", pointer, id, said[pointer])
		}
	}
}

// leavesOf is the manifest as JSON once for every scalar in it, without that one.
func leavesOf(t *testing.T, manifest release.Manifest) map[string][]byte {
	t.Helper()
	root := plain(t, manifest)
	result := map[string][]byte{}
	var walk func(pointer string, value any)
	walk = func(pointer string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				kept, path := value[name], pointer+"/"+name
				if isLeaf(kept) {
					delete(value, name)
					text, err := json.Marshal(root)
					if err != nil {
						t.Fatal(err)
					}
					result[path], value[name] = text, kept
				}
				walk(path, kept)
			}
		case []any:
			for i, item := range value {
				walk(fmt.Sprint(pointer, "/", i), item)
			}
		}
	}
	walk("", root)
	return result
}

func isLeaf(value any) bool {
	switch value := value.(type) {
	case map[string]any, []any, nil:
		return false
	case string:
		return value != "" && value != "0s"
	default:
		return true
	}
}
