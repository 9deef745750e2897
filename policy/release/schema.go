package release

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"github.com/santhosh-tekuri/jsonschema/v6"
	violation "github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// The kinds of document.
const (
	kindRelease = "ConnectorRelease"
	kindRuntime = "ConnectRuntime"
	kindConfig  = "Config"
)

//go:embed schema/*.schema.json
var schemaFiles embed.FS

// schemas are the compiled schemas by kind. They are compiled once: it costs more
// than validating a hundred manifests.
//
//nolint:gochecknoglobals // never changes, and tests and benchmarks share it
var schemas = sync.OnceValues(compileSchemas)

func compileSchemas() (map[string]*jsonschema.Schema, error) {
	compiled := map[string]*jsonschema.Schema{}
	for _, name := range []string{kindRelease, kindRuntime, kindConfig} {
		file := "schema/" + name + ".schema.json"
		data, err := schemaFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		content, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource(file, content); err != nil {
			return nil, fmt.Errorf("add %s: %w", file, err)
		}
		if compiled[name], err = compiler.Compile(file); err != nil {
			return nil, fmt.Errorf("compile %s: %w", file, err)
		}
	}
	return compiled, nil
}

// validate returns what in a document does not fit the schema of a kind: one
// finding a problem, in the order of the file.
func (d *document) validate(kindName string) ([]scorecard.Finding, error) {
	compiled, err := schemas()
	if err != nil {
		return nil, err
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](compiled[kindName].Validate(d.root.untyped()))
	if !ok {
		return nil, nil
	}
	violations := &violations{document: d, schema: compiled[kindName]}
	violations.add(invalid)
	slices.SortStableFunc(violations.findings, func(a, b scorecard.Finding) int {
		return cmp.Or(comparePositions(a.Position, b.Position), strings.Compare(a.Message, b.Message))
	})
	return violations.findings, nil
}

// violations turns the validator's errors into findings.
type violations struct {
	*document
	schema   *jsonschema.Schema
	findings []scorecard.Finding
}

// add descends to the errors that say something; what lies below a choice says
// nothing of its own.
func (v *violations) add(invalid *jsonschema.ValidationError) {
	location := invalid.InstanceLocation
	switch problem := invalid.ErrorKind.(type) {
	case *violation.AdditionalProperties:
		v.unknownFields(location, problem.Properties)
	case *violation.Required:
		v.missing(location, problem.Missing, " has no ")
	case *violation.DependentRequired:
		v.missing(location, problem.Missing, " has "+problem.Prop+" but no ")
	case *violation.AnyOf:
		v.missing(location, []string{strings.Join(choices(invalid), " or ")}, " needs ")
	case *violation.FalseSchema:
		v.excluded(invalid)
	case *violation.Type:
		v.wrongType(location, problem)
	default:
		if len(invalid.Causes) == 0 {
			v.wrongValue(invalid)
		}
		for _, cause := range invalid.Causes {
			v.add(cause)
		}
	}
}

func (v *violations) report(id string, at scorecard.Position, message, expected, found, remedy string) {
	f := newFinding(id, at, message, remedy)
	f.Expected, f.Found = expected, found
	v.findings = append(v.findings, f)
}

func (v *violations) unknownFields(parent, names []string) {
	known := slices.Sorted(maps.Keys(schemaAt(v.schema, parent).Properties))
	for _, name := range names {
		message, expected, remedy := "unknown field "+quoted("", name), "one of "+strings.Join(known, ", "), "remove the field"
		if near := nearest(name, known); near != "" {
			message += fmt.Sprintf(" (did you mean %q?)", near)
			expected, remedy = near, "write "+near+" instead of "+strconv.Quote(name)
		}
		v.report(idUnknownField, v.nameOf(parent, name), message, expected, name, remedy)
	}
}

// nameOf is where the name of a field stands.
func (d *document) nameOf(parent []string, name string) scorecard.Position {
	current := d.find(parent)
	for _, f := range current.fields {
		if f.name == name {
			return d.at(f.place)
		}
	}
	return d.at(current.place)
}

func (v *violations) missing(parent, names []string, relation string) {
	for _, name := range names {
		pointer := pointerOf(parent)
		v.report(idMissingField, v.position(pointer), dotted(pointer)+relation+name, name, "", "add "+name)
	}
}

