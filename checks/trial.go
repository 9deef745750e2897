// Package checks holds the trials: experiments on a real Kafka and a real Kafka
// Connect that show what a connector release does. It admits bytes, runs both
// versions on the same records and says what it measured. It does not decide:
// that is the policy's part.
package checks

import (
	"slices"

	"github.com/connectgate/connectgate/checks/record"
	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Trial is one experiment, as data and a function. Judge reads what the legs
// measured and touches nothing else, so that evidence replays without containers.
type Trial struct {
	ID           string // trial/<name>, stable for ever
	ControlPoint scorecard.ControlPoint
	// Doc is what the trial proves, in one sentence.
	Doc string
	// Compares says that it needs a base to compare head with.
	Compares bool
	// Judge fills in the status, and what it rests on, of the trial's evidence.
	Judge func(Experiment, *scorecard.Evidence)
}

// Trials are all trials, in the order in which a card shows them.
func Trials() []Trial { return []Trial{startup, contract} }

// Experiment is one release under trial with what both legs measured.
type Experiment struct {
	Release change.Release
	Samples []record.Sample
	// Base is nil where there is nothing to compare with. Head is never nil.
	Base, Head *Leg
}

// legs are the legs that ran, base first.
func (e Experiment) legs() []*Leg {
	if e.Base == nil {
		return []*Leg{e.Head}
	}
	return []*Leg{e.Base, e.Head}
}

// judge is the evidence of a trial.
func (e Experiment) judge(trial Trial) scorecard.Evidence {
	result := scorecard.Evidence{Trial: trial.ID, Release: e.Release.Name, ControlPoint: trial.ControlPoint}
	for _, leg := range e.legs() {
		result.Subjects = append(result.Subjects, leg.Subjects...)
		result.Phases = append(result.Phases, leg.Phases...)
		for _, alteration := range leg.Alterations {
			if !slices.Contains(result.Alterations, alteration) {
				result.Alterations = append(result.Alterations, alteration)
			}
		}
	}
	trial.Judge(e, &result)
	return result
}
