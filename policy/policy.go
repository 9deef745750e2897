// Package policy decides about a release: Rego rules over manifests, changes,
// approvals and evidence become findings. It runs nothing and reads no files.
package policy

import (
	"context"
	"embed"
	"errors"
	"slices"

	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/open-policy-agent/opa/v1/rego"
)

// rulesTree holds the rules. Their tests begin with an underscore, which go:embed leaves out.
//
//go:embed connectgate
var rulesTree embed.FS

// Engine holds the compiled rules. It is safe for concurrent use.
type Engine struct {
	rules []Rule // sorted by id
	query rego.PreparedEvalQuery
}

// Decision is what the rules say about one release.
type Decision struct {
	// Ring is the one that the release was judged as: the stricter of base and
	// head, and 3 where one of them states none that exists.
	Ring int
	// Findings are ordered by rule, with positions and without excerpts.
	Findings []scorecard.Finding
	// Rules says for every rule what became of it, ordered by id.
	Rules []scorecard.RuleResult
}

// New compiles the built-in rules. It returns an error where a rule does not
// compile, asks for a field that the input does not have, or lacks metadata.
func New(ctx context.Context) (*Engine, error) {
	modules, err := parse(rulesTree)
	if err != nil {
		return nil, err
	}
	return compile(ctx, modules)
}

// Rules is the catalogue of all rules, sorted by id. The slice is the caller's.
func (e *Engine) Rules() []Rule { return slices.Clone(e.rules) }

// Decide asks every rule. A finding says that the release is wrong. An error says
// that the gate cannot tell: a rule could not be evaluated. The decision then
// still holds what the other rules said, and the broken one does not pass.
func (e *Engine) Decide(ctx context.Context, facts Facts) (Decision, error) {
	if facts.Base == nil && facts.Head == nil {
		return Decision{}, errors.New("decide: neither base nor head has the release")
	}
	decision := Decision{Ring: facts.ring()}
	answers, broken, err := e.ask(ctx, facts)
	if err != nil {
		return decision, err
	}
	var problems []error
	for _, rule := range e.rules {
		judged := judgement{Rule: rule, facts: facts, ring: decision.Ring}
		result, findings, err := judged.of(answers[rule.ID], errors.Join(broken[rule.file], broken[anyRule]))
		decision.Rules = append(decision.Rules, result)
		decision.Findings = append(decision.Findings, findings...)
		problems = append(problems, err)
	}
	return decision, errors.Join(problems...)
}
