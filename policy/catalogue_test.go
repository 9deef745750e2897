package policy

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/open-policy-agent/opa/v1/ast"
)

const catalogueMark = "## The rules\n"

// TestReadme_listsTheRules refuses a README whose catalogue is not that of the METADATA.
func TestReadme_listsTheRules(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), catalogueMark)
	if !found {
		t.Fatalf("README.md has no heading %q", catalogueMark)
	}
	golden(t, "README.md", before+catalogueMark+catalogue(newEngine(t).Rules()))
}

func catalogue(rules []Rule) string {
	var text strings.Builder
	text.WriteString("\nGenerated from the METADATA by `go test ./policy -update`.\n\n")
	text.WriteString("| rule | what it demands | control point | ring 1, 2, 3 | needs |\n|---|---|---|---|---|\n")
	for _, rule := range rules {
		title := rule.Title
		if rule.Admission {
			title += " (admission)"
		}
		fmt.Fprintf(&text, "| [`%s`](%s) | %s | %s | %s, %s, %s | %s |\n", rule.ID, rule.file, title, rule.ControlPoint,
			rule.Rings[1], rule.Rings[2], rule.Rings[3], strings.Join(rule.Needs, ", "))
	}
	return text.String()
}

// TestRules_nameWhatTheyNeed compares the needs of every rule with the parts of the
// input that its file reads: what may be null must be named.
func TestRules_nameWhatTheyNeed(t *testing.T) {
	modules, err := parse(rulesTree)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range newEngine(t).Rules() {
		ast.WalkRefs(modules[rule.file], func(ref ast.Ref) bool {
			if need := needOf(ref); need != "" && !slices.Contains(rule.Needs, need) {
				t.Errorf("%s reads %s and does not need it", rule.ID, ref)
			}
			return false
		})
	}
}

// needOf is what a reference into the input cannot do without; empty: nothing.
func needOf(ref ast.Ref) string {
	switch {
	case ref.HasPrefix(ast.MustParseRef("input.evidence")) && len(ref) > 2:
		return needEvidence + strings.Trim(ref[2].String(), `"`)
	case ref.HasPrefix(ast.MustParseRef("input.approvals")):
		return needApprovals
	default:
		return ""
	}
}

func TestRules_areEmbeddedWithoutTheirTests(t *testing.T) {
	modules, err := parse(rulesTree)
	if err != nil {
		t.Fatal(err)
	}
	for file := range modules {
		if strings.HasSuffix(file, "_test.rego") {
			t.Errorf("%s is part of the binary; begin its name with an underscore", file)
		}
	}
}

func TestRules_keepBytesFromRunningInEveryRing(t *testing.T) {
	for _, rule := range newEngine(t).Rules() {
		for ring, severity := range rule.Rings {
			if rule.Admission && severity != scorecard.SeverityFail {
				t.Errorf("admission rule %s only says %s in ring %d", rule.ID, severity, ring)
			}
		}
	}
}
