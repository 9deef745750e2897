package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

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
					result[path] = without(t, root, value, name)
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

// without is root as JSON while one of its objects lacks a field.
func without(t *testing.T, root any, object map[string]any, field string) []byte {
	t.Helper()
	kept := object[field]
	delete(object, field)
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	object[field] = kept
	return text
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
