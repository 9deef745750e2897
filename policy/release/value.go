package release

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// kind is what a value of a document is. YAML is read as JSON would be: a plain
// scalar is a null, a boolean or a number only in JSON's spelling and text
// otherwise, so that 0755, 1_000, yes and 2026-01-31 stay what they are.
type kind int

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

// String is the kind as messages name it.
func (k kind) String() string {
	switch k {
	case null:
		return "nothing"
	case boolean:
		return "true or false"
	case number:
		return "a number"
	case list:
		return "a list"
	case object:
		return "a map"
	case text:
	}
	return "text"
}

// place is where something stands in a file: a line and a column in runes, from 1.
type place struct{ line, column int }

// value is one node of a YAML or JSON document.
type value struct {
	place
	kind   kind
	text   string // of a scalar: as the file writes it, without quotes
	fields []field
	items  []*value
}

// field is a named value of an object; its place is that of the name.
type field struct {
	place
	name  string
	value *value
}

// document is one document of a file with the place of every value.
type document struct {
	file string
	root *value
}

// plainNumber leaves out exponents and long numbers, which nothing here needs and
// which are costly to compare exactly.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`)

// plainKind is the kind of a scalar without quotes.
func plainKind(scalar string) kind {
	switch {
	case scalar == "" || scalar == "~" || scalar == "null":
		return null
	case scalar == "true" || scalar == "false":
		return boolean
	case plainNumber.MatchString(scalar):
		return number
	default:
		return text
	}
}

func (v *value) scalar() bool { return v.kind < list }

// field is the value of that name; nil where v is not an object or has none.
func (v *value) field(name string) *value {
	for i := range v.fields {
		if v.fields[i].name == name {
			return v.fields[i].value
		}
	}
	return nil
}

// untyped is the value as JSON Schema validators take it.
func (v *value) untyped() any {
	switch v.kind {
	case null:
		return nil
	case boolean:
		return v.text == "true"
	case number:
		return json.Number(v.text)
	case list:
		items := make([]any, len(v.items))
		for i, item := range v.items {
			items[i] = item.untyped()
		}
		return items
	case object:
		fields := make(map[string]any, len(v.fields))
		for _, f := range v.fields {
			fields[f.name] = f.value.untyped()
		}
		return fields
	case text:
	}
	return v.text
}

// each calls yield for every scalar below v, in the order of the file.
func (v *value) each(pointer string, yield func(pointer string, scalar *value)) {
	if v.scalar() {
		yield(pointer, v)
	}
	for _, f := range v.fields {
		f.value.each(pointer+"/"+escape(f.name), yield)
	}
	for i, item := range v.items {
		item.each(pointer+"/"+strconv.Itoa(i), yield)
	}
}

// position is where the value of an RFC 6901 pointer stands: a scalar itself, an
// object, a list or nothing at its name. What is missing stands at its nearest parent.
func (d *document) position(pointer string) scorecard.Position {
	current, at := d.root, d.root.place
	for _, token := range tokens(pointer) {
		next, nextAt := current.step(token)
		if next == nil {
			break
		}
		current, at = next, nextAt
	}
	return d.at(at)
}

func (d *document) at(p place) scorecard.Position {
	return scorecard.Position{File: d.file, Line: p.line, Column: p.column}
}

// step is the value one token below v and its place; nil where there is none.
func (v *value) step(token string) (*value, place) {
	for _, f := range v.fields {
		if f.name != token {
			continue
		}
		if f.value.scalar() && f.value.kind != null {
			return f.value, f.value.place
		}
		return f.value, f.place
	}
	if index, err := strconv.Atoi(token); err == nil && index >= 0 && index < len(v.items) {
		return v.items[index], v.items[index].place
	}
	return nil, place{}
}

func escape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// tokens are the parts of an RFC 6901 pointer, unescaped.
func tokens(pointer string) []string {
	parts := strings.Split(pointer, "/")[1:]
	for i, part := range parts {
		parts[i] = unescape(part)
	}
	return parts
}

// pointerOf is the pointer of unescaped tokens.
func pointerOf(tokens []string) string {
	var pointer strings.Builder
	for _, token := range tokens {
		pointer.WriteString("/" + escape(token))
	}
	return pointer.String()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
