// Package scorecard declares the words that every stage speaks: where something
// stands, what was found, what was measured, and how both become a card.
// It imports the standard library only and decides nothing about connectors.
package scorecard

import "fmt"

// Position is a place in a file of the repository. Line and Column count from 1;
// zero means that the whole file (or, without File, the whole release) is meant.
// Column counts runes, as editors show them.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String prints file:line:column, leaving out what is zero.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Layer is the part of a release that a change or a finding belongs to.
// Every change belongs to exactly one.
type Layer string

// The four layers. A destination's or source's API version is contract.
const (
	Artifact      Layer = "artifact"
	Configuration Layer = "configuration"
	Contract      Layer = "contract"
	Runtime       Layer = "runtime"
)

// Layers are all layers, in the order in which a card shows them.
var Layers = []Layer{Artifact, Configuration, Contract, Runtime}

// ControlPoint is a row of the scorecard.
type ControlPoint string

// The control points. The last two are connectgate's own.
const (
	ArtifactImmutability  ControlPoint = "artifact immutability"
	WorkerIsolation       ControlPoint = "worker isolation"
	SchemaCompatibility   ControlPoint = "schema compatibility"
	OffsetPolicy          ControlPoint = "offset policy"
	DestinationValidation ControlPoint = "destination validation"
	Observability         ControlPoint = "observability"
	RollbackPath          ControlPoint = "rollback path"
	CompatibilityTest     ControlPoint = "compatibility test"
	ReleaseDecision       ControlPoint = "release decision"
)

// ControlPoints are all control points, in the order in which a card shows them.
var ControlPoints = []ControlPoint{
	ArtifactImmutability, WorkerIsolation, CompatibilityTest, SchemaCompatibility, OffsetPolicy,
	DestinationValidation, Observability, RollbackPath, ReleaseDecision,
}

// Status is the outcome of a rule, a trial or a row. Its zero value is
// NotEvaluated, and that never counts as a pass.
type Status int

// The statuses.
const (
	NotEvaluated Status = iota
	Pass
	Fail
	Warn
	Waived
	NotApplicable
)

var statusNames = [...]string{
	NotEvaluated: "not evaluated", Pass: "pass", Fail: "fail",
	Warn: "warn", Waived: "waived", NotApplicable: "not applicable",
}

// String is the status in lower-case words, as JSON and Markdown show it.
func (s Status) String() string {
	if s < 0 || int(s) >= len(statusNames) {
		return fmt.Sprintf("Status(%d)", int(s))
	}
	return statusNames[s]
}

// MarshalText writes the words of String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the words of String; anything else is an error.
func (s *Status) UnmarshalText(text []byte) error {
	for value, name := range statusNames {
		if name == string(text) {
			*s = Status(value)
			return nil
		}
	}
	return fmt.Errorf("unknown status %q", text)
}

// Severity says what a finding does to its row: it fails it, warns, or only notes.
type Severity string

// The severities. A note changes no status.
const (
	SeverityFail Severity = "fail"
	SeverityWarn Severity = "warn"
	SeverityNote Severity = "note"
)

// Finding says that a release is wrong, where, and what to do about it.
// An inability to tell is an error, never a finding.
type Finding struct {
	// ID is stable for ever: the rule's or the trial's, such as artifact/image-pinned.
	ID           string       `json:"id"`
	Release      string       `json:"release"` // empty: the repository as a whole
	ControlPoint ControlPoint `json:"controlPoint"`
	Layer        Layer        `json:"layer"`
	Severity     Severity     `json:"severity"`
	Position     Position     `json:"position"`
	// Excerpt is the source line at Position, redacted; empty where there is none.
	Excerpt string `json:"excerpt"`
	// Message is what is wrong, with the value; no full stop.
	Message  string `json:"message"`
	Expected string `json:"expected"` // empty: nothing definite was expected
	Found    string `json:"found"`
	// Remedy is one imperative sentence that follows "fix: ".
	Remedy string `json:"remedy"`
	// Hurt are those who live with the damage: the owner and the consumers.
	Hurt        []string     `json:"hurt"`
	Differences []Difference `json:"differences"`
}

// Change is one difference between the manifests of base and head.
type Change struct {
	Layer Layer `json:"layer"`
	// Kind is added, removed or changed.
	Kind string `json:"kind"`
	// Path names the value for a person, such as "delete.enabled" or "artifact.plugins[0].maven".
	Path string `json:"path"`
	// Pointer is the RFC 6901 pointer into the release, as release.Release.Position takes it.
	Pointer      string   `json:"pointer"`
	Base         string   `json:"base"` // redacted where secret-like; empty when added
	Head         string   `json:"head"` // redacted where secret-like; empty when removed
	BasePosition Position `json:"basePosition"`
	HeadPosition Position `json:"headPosition"`
}

// The kinds of Change and Difference.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Difference is what base and head did differently with one record in a trial.
type Difference struct {
	// Identity names the row or record by its key, such as "id=1".
	Identity string `json:"identity"`
	// Path is the field that differs, or the table or topic when the whole row does.
	Path string `json:"path"`
	// Kind is added (only head has it), removed (only base has it) or changed.
	Kind string `json:"kind"`
	Base string `json:"base"` // what base wrote, as field=value words; "no row" where it wrote none
	Head string `json:"head"`
	// Cause says which sample led to it, such as "after a tombstone (samples/invoices.jsonl:5)".
	Cause string `json:"cause"`
}
