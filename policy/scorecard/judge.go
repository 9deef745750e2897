package scorecard

import (
	"fmt"
	"slices"
	"strings"
)

// ApprovalRule is the id of the rule that counts owner approvals. When nothing
// but approvals is missing the verdict is Waiting, not Blocked.
const ApprovalRule = "release/approved"

// Demands is what the ring of a release asks for.
type Demands struct {
	// Trials are the ids of required trials.
	Trials []string
	// CompleteSamples makes what samples do not exercise a blocking gap.
	CompleteSamples bool
}

// Judge fills in the rows and gaps of card from its findings and evidence and
// from what the rules said. Nothing evaluated at all is an error: silence is no pass.
func Judge(card ReleaseCard, rules []RuleResult, demands Demands) (ReleaseCard, error) {
	if !anyEvaluated(card.Evidence, rules) {
		return card, fmt.Errorf("judge %s: no rule and no trial was evaluated", card.Name)
	}
	card.Gaps = gaps(card.Evidence, rules, demands)
	card.Alterations = alterations(card.Evidence)
	card.Rows = make([]Row, 0, len(ControlPoints))
	for _, point := range ControlPoints {
		card.Rows = append(card.Rows, row(point, card, rules, demands))
	}
	return card, nil
}

func anyEvaluated(evidence []Evidence, rules []RuleResult) bool {
	return slices.ContainsFunc(rules, func(r RuleResult) bool { return r.Status != NotEvaluated }) ||
		slices.ContainsFunc(evidence, func(e Evidence) bool { return e.Status != NotEvaluated })
}

// line is one thing that a row rests on.
type line struct {
	status   Status
	required bool
	text     string
}

// row gathers what speaks about one control point. Findings come first, then
// trials, then rules that only confirm.
func row(point ControlPoint, card ReleaseCard, rules []RuleResult, demands Demands) Row {
	var lines []line
	for _, finding := range card.Findings {
		if finding.ControlPoint == point && finding.Severity != SeverityNote {
			lines = append(lines, line{severityStatus(finding.Severity), true, finding.Message})
		}
	}
	for _, evidence := range card.Evidence {
		if evidence.ControlPoint == point {
			lines = append(lines, evidenceLine(evidence, slices.Contains(demands.Trials, evidence.Trial)))
		}
	}
	for _, rule := range rules {
		if rule.ControlPoint == point && rule.Status != Fail && rule.Status != Warn && !hasTrial(card.Evidence, rule.ID) {
			lines = append(lines, line{rule.Status, rule.Required, rule.Summary})
		}
	}
	if len(lines) == 0 {
		return Row{ControlPoint: point, Evidence: []string{"nothing looks at it yet"}}
	}
	return Row{ControlPoint: point, Status: worst(lines), Evidence: texts(lines)}
}

func severityStatus(severity Severity) Status {
	if severity == SeverityWarn {
		return Warn
	}
	return Fail
}

func evidenceLine(evidence Evidence, required bool) line {
	text := evidence.Summary
	if evidence.Status == NotEvaluated || evidence.Status == NotApplicable {
		text = strings.TrimPrefix(evidence.Trial, "trial/") + ": " + evidence.Reason
	}
	return line{evidence.Status, required, text}
}

// weight orders statuses within a row: what is required and unknown weighs more
// than a warning, and what is unknown and not required never hides a pass.
func weight(l line) int {
	switch l.status {
	case Fail:
		return 6
	case NotEvaluated:
		if l.required {
			return 5
		}
		return 1
	case Warn:
		return 4
	case Waived:
		return 3
	case Pass:
		return 2
	case NotApplicable:
		return 0
	}
	return 6
}

func worst(lines []line) Status {
	return slices.MaxFunc(lines, func(a, b line) int { return weight(a) - weight(b) }).status
}

// texts are the lines of a row, heaviest first, each once.
func texts(lines []line) []string {
	ordered := slices.Clone(lines)
	slices.SortStableFunc(ordered, func(a, b line) int { return weight(b) - weight(a) })
	result := make([]string, 0, len(ordered))
	for _, l := range ordered {
		if l.text != "" && !slices.Contains(result, l.text) {
			result = append(result, l.text)
		}
	}
	return result
}

// gaps lists what was not tested. What the ring demands blocks.
func gaps(evidence []Evidence, rules []RuleResult, demands Demands) []Gap {
	result := []Gap{}
	for _, e := range evidence {
		if e.Status == NotEvaluated {
			result = append(result, Gap{What: e.Trial, Why: e.Reason, Blocks: slices.Contains(demands.Trials, e.Trial)})
		}
		if len(e.Missing) > 0 {
			result = append(result, Gap{
				What: "samples", Why: "none exercises " + strings.Join(e.Missing, ", "), Blocks: demands.CompleteSamples,
			})
		}
	}
	for _, rule := range rules {
		if rule.Status == NotEvaluated && !hasTrial(evidence, rule.ID) {
			result = append(result, Gap{What: rule.ID, Why: rule.Summary, Blocks: rule.Required})
		}
	}
	return result
}

// hasTrial says whether the rule only reads a trial of the same id, which speaks for itself.
func hasTrial(evidence []Evidence, rule string) bool {
	return slices.ContainsFunc(evidence, func(e Evidence) bool { return e.Trial == rule })
}

func alterations(evidence []Evidence) []string {
	result := []string{}
	for _, e := range evidence {
		for _, alteration := range e.Alterations {
			if !slices.Contains(result, alteration) {
				result = append(result, alteration)
			}
		}
	}
	return result
}

// Decide is the verdict about the card. In CI what the ring demands and nobody
// evaluated blocks; elsewhere the verdict is Incomplete. A known breakage
// outweighs what could not be told.
func (c Card) Decide(ci bool) Verdict {
	failing := c.failing()
	gap := slices.ContainsFunc(c.Releases, func(r ReleaseCard) bool {
		return slices.ContainsFunc(r.Gaps, func(g Gap) bool { return g.Blocks })
	})
	onlyApprovals := !slices.ContainsFunc(failing, func(f Finding) bool { return f.ID != ApprovalRule })
	switch {
	case len(failing) > 0 && !onlyApprovals:
		return Blocked
	case len(c.Errors) > 0:
		return Broken
	case gap && ci:
		return Blocked
	case len(failing) > 0:
		return Waiting
	case gap:
		return Incomplete
	default:
		return Passed
	}
}

// failing are the findings of every release and of the repository that fail their row.
func (c Card) failing() []Finding {
	var result []Finding
	for _, finding := range c.AllFindings() {
		if finding.Severity == SeverityFail {
			result = append(result, finding)
		}
	}
	return result
}

// AllFindings are the findings of the repository and of every release.
func (c Card) AllFindings() []Finding {
	result := slices.Clone(c.Findings)
	for _, release := range c.Releases {
		result = append(result, release.Findings...)
	}
	return result
}
