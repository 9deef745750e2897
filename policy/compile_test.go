package policy

import (
	"strings"
	"testing"
	"testing/fstest"
)

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
