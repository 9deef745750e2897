package release

import (
	"errors"
	"fmt"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// The ids of the loader's findings. They are stable for ever.
const (
	idUnreadable        = "release/unreadable"
	idSyntax            = "release/syntax"
	idTooLarge          = "release/too-large"
	idDuplicateKey      = "release/duplicate-key"
	idUnknownField      = "release/unknown-field"
	idMissingField      = "release/missing-field"
	idWrongType         = "release/wrong-type"
	idWrongValue        = "release/wrong-value"
	idDuplicateName     = "release/duplicate-name"
	idOutsideTree       = "release/outside-tree"
	idDefinitionMissing = "release/definition-missing"
	idDefinitionInvalid = "release/definition-invalid"
	idRuntimeUnknown    = "release/runtime-unknown"
	idSamplesMissing    = "release/samples-missing"
	idFileMissing       = "release/file-missing"
	idConflict          = "release/conflict"
	idTrialConfig       = "release/trial-config"
)

// refusal is a finding on its way up as an error: what was asked for cannot be
// had because the release is wrong, not because the tree could not be read.
type refusal struct{ finding scorecard.Finding }

func (r *refusal) Error() string { return r.finding.Message }

// refuse makes the refusal of a problem at a position.
func refuse(id string, at scorecard.Position, message, remedy string) *refusal {
	return &refusal{newFinding(id, at, message, remedy)}
}

// newFinding is a failing finding of the configuration layer; callers change what differs.
func newFinding(id string, at scorecard.Position, message, remedy string) scorecard.Finding {
	return scorecard.Finding{
		ID: id, ControlPoint: scorecard.ReleaseDecision, Layer: scorecard.Configuration,
		Severity: scorecard.SeverityFail, Position: at, Message: message, Remedy: remedy,
	}
}

// findingOf splits an error into the finding it carries, or itself.
func findingOf(err error) ([]scorecard.Finding, error) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return []scorecard.Finding{r.finding}, nil
	}
	return nil, err
}

// blocks says whether any finding keeps a document from being used.
func blocks(findings []scorecard.Finding) bool {
	for _, f := range findings {
		if f.Severity == scorecard.SeverityFail {
			return true
		}
	}
	return false
}

// maxQuoted bounds how much of a value a message repeats, in runes.
const maxQuoted = 80

// quoted is a value as a message shows it: without secrets and control
// characters, and not longer than maxQuoted.
func quoted(pointer, value string) string {
	shown := []rune(redactValue(pointer, value))
	if len(shown) > maxQuoted {
		shown = append(shown[:maxQuoted], '…')
	}
	return fmt.Sprintf("%q", string(shown))
}
