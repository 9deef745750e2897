package scorecard

import "time"

// Evidence is what one trial (or the admission) measured on one release.
// It replays into the same verdict without a container.
type Evidence struct {
	// Trial is the trial's id, such as trial/contract.
	Trial        string       `json:"trial"`
	Release      string       `json:"release"`
	ControlPoint ControlPoint `json:"controlPoint"`
	Status       Status       `json:"status"`
	// Summary is one line for the card. Reason says why a trial was not evaluated.
	Summary string `json:"summary"`
	Reason  string `json:"reason"`
	// Failure is set exactly when Status is Fail because something broke
	// (a worker, a task); a contract that differs has Differences instead.
	Failure     *Failure     `json:"failure"`
	Differences []Difference `json:"differences"`
	// Accepted are differences that contract.accepts at head names.
	Accepted []Difference `json:"accepted"`
	// Exercised and Missing are what the samples exercise and what they do not,
	// such as "insert", "delete", "unicode".
	Exercised []string `json:"exercised"`
	Missing   []string `json:"missing"`
	// Alterations are what the trial changed in the configuration: "differs from production".
	Alterations []string `json:"alterations"`
	// Subjects are the images and plugins that ran, by digest.
	Subjects []Subject `json:"subjects"`
	Phases   []Phase   `json:"phases"`
}

// Subject is something that a trial ran, bound to its bytes.
type Subject struct {
	Side string `json:"side"` // base or head; empty: both
	Name string `json:"name"` // image reference, Maven coordinates, URL or path
	// Digest is sha256:<64 hex>: an image's manifest digest or an archive's checksum.
	Digest string `json:"digest"`
	// Version is what the running thing says of itself; empty where it does not.
	Version string `json:"version"`
}

// Phase is one timed step, such as "broker" or "base worker".
type Phase struct {
	Name     string        `json:"name"`
	Duration time.Duration `json:"durationNanoseconds"`
}

// Failure is why a trial failed, shortened to its cause.
type Failure struct {
	// Side is the leg that failed: base, head or both.
	Side string `json:"side"`
	// Class says whose failure it is.
	Class FailureClass `json:"class"`
	// Pointer is what failed in the release, as release.Release.Position takes it;
	// empty: the change itself. Position is set instead where a file of its own
	// is at fault, such as an init script.
	Pointer  string   `json:"pointer"`
	Position Position `json:"position"`
	// Message is one line: the innermost cause, redacted.
	Message string `json:"message"`
	// Log are the last lines that explain it, redacted; at most 20.
	Log []string `json:"log"`
}

// FailureClass says where a failure comes from. Only infrastructure is retried
// (once), and it is an error of the gate, never a finding.
type FailureClass string

// The classes of failure.
const (
	InfrastructureFailure FailureClass = "infrastructure"
	ArtifactFailure       FailureClass = "artifact"
	ConfigurationFailure  FailureClass = "configuration"
	RuntimeFailure        FailureClass = "runtime"
	ContractFailure       FailureClass = "contract"
)
