package policy

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/google/go-cmp/cmp"
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
			if diff := cmp.Diff(test.want, describe(t, decide(t, facts).Findings)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// describe is one line for each finding.
func describe(t *testing.T, findings []scorecard.Finding) string {
	t.Helper()
	lines := make([]string, 0, len(findings))
	for _, f := range findings {
		lines = append(lines, fmt.Sprint(f.ID, " ", f.Severity, " ", f.Layer, " ", f.ControlPoint, " ", f.Position))
		if f.Remedy == "" || f.Release != "invoices-sink" || !slices.Contains(f.Hurt, "revenue-report") {
			t.Errorf("finding %+v lacks a remedy, its release or who is hurt", f)
		}
	}
	return strings.Join(lines, "\n")
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
	engine, facts := newEngine(t), factsOf(t, good(), edited(head(), manifestFile, "policy: preserve", ""))
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

func tree(files fstest.MapFS) fs.FS {
	if files == nil {
		return nil
	}
	return files
}
