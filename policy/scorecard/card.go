package scorecard

import "time"

// CardSchema names the version of the JSON form of a card.
const CardSchema = "connectgate/report/v1"

// Card is the whole result of one run.
type Card struct {
	Schema  string   `json:"schema"`
	Version string   `json:"version"` // of connectgate
	Base    Revision `json:"base"`
	Head    Revision `json:"head"`
	Verdict Verdict  `json:"verdict"`
	// Enforced is false with --enforce=warn: the verdict then blocks nothing.
	Enforced bool          `json:"enforced"`
	Releases []ReleaseCard `json:"releases"`
	// Findings belong to no release: bad files, the repository as a whole.
	Findings []Finding `json:"findings"`
	// Unread are files that look like connector definitions and that nothing refers to.
	Unread []string `json:"unread"`
	// Errors are why the gate could not tell, one line each; with any the verdict is Broken.
	Errors []string `json:"errors"`
	// Phases are the timed steps of the trials, in order; Duration is the whole run.
	Phases   []Phase       `json:"phases"`
	Duration time.Duration `json:"durationNanoseconds"`
}

// Revision is one side of the comparison.
type Revision struct {
	Name   string `json:"name"`   // as the user said it, or "worktree"
	Commit string `json:"commit"` // full hash; empty for the worktree
}

// ReleaseCard is the scorecard of one release.
type ReleaseCard struct {
	Name      string     `json:"name"`
	From      string     `json:"from"` // release at base; empty: new
	To        string     `json:"to"`   // release at head; empty: deleted
	Ring      int        `json:"ring"` // 0: unknown
	Owner     string     `json:"owner"`
	Consumers []string   `json:"consumers"`
	Changes   []Change   `json:"changes"`
	Rows      []Row      `json:"rows"` // one for each of ControlPoints, in that order
	Findings  []Finding  `json:"findings"`
	Evidence  []Evidence `json:"evidence"`
	// Gaps are what was not tested, and why.
	Gaps []Gap `json:"gaps"`
	// Alterations say in what the trials differ from production.
	Alterations []string `json:"alterations"`
}

// Row is one control point of a release's scorecard.
type Row struct {
	ControlPoint ControlPoint `json:"controlPoint"`
	Status       Status       `json:"status"`
	// Evidence are the lines that support the status, most important first.
	Evidence []string `json:"evidence"`
}

// Gap is something that was not tested.
type Gap struct {
	What string `json:"what"` // such as "trial/contract" or "samples"
	Why  string `json:"why"`
	// Blocks says whether the ring demands it; it then blocks in CI.
	Blocks bool `json:"blocks"`
}

// RuleResult is what one rule said about one release.
type RuleResult struct {
	ID           string       `json:"id"`
	ControlPoint ControlPoint `json:"controlPoint"`
	Status       Status       `json:"status"`
	// Summary is the line for the card: the rule's title, or why it was not evaluated.
	Summary string `json:"summary"`
	// Required says that the ring demands an evaluation.
	Required bool `json:"required"`
}

// Verdict is the decision about a run.
type Verdict string

// The verdicts. The zero value decides nothing and is never written.
const (
	Passed     Verdict = "passed"
	Incomplete Verdict = "passed, incomplete" // on a laptop only
	Blocked    Verdict = "blocked"
	Waiting    Verdict = "waiting for approval"
	Broken     Verdict = "could not tell"
	Cancelled  Verdict = "cancelled"
)
