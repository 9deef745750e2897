package release

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// classKey is the key of a configuration that names the connector's class.
const classKey = "connector.class"

// wrapper are the fields that Connect allows beside a wrapped configuration.
func wrapper() []string { return []string{"name", "config", "initial_state", "tasks", "type"} }

// templateHole is what a templating step still has to fill in. Kafka's own
// ${provider:key} has a lower-case provider, and connectors have ${topic}.
var templateHole = regexp.MustCompile(`\$\{[A-Z_][A-Z0-9_]*(:[-=?+][^}]*)?\}`)

// define reads the connector's configuration from the definition or inline.
func (l *loader) define(r *Release) ([]scorecard.Finding, error) {
	manifest := r.documents.manifest
	inline := manifest.root.field("spec").field("config")
	if inline != nil {
		r.documents.definition = &document{file: r.File, root: inline}
		return configure(r), nil
	}
	definition, findings, err := l.readDefinition(r)
	if definition == nil {
		return findings, err
	}
	r.documents.definition = definition
	return append(findings, configure(r)...), nil
}

// readDefinition reads the file of spec.definition.path; nil where findings say why not.
func (l *loader) readDefinition(r *Release) (*document, []scorecard.Finding, error) {
	const pointer = "/spec/definition/path"
	name, err := l.beside(r.File, r.Spec.Definition.Path)
	if err != nil {
		return nil, []scorecard.Finding{r.unresolved(reference{pointer, r.Spec.Definition.Path, scorecard.Configuration}, idDefinitionMissing, err)}, nil
	}
	data, err := l.tree.read(name)
	if err != nil {
		findings, err := findingOf(err)
		return nil, r.referring(pointer, findings), err
	}
	reading := &converter{file: name}
	whole := reading.readJSON(data)
	if whole == nil || len(reading.findings) > 0 {
		return nil, reading.findings, nil
	}
	definition, findings := unwrap(whole)
	return definition, findings, nil
}

// unwrap is the configuration of {name, config} or of a bare map. The wrapper's
// name becomes part of the configuration, as in Connect.
func unwrap(whole *document) (*document, []scorecard.Finding) {
	if whole.root.kind != object {
		return nil, []scorecard.Finding{newFinding(idDefinitionInvalid, whole.at(whole.root.place),
			fmt.Sprintf("the definition is %s, not a JSON object", whole.root.kind), `write {"name": …, "config": {…}} or the configuration alone`)}
	}
	config := whole.root.field("config")
	if config == nil || config.kind != object {
		return whole, nil
	}
	unwrapped := *config
	for _, f := range whole.root.fields {
		if !slices.Contains(wrapper(), f.name) {
			return nil, []scorecard.Finding{newFinding(idDefinitionInvalid, whole.at(f.place),
				fmt.Sprintf("Connect knows no field %s beside config", quoted("", f.name)), "move it into config, or remove it")}
		}
		if f.name != "name" {
			continue
		}
		inner := config.field("name")
		if inner == nil {
			unwrapped.fields = append([]field{f}, config.fields...)
		} else if inner.text != f.value.text {
			return nil, []scorecard.Finding{newFinding(idDefinitionInvalid, whole.at(inner.place),
				fmt.Sprintf("name is %s here and %s beside config: Connect refuses that", quoted("", inner.text), quoted("", f.value.text)), "remove one of the two")}
		}
	}
	return &document{file: whole.file, root: &unwrapped}, nil
}

// configure takes over the configuration, every value as text.
func configure(r *Release) []scorecard.Finding {
	definition := r.documents.definition
	r.Config = make(map[string]string, len(definition.root.fields))
	var findings []scorecard.Finding
	for _, f := range definition.root.fields {
		if problem := unfit(definition, f); problem != nil {
			findings = append(findings, *problem)
		}
		if f.value.scalar() && f.value.kind != null {
			r.Config[f.name] = f.value.text
		}
	}
	if r.Class = r.Config[classKey]; r.Class == "" {
		findings = append(findings, newFinding(idDefinitionInvalid, definition.at(definition.root.place),
			"the definition has no "+classKey, "add "+classKey+", or let the manifest refer to a connector's definition"))
	}
	return findings
}

// unfit is what is wrong with one setting of a configuration.
func unfit(definition *document, f field) *scorecard.Finding {
	problem := newFinding(idDefinitionInvalid, definition.at(f.value.place), "", "")
	switch hole := templateHole.FindString(f.value.text); {
	case !f.value.scalar():
		problem.Message = fmt.Sprintf("%s is %s: Connect takes only single values", quoted("", f.name), f.value.kind)
		problem.Remedy = "write the value as one text"
	case f.value.kind == null:
		problem.Severity = scorecard.SeverityWarn
		problem.Message = quoted("", f.name) + " has no value: Connect ignores it"
		problem.Remedy = "give it a value, or remove it"
	case hole != "":
		problem.Severity = scorecard.SeverityWarn
		problem.Message = fmt.Sprintf("%s contains %s, which something else fills in: its value is not known", quoted("", f.name), quoted("", hole))
		problem.Remedy = "refer to the rendered definition, or use a config provider such as ${file:/path:key}"
	default:
		return nil
	}
	return &problem
}