// excluded reports a field that another one makes meaningless. The schemas say so
// in dependentSchemas, by the name of the other.
func (v *violations) excluded(invalid *jsonschema.ValidationError) {
	location := invalid.InstanceLocation
	_, after, _ := strings.Cut(invalid.SchemaURL, "/dependentSchemas/")
	other, _, _ := strings.Cut(after, "/")
	name := location[len(location)-1]
	v.report(idConflict, v.nameOf(location[:len(location)-1], name),
		fmt.Sprintf("%s cannot stand beside %s", dotted(pointerOf(location)), other), "", name,
		fmt.Sprintf("keep either %s or %s", name, other))
}

func (v *violations) wrongType(location []string, problem *violation.Type) {
	pointer := pointerOf(location)
	want := typeNames(problem.Want)
	found := v.find(location)
	if found.kind == null {
		v.noValue(pointer, want)
		return
	}
	remedy := "write " + want
	if found.scalar() && want == typeNames([]string{"string"}) {
		remedy = "put the value in quotes"
	}
	v.report(idWrongType, v.position(pointer), fmt.Sprintf("%s is %s, not %s", dotted(pointer), described(pointer, found), want),
		want, found.kind.String(), remedy)
}

func (v *violations) noValue(pointer, want string) {
	v.report(idWrongType, v.position(pointer), dotted(pointer)+" has no value", want, null.String(), "give it a value, or remove it")
}

func (v *violations) wrongValue(invalid *jsonschema.ValidationError) {
	location := invalid.InstanceLocation
	pointer := pointerOf(location)
	found := v.find(location)
	want := schemaAt(v.schema, location).Title
	switch problem := invalid.ErrorKind.(type) {
	case *violation.Enum:
		want = "one of " + joined(problem.Want)
	case *violation.Const:
		want = fmt.Sprint(problem.Want)
	}
	if found.kind == null {
		v.noValue(pointer, want)
		return
	}
	v.report(idWrongValue, v.position(pointer), fmt.Sprintf("%s is %s, not %s", dotted(pointer), described(pointer, found), want),
		want, redactValue(pointer, found.text), "write "+want)
}

// find is the value at unescaped tokens; nil where there is none.
func (d *document) find(location []string) *value {
	current := d.root
	for _, token := range location {
		if current, _ = current.step(token); current == nil {
			return nil
		}
	}
	return current
}

// schemaAt is the schema of the value at a location.
func schemaAt(schema *jsonschema.Schema, location []string) *jsonschema.Schema {
	for _, token := range location {
		for schema.Ref != nil {
			schema = schema.Ref
		}
		below, known := schema.Properties[token]
		if additional, ok := schema.AdditionalProperties.(*jsonschema.Schema); !known && ok {
			below = additional
		} else if !known {
			below = schema.Items2020
		}
		schema = below
	}
	for schema.Ref != nil && schema.Title == "" {
		schema = schema.Ref
	}
	return schema
}

// choices are the fields of which one is required.
func choices(invalid *jsonschema.ValidationError) []string {
	var names []string
	for _, cause := range invalid.Causes {
		if required, ok := cause.ErrorKind.(*violation.Required); ok {
			names = append(names, required.Missing...)
		}
	}
	return names
}

// nearest is the known name that a misspelt one was meant to be; empty where none is near.
func nearest(name string, known []string) string {
	best, bestDistance := "", min(max(2, len(name)/3), len(name)/2)+1
	for _, candidate := range known {
		distance := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate))
		if distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

func typeNames(want []string) string {
	names := map[string]string{
		"string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
		"array": "a list", "object": "a map",
	}
	if len(want) > 1 { // the schemas combine only the scalars
		return "a single value"
	}
	return names[want[0]]
}

// described is a value in a message: texts quoted, other scalars as they are
// written, lists and maps by what they are.
func described(pointer string, v *value) string {
	switch {
	case v.kind == text && v.text == "":
		return "empty"
	case v.kind == text:
		return quoted(pointer, v.text)
	case v.scalar():
		return redactValue(pointer, v.text)
	default:
		return v.kind.String()
	}
}

func joined(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// dotted is a pointer as people write it: /spec/plugins/0/maven is spec.plugins[0].maven.
func dotted(pointer string) string {
	var path strings.Builder
	for _, token := range tokens(pointer) {
		if _, err := strconv.Atoi(token); err == nil {
			path.WriteString("[" + token + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(token)
	}
	if path.Len() == 0 {
		return "the file"
	}
	return path.String()
}

func comparePositions(a, b scorecard.Position) int {
	return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
}
