package policy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
	"github.com/open-policy-agent/opa/v1/ast"
)

// Rule is one entry of the catalogue, from the METADATA of its file.
type Rule struct {
	ID          string // stable for ever; its path: artifact/image-pinned is artifact/image_pinned.rego
	Title       string // a sentence that is true of a release that passes
	Description string // why it matters on a Kafka Connect cluster
	Remedy      string // one imperative sentence
	// ControlPoint is the row of the card. A trial's rule takes that of its evidence.
	ControlPoint scorecard.ControlPoint
	// Layer of the findings; empty: that of the place each one points at.
	Layer scorecard.Layer
	// Admission says that a failure keeps the bytes from running at all.
	Admission bool
	// Rings are the severities in ring 1, 2 and 3; all three are present.
	Rings map[int]scorecard.Severity
	// Needs are what the rule cannot do without: base, head (not applicable
	// without), approvals, evidence.<trial> (not evaluated without).
	Needs []string

	file string // of the module, for errors
}

// The needs of rules. Evidence of a trial is the prefix and the trial's id.
const (
	needBase      = "base"
	needHead      = "head"
	needApprovals = "approvals"
	needEvidence  = "evidence."
)

const admissionEvidence = "admission"

// metadata is the custom part of a rule's METADATA.
type metadata struct {
	ID           string                 `json:"id"`
	ControlPoint scorecard.ControlPoint `json:"control_point"`
	Layer        scorecard.Layer        `json:"layer"`
	Remedy       string                 `json:"remedy"`
	Admission    bool                   `json:"admission"`
	Rings        []scorecard.Severity   `json:"rings"` // of ring 1, 2 and 3
	Needs        []string               `json:"needs"`
}

// rulesOf are the rules among modules; a module in lib is a library.
func rulesOf(modules map[string]*ast.Module) ([]Rule, error) {
	var rules []Rule
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		if path.Base(path.Dir(file)) == "lib" || strings.HasSuffix(file, "_test.rego") {
			continue
		}
		rule, err := ruleOf(file, modules[file])
		if err != nil {
			return nil, fmt.Errorf("read metadata of %s: %w", file, err)
		}
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	return rules, nil
}

func ruleOf(file string, module *ast.Module) (Rule, error) {
	annotations := &ast.Annotations{}
	for _, candidate := range module.Annotations {
		if candidate.Scope == "package" {
			annotations = candidate
		}
	}
	text, err := json.Marshal(annotations.Custom)
	if err != nil {
		return Rule{}, err
	}
	var custom metadata
	if err := json.Unmarshal(text, &custom); err != nil {
		return Rule{}, err
	}
	rule := Rule{
		ID: custom.ID, Title: annotations.Title, Description: strings.TrimSpace(annotations.Description),
		Remedy: custom.Remedy, ControlPoint: custom.ControlPoint, Layer: custom.Layer,
		Admission: custom.Admission, Rings: map[int]scorecard.Severity{}, Needs: custom.Needs, file: file,
	}
	for i, severity := range custom.Rings {
		rule.Rings[i+1] = severity
	}
	return rule, errors.Join(rule.complete(), rule.placed(module.Package.Path.String()))
}

// complete says what the metadata lacks.
func (r Rule) complete() error {
	var problems []error
	for name, text := range map[string]string{
		"id": r.ID, "title": r.Title, "description": r.Description, "remedy": r.Remedy,
	} {
		if text == "" {
			problems = append(problems, fmt.Errorf("%s is missing", name))
		}
	}
	if !slices.Contains(scorecard.ControlPoints, r.ControlPoint) {
		problems = append(problems, fmt.Errorf("control_point %q does not exist", r.ControlPoint))
	}
	if r.Layer != "" && !slices.Contains(scorecard.Layers, r.Layer) {
		problems = append(problems, fmt.Errorf("layer %q does not exist", r.Layer))
	}
	if len(r.Rings) != strictest {
		problems = append(problems, fmt.Errorf("severities for %d rings instead of %d", len(r.Rings), strictest))
	}
	for ring := range maps.Keys(r.Rings) {
		if !knownSeverity(r.Rings[ring]) {
			problems = append(problems, fmt.Errorf("severity %q in ring %d is not fail, warn or note", r.Rings[ring], ring))
		}
	}
	for _, need := range r.Needs {
		if need != needBase && need != needHead && need != needApprovals && !strings.HasPrefix(need, needEvidence) {
			problems = append(problems, fmt.Errorf("need %q does not exist", need))
		}
	}
	return errors.Join(problems...)
}

// placed says whether id, file and package name the same place.
func (r Rule) placed(packagePath string) error {
	name := strings.ReplaceAll(r.ID, "-", "_")
	if !strings.HasSuffix(r.file, "/"+name+".rego") || packagePath != "data.connectgate."+strings.ReplaceAll(name, "/", ".") {
		return fmt.Errorf("id %q belongs into %s.rego, package connectgate.%s", r.ID, name, strings.ReplaceAll(name, "/", "."))
	}
	return nil
}

func knownSeverity(severity scorecard.Severity) bool {
	return slices.Contains([]scorecard.Severity{scorecard.SeverityFail, scorecard.SeverityWarn, scorecard.SeverityNote}, severity)
}
