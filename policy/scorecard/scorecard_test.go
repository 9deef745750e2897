package scorecard_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/policy/scorecard"
)

func TestPosition_leavesOutWhatIsUnknown(t *testing.T) {
	for want, position := range map[string]scorecard.Position{
		"":                 {},
		"release.yaml":     {File: "release.yaml"},
		"release.yaml:3":   {File: "release.yaml", Line: 3},
		"release.yaml:3:7": {File: "release.yaml", Line: 3, Column: 7},
	} {
		if got := position.String(); got != want {
			t.Errorf("%#v prints %q, want %q", position, got, want)
		}
	}
}

func TestStatus_zeroIsNotEvaluated(t *testing.T) {
	var status scorecard.Status
	if got := status.String(); got != "not evaluated" {
		t.Errorf("the zero status is %q", got)
	}
}

func TestStatus_readsWhatItWrites(t *testing.T) {
	for status := scorecard.NotEvaluated; status <= scorecard.NotApplicable; status++ {
		text, err := json.Marshal(status)
		if err != nil {
			t.Fatal(err)
		}
		var back scorecard.Status
		if err := json.Unmarshal(text, &back); err != nil || back != status {
			t.Errorf("%s read back as %v, %v", text, back, err)
		}
	}
	var status scorecard.Status
	if err := status.UnmarshalText([]byte("green")); err == nil {
		t.Error("green was read as a status")
	}
	if got := scorecard.Status(42).String(); got != "Status(42)" {
		t.Errorf("an unknown status prints %q", got)
	}
}

func finding(id string, point scorecard.ControlPoint, severity scorecard.Severity) scorecard.Finding {
	return scorecard.Finding{ID: id, ControlPoint: point, Severity: severity, Message: id + " is wrong"}
}

func trial(status scorecard.Status) scorecard.Evidence {
	evidence := scorecard.Evidence{
		Trial: "trial/contract", ControlPoint: scorecard.DestinationValidation, Status: status, Summary: "4 rows equal",
	}
	if status == scorecard.NotEvaluated {
		evidence.Summary, evidence.Reason = "", "not run (--trials off)"
	}
	return evidence
}

func rule(status scorecard.Status, required bool) scorecard.RuleResult {
	return scorecard.RuleResult{
		ID: "destination/checked", ControlPoint: scorecard.DestinationValidation,
		Status: status, Required: required, Summary: "the destination is checked",
	}
}

// destination is the row that the cases of TestJudge are about.
func destination(t *testing.T, card scorecard.ReleaseCard) scorecard.Row {
	t.Helper()
	for _, row := range card.Rows {
		if row.ControlPoint == scorecard.DestinationValidation {
			return row
		}
	}
	t.Fatal("the card has no such row")
	return scorecard.Row{}
}

func TestJudge(t *testing.T) {
	needed := scorecard.Demands{Trials: []string{"trial/contract"}}
	for name, test := range map[string]struct {
		findings []scorecard.Finding
		evidence []scorecard.Evidence
		rules    []scorecard.RuleResult
		demands  scorecard.Demands
		want     scorecard.Status
		line     string
	}{
		"a trial that passed passes its row": {
			evidence: []scorecard.Evidence{trial(scorecard.Pass)}, demands: needed,
			want: scorecard.Pass, line: "4 rows equal",
		},
		"a required trial that was not run outweighs a rule that passed": {
			evidence: []scorecard.Evidence{trial(scorecard.NotEvaluated)}, demands: needed,
			rules: []scorecard.RuleResult{rule(scorecard.Pass, true)},
			want:  scorecard.NotEvaluated, line: "contract: not run (--trials off)",
		},
		"a trial that nobody requires does not hide a pass": {
			evidence: []scorecard.Evidence{trial(scorecard.NotEvaluated)},
			rules:    []scorecard.RuleResult{rule(scorecard.Pass, true)},
			want:     scorecard.Pass, line: "the destination is checked",
		},
		"a trial that nobody requires is not evaluated all the same": {
			evidence: []scorecard.Evidence{trial(scorecard.NotEvaluated)},
			rules:    []scorecard.RuleResult{{ID: "other", ControlPoint: scorecard.RollbackPath, Status: scorecard.Pass}},
			want:     scorecard.NotEvaluated, line: "contract: not run (--trials off)",
		},
		"a required unknown outweighs a warning": {
			findings: []scorecard.Finding{finding("a", scorecard.DestinationValidation, scorecard.SeverityWarn)},
			evidence: []scorecard.Evidence{trial(scorecard.NotEvaluated)}, demands: needed,
			rules: []scorecard.RuleResult{rule(scorecard.Pass, true)},
			want:  scorecard.NotEvaluated, line: "contract: not run (--trials off)",
		},
		"a failing finding outweighs everything": {
			findings: []scorecard.Finding{
				finding("a", scorecard.DestinationValidation, scorecard.SeverityWarn),
				finding("b", scorecard.DestinationValidation, scorecard.SeverityFail),
			},
			evidence: []scorecard.Evidence{trial(scorecard.Pass)}, want: scorecard.Fail, line: "b is wrong",
		},
		"a note changes no status": {
			findings: []scorecard.Finding{finding("a", scorecard.DestinationValidation, scorecard.SeverityNote)},
			evidence: []scorecard.Evidence{trial(scorecard.Pass)}, want: scorecard.Pass, line: "4 rows equal",
		},
		"what is waived stays visible": {
			rules: []scorecard.RuleResult{rule(scorecard.Waived, true), rule(scorecard.Pass, true)},
			want:  scorecard.Waived, line: "the destination is checked",
		},
		"not applicable is not a pass": {
			rules: []scorecard.RuleResult{rule(scorecard.NotApplicable, true)},
			want:  scorecard.NotApplicable, line: "the destination is checked",
		},
		"a row that nothing looks at says so": {
			rules: []scorecard.RuleResult{{ID: "other", ControlPoint: scorecard.RollbackPath, Status: scorecard.Pass}},
			want:  scorecard.NotEvaluated, line: "nothing looks at it yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			card := scorecard.ReleaseCard{Findings: test.findings, Evidence: test.evidence}
			judged, err := scorecard.Judge(card, test.rules, test.demands)
			if err != nil {
				t.Fatal(err)
			}
			row := destination(t, judged)
			if row.Status != test.want || row.Evidence[0] != test.line {
				t.Errorf("the row is %s, %q; want %s, %q first", row.Status, row.Evidence, test.want, test.line)
			}
			if len(judged.Rows) != len(scorecard.ControlPoints) {
				t.Errorf("the card has %d rows", len(judged.Rows))
			}
		})
	}
}

