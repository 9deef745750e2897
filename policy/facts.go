package policy

import (
	"time"

	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

// Facts are everything that the rules may know about one changed release.
type Facts struct {
	// Now is the one clock of the run.
	Now time.Time
	// CI says that the decision is about a pull request, not on a laptop.
	CI bool
	// Base is nil for a new release, Head for a deleted one; never both.
	Base, Head *release.Release
	Changes    []scorecard.Change
	// Config is the configuration of the target branch.
	Config release.Config
	// Approvals are nil where nobody asked for them, and empty where there are none.
	Approvals []Approval
	// Evidence is nil before the trials.
	Evidence []scorecard.Evidence
}

// Approval is one review that approves, with what its source found out about it.
type Approval struct {
	Login string `json:"login"` // who approved
	// Owner is the team or person for whom Login may speak, as metadata.owner names it.
	Owner  string `json:"owner"`
	Commit string `json:"commit"` // that was approved
	// Fresh says that the effective release is the same at Commit and at head.
	Fresh bool `json:"fresh"`
}

// strictest is the ring that an unknown one is judged as.
const strictest = 3

// ring is the stricter one of base and head.
func (f Facts) ring() int {
	ring := 0
	for _, r := range []*release.Release{f.Base, f.Head} {
		switch {
		case r == nil:
		case r.Spec.Ring < 1 || r.Spec.Ring > strictest:
			ring = strictest
		default:
			ring = max(ring, r.Spec.Ring)
		}
	}
	return ring
}

// deciding is the release that answers for the change: head, or base where it is deleted.
func (f Facts) deciding() *release.Release {
	if f.Head == nil {
		return f.Base
	}
	return f.Head
}

// hurt are the owners and all consumers of base and head, each once.
func (f Facts) hurt() []string {
	hurt, seen := []string{}, map[string]bool{"": true}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			hurt = append(hurt, name)
		}
	}
	for _, r := range []*release.Release{f.Base, f.Head} {
		if r != nil {
			add(r.Metadata.Owner)
		}
	}
	for _, r := range []*release.Release{f.Base, f.Head} {
		if r == nil {
			continue
		}
		for _, consumer := range r.Spec.Consumers {
			add(consumer.Name)
		}
	}
	return hurt
}

func (f Facts) evidence(trial string) (scorecard.Evidence, bool) {
	for _, evidence := range f.Evidence {
		if evidence.Trial == trial {
			return evidence, true
		}
	}
	return scorecard.Evidence{}, false
}

// input is what Rego sees. It is total: every field is always there, and what is
// absent is null, "", [] or {}. schema/input.schema.json is its published form.
type input struct {
	Now     string `json:"now"` // RFC 3339
	CI      bool   `json:"ci"`
	Deleted bool   `json:"deleted"`
	// Release is head's, and base's where the release is deleted.
	Release   releaseInput                  `json:"release"`
	Base      *releaseInput                 `json:"base"` // null: a new release
	Ring      ringInput                     `json:"ring"`
	Changes   []changeInput                 `json:"changes"`
	Config    configInput                   `json:"config"`
	Approvals *[]Approval                   `json:"approvals"` // null: not supplied
	Evidence  map[string]scorecard.Evidence `json:"evidence"`  // by trial id
}

type releaseInput struct {
	Metadata release.Metadata  `json:"metadata"`
	Spec     release.Spec      `json:"spec"`
	Config   map[string]string `json:"config"` // as Connect sees it
	Class    string            `json:"class"`
	Runtime  *runtimeInput     `json:"runtime"` // null: none, or not in the tree
}

type runtimeInput struct {
	Name         string                  `json:"name"`
	Image        string                  `json:"image"`
	KafkaVersion release.Text            `json:"kafkaVersion"`
	Group        string                  `json:"group"`
	Worker       map[string]release.Text `json:"worker"`
}

type ringInput struct {
	ID int `json:"id"`
	release.Ring
}

type changeInput struct {
	scorecard.Change
	Runs bool `json:"runs"` // false: changes nothing that runs
}

type configInput struct {
	Images  release.Images  `json:"images"`
	Plugins release.Plugins `json:"plugins"`
}

func (f Facts) input() input {
	ring := f.ring()
	result := input{
		Now: f.Now.Format(time.RFC3339), CI: f.CI, Deleted: f.Head == nil,
		Release:  *newReleaseInput(f.deciding()),
		Base:     newReleaseInput(f.Base),
		Ring:     ringInput{ID: ring, Ring: f.Config.Rings[ring]},
		Config:   configInput{Images: f.Config.Images, Plugins: f.Config.Plugins},
		Evidence: map[string]scorecard.Evidence{},
	}
	for _, c := range f.Changes {
		result.Changes = append(result.Changes, changeInput{Change: c, Runs: !change.Inert(c.Pointer)})
	}
	if f.Approvals != nil {
		result.Approvals = &f.Approvals
	}
	for _, evidence := range f.Evidence {
		result.Evidence[evidence.Trial] = evidence
	}
	return result
}

func newReleaseInput(r *release.Release) *releaseInput {
	if r == nil {
		return nil
	}
	result := &releaseInput{Metadata: r.Metadata, Spec: r.Spec, Config: r.Config, Class: r.Class}
	if r.Runtime != nil {
		spec := r.Runtime.Spec
		result.Runtime = &runtimeInput{
			Name: r.Runtime.Metadata.Name, Image: spec.Image, KafkaVersion: spec.KafkaVersion,
			Group: spec.Group, Worker: spec.Worker,
		}
	}
	return result
}
