package checks

import (
	"fmt"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// startup proves that the release starts: its worker answers, its plugin loads,
// its configuration validates, the connector and all tasks stay RUNNING, and
// every sample is committed. RUNNING alone proves nothing.
var startup = Trial{
	ID:           "trial/startup",
	ControlPoint: scorecard.CompatibilityTest,
	Doc: "The worker answers, the plugin loads, the configuration validates, " +
		"the connector and all tasks stay RUNNING, and the samples are committed.",
	Judge: judgeStartup,
}

func judgeStartup(e Experiment, evidence *scorecard.Evidence) {
	switch head, base := e.Head.Failure, failureOf(e.Base); {
	case head == nil:
		evidence.Status, evidence.Summary = scorecard.Pass, started(e)
	case base != nil && base.Class == head.Class && base.Message == head.Message:
		both := *head
		both.Side = "both"
		evidence.Status, evidence.Failure = scorecard.Warn, &both
		evidence.Summary = "both versions fail alike: " + head.Message
	default:
		evidence.Status, evidence.Failure = scorecard.Fail, head
		evidence.Summary = head.Message
	}
}

func failureOf(leg *Leg) *scorecard.Failure {
	if leg == nil {
		return nil
	}
	return leg.Failure
}

func started(e Experiment) string {
	who := "RUNNING"
	if e.Base != nil && e.Base.Failure == nil {
		who = "both RUNNING"
	}
	return fmt.Sprintf("%s, 0 validation errors, %d records committed", who, e.Head.Records)
}