func TestJudge_listsWhatWasNotTested(t *testing.T) {
	contract := trial(scorecard.Pass)
	contract.Missing = []string{"delete", "unicode"}
	contract.Alterations = []string{"connection.url: a instead of b", "connection.url: a instead of b"}
	rules := []scorecard.RuleResult{
		{ID: "release/approved", Status: scorecard.NotEvaluated, Required: true, Summary: "approvals are read on a pull request"},
		{ID: "trial/contract", Status: scorecard.NotEvaluated, Summary: "its evidence is listed already"},
	}
	card, err := scorecard.Judge(scorecard.ReleaseCard{Evidence: []scorecard.Evidence{contract}}, rules,
		scorecard.Demands{CompleteSamples: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []scorecard.Gap{
		{What: "samples", Why: "none exercises delete, unicode", Blocks: true},
		{What: "release/approved", Why: "approvals are read on a pull request", Blocks: true},
	}
	if diff := cmp.Diff(want, card.Gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"connection.url: a instead of b"}, card.Alterations); diff != "" {
		t.Errorf("alterations (-want +got):\n%s", diff)
	}
}

func TestJudge_refusesSilence(t *testing.T) {
	silent := []scorecard.RuleResult{rule(scorecard.NotEvaluated, false)}
	if _, err := scorecard.Judge(scorecard.ReleaseCard{Name: "a"}, silent, scorecard.Demands{}); err == nil {
		t.Error("a card without any evaluation was made")
	}
}

func TestCard_Decide(t *testing.T) {
	fails := finding("trial/contract", scorecard.DestinationValidation, scorecard.SeverityFail)
	approval := finding(scorecard.ApprovalRule, scorecard.ReleaseDecision, scorecard.SeverityFail)
	gap := scorecard.ReleaseCard{Gaps: []scorecard.Gap{{What: "trial/contract", Blocks: true}}}
	for name, test := range map[string]struct {
		card scorecard.Card
		ci   bool
		want scorecard.Verdict
	}{
		"nothing is wrong": {want: scorecard.Passed},
		"a warning does not block": {
			card: scorecard.Card{Findings: []scorecard.Finding{finding("a", "", scorecard.SeverityWarn)}}, want: scorecard.Passed,
		},
		"a finding of a release blocks": {
			card: scorecard.Card{Releases: []scorecard.ReleaseCard{{Findings: []scorecard.Finding{fails}}}}, want: scorecard.Blocked,
		},
		"a known breakage outweighs an error": {
			card: scorecard.Card{Findings: []scorecard.Finding{fails}, Errors: []string{"no engine"}}, want: scorecard.Blocked,
		},
		"an error is not a pass":                      {card: scorecard.Card{Errors: []string{"no engine"}}, want: scorecard.Broken},
		"a gap is shown on a laptop":                  {card: scorecard.Card{Releases: []scorecard.ReleaseCard{gap}}, want: scorecard.Incomplete},
		"a gap blocks in CI":                          {card: scorecard.Card{Releases: []scorecard.ReleaseCard{gap}}, ci: true, want: scorecard.Blocked},
		"only approvals are missing":                  {card: scorecard.Card{Findings: []scorecard.Finding{approval}}, ci: true, want: scorecard.Waiting},
		"missing approvals do not excuse a breakage":  {card: scorecard.Card{Findings: []scorecard.Finding{approval, fails}}, want: scorecard.Blocked},
		"missing approvals do not excuse an unknown":  {card: scorecard.Card{Findings: []scorecard.Finding{approval}, Errors: []string{"no engine"}}, want: scorecard.Broken},
		"a gap that the ring does not demand is fine": {card: scorecard.Card{Releases: []scorecard.ReleaseCard{{Gaps: []scorecard.Gap{{What: "samples"}}}}}, ci: true, want: scorecard.Passed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.card.Decide(test.ci); got != test.want {
				t.Errorf("the verdict is %q, want %q", got, test.want)
			}
		})
	}
}
