package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// answer is what the package of a rule evaluates to. NotApplicable and
// NotEvaluated are reasons.
type answer struct {
	NotApplicable []string `json:"not_applicable"`
	NotEvaluated  []string `json:"not_evaluated"`
	Findings      []found  `json:"findings"`
}

// found is a finding as a rule returns it.
type found struct {
	Pointer  string `json:"pointer"`
	Message  string `json:"message"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	// Severity is empty for that of the ring.
	Severity scorecard.Severity `json:"severity"`
	// Side is base for what stands there only; otherwise the pointer is head's.
	Side string `json:"side"`
	// Position is set where the finding is about a file that no pointer leads to.
	Position    scorecard.Position     `json:"position"`
	Differences []scorecard.Difference `json:"differences"`
}

// anyRule stands for the libraries: what breaks there may concern every rule.
const anyRule = ""

// ask evaluates all rules at once. Answers are by rule id, and what went wrong in
// builtins by file.
func (e *Engine) ask(ctx context.Context, facts Facts) (map[string]any, map[string]error, error) {
	input, err := term(reflect.ValueOf(facts.input()))
	if err != nil {
		return nil, nil, fmt.Errorf("decide: %w", err)
	}
	var failed []topdown.Error
	results, err := e.query.Eval(ctx, rego.EvalParsedInput(input.Value), rego.EvalTime(facts.Now), rego.EvalBuiltinErrorList(&failed))
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate rules: %w", err)
	}
	answers := map[string]any{}
	for _, rule := range e.rules {
		answers[rule.ID] = lookup(results, rule.ID)
	}
	return answers, e.broken(failed), nil
}

// lookup is the value of a rule's package. nil, which no rule passes with, where it has none.
func lookup(results rego.ResultSet, id string) any {
	if len(results) == 0 || len(results[0].Expressions) == 0 {
		return nil
	}
	value := results[0].Expressions[0].Value
	for name := range strings.SplitSeq(strings.ReplaceAll(id, "-", "_"), "/") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// broken are the errors of builtins by the file of their rule. Left alone, OPA
// takes such a rule for one that found nothing.
func (e *Engine) broken(failed []topdown.Error) map[string]error {
	broken := map[string]error{}
	for i := range failed {
		file := anyRule
		if at := failed[i].Location; at != nil && slices.ContainsFunc(e.rules, func(r Rule) bool { return r.file == at.File }) {
			file = at.File
		}
		broken[file] = errors.Join(broken[file], &failed[i])
	}
	return broken
}

// judgement is one rule on one release.
type judgement struct {
	Rule
	facts Facts
	ring  int
}

// of is what became of the rule. The error says that the gate cannot tell.
func (j judgement) of(value any, broken error) (scorecard.RuleResult, []scorecard.Finding, error) {
	answered, err := read(value)
	if err = errors.Join(err, broken); err != nil {
		err = fmt.Errorf("evaluate rule %s: %w", j.ID, err)
		return j.result(scorecard.NotEvaluated, "the rule could not be evaluated"), nil, err
	}
	if status, reason := j.without(answered); reason != "" {
		return j.result(status, reason), nil, nil
	}
	findings := make([]scorecard.Finding, 0, len(answered.Findings))
	status := scorecard.Pass
	for _, f := range answered.Findings {
		finding := j.finding(f)
		findings = append(findings, finding)
		switch finding.Severity {
		case scorecard.SeverityFail:
			status = scorecard.Fail
		case scorecard.SeverityWarn:
			if status == scorecard.Pass {
				status = scorecard.Warn
			}
		case scorecard.SeverityNote:
		}
	}
	return j.result(status, j.Title), findings, nil
}

func read(value any) (answer, error) {
	var answered answer
	text, err := json.Marshal(value)
	if err != nil {
		return answered, err
	}
	if err := json.Unmarshal(text, &answered); err != nil {
		return answered, err
	}
	if answered.Findings == nil {
		return answered, errors.New("it has no set of findings")
	}
	return answered, nil
}

// without says why the rule is not asked; an empty reason means that it is. That
// it does not concern the release weighs more than that something is missing.
func (j judgement) without(answered answer) (scorecard.Status, string) {
	var missing string
	for _, need := range j.Needs {
		status, reason := j.lacks(need)
		if status == scorecard.NotApplicable {
			return status, reason
		}
		if missing == "" {
			missing = reason
		}
	}
	if len(answered.NotApplicable) > 0 {
		return scorecard.NotApplicable, strings.Join(answered.NotApplicable, "; ")
	}
	if missing == "" {
		missing = strings.Join(answered.NotEvaluated, "; ")
	}
	return scorecard.NotEvaluated, missing
}

// lacks says why a need is not met; an empty reason means that it is.
func (j judgement) lacks(need string) (scorecard.Status, string) {
	switch {
	case need == needBase && j.facts.Base == nil:
		return scorecard.NotApplicable, "the release is new"
	case need == needHead && j.facts.Head == nil:
		return scorecard.NotApplicable, "the release is deleted"
	case need == needApprovals && j.facts.Approvals == nil:
		return scorecard.NotEvaluated, "approvals are counted on a pull request only"
	}
	trial, isTrial := strings.CutPrefix(need, needEvidence)
	if !isTrial {
		return scorecard.NotEvaluated, ""
	}
	evidence, known := j.facts.evidence(trial)
	switch {
	case !known:
		return scorecard.NotEvaluated, trial + " has not run"
	case evidence.Status == scorecard.NotApplicable || evidence.Status == scorecard.NotEvaluated:
		return evidence.Status, reasonOr(evidence.Reason, trial+" told nothing")
	default:
		return evidence.Status, ""
	}
}

func reasonOr(reason, otherwise string) string {
	if reason == "" {
		return otherwise
	}
	return reason
}

func (j judgement) result(status scorecard.Status, summary string) scorecard.RuleResult {
	return scorecard.RuleResult{
		ID: j.ID, ControlPoint: j.controlPoint(), Status: status, Summary: summary, Required: j.required(),
	}
}

// required says whether the ring demands an evaluation: what may not fail may not
// be left out either, but a trial is left to the ring's own list.
func (j judgement) required() bool {
	trials := j.facts.Config.Rings[j.ring].Trials
	for _, need := range j.Needs {
		trial, isTrial := strings.CutPrefix(need, needEvidence)
		if isTrial && !slices.Contains(trials, trial) && (trial != admissionEvidence || len(trials) == 0) {
			return false
		}
	}
	return j.Rings[j.ring] == scorecard.SeverityFail
}

// controlPoint is the rule's. A trial decides itself: a sink's contract is another row than a source's.
func (j judgement) controlPoint() scorecard.ControlPoint {
	if evidence, known := j.facts.evidence(j.ID); known && evidence.ControlPoint != "" {
		return evidence.ControlPoint
	}
	return j.ControlPoint
}

func (j judgement) finding(f found) scorecard.Finding {
	severity, layer := f.Severity, j.Layer
	if severity == "" {
		severity = j.Rings[j.ring]
	}
	if layer == "" {
		layer = change.LayerOf(f.Pointer)
	}
	return scorecard.Finding{
		ID: j.ID, Release: j.facts.deciding().Metadata.Name, ControlPoint: j.controlPoint(),
		Layer: layer, Severity: severity, Position: j.position(f),
		Message: release.Redact(f.Message), Expected: release.Redact(f.Expected), Found: release.Redact(f.Found),
		Remedy: j.Remedy, Hurt: j.facts.hurt(), Differences: f.Differences,
	}
}

func (j judgement) position(f found) scorecard.Position {
	switch {
	case f.Position.File != "":
		return f.Position
	case f.Side == "base" && j.facts.Base != nil:
		return j.facts.Base.Position(f.Pointer)
	default:
		return j.facts.deciding().Position(f.Pointer)
	}
}
