package record

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// document is a key or a value: plain JSON, or the {schema, payload} envelope of
// Connect's JsonConverter, around a row, a scalar or a Debezium envelope.
type document struct {
	root any
	// schema is nil for plain JSON.
	schema *schema
}

// schema is a Connect schema as JsonConverter writes it.
type schema struct {
	Type     string          `json:"type"`
	Name     string          `json:"name"`  // logical name
	Field    string          `json:"field"` // name in the struct that holds it
	Optional bool            `json:"optional"`
	Default  json.RawMessage `json:"default"`
	Fields   []*schema       `json:"fields"` // of a struct
	Items    *schema         `json:"items"`  // of an array
	Values   *schema         `json:"values"` // of a map
}

// field is the schema of a struct's field; nil where there is none.
func (s *schema) field(name string) *schema {
	if s == nil {
		return nil
	}
	for _, field := range s.Fields {
		if field != nil && field.Field == name {
			return field
		}
	}
	return nil
}

// decode keeps numbers as written. Nothing (a nil text) has a nil root.
func decode(text json.RawMessage) document {
	var d document
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&d.root) != nil {
		return document{}
	}
	var envelope struct {
		Schema *schema `json:"schema"`
	}
	if d.wrapped() && json.Unmarshal(text, &envelope) == nil {
		d.schema = envelope.Schema
	}
	return d
}

func (d document) wrapped() bool {
	envelope, _ := d.root.(map[string]any)
	_, hasSchema := envelope["schema"]
	_, hasPayload := envelope["payload"]
	return hasSchema && hasPayload && len(envelope) == 2
}

func (d document) payload() any {
	if d.wrapped() {
		return d.root.(map[string]any)["payload"] //nolint:forcetypeassert // wrapped looked
	}
	return d.root
}

// replace puts another payload in place.
func (d *document) replace(payload any) {
	if envelope, ok := d.root.(map[string]any); ok && d.wrapped() {
		envelope["payload"] = payload
		return
	}
	d.root = payload
}

// text is the document as compact JSON, null as nil.
func (d document) text() json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if d.root == nil || encoder.Encode(d.root) != nil {
		return nil
	}
	return bytes.TrimSpace(text.Bytes())
}

// image is a row, or any other value that stands for one, with its schema.
type image struct {
	value  any
	schema *schema
}

// images are what the document says about rows: after and before of a Debezium
// envelope, in that order, where they are not null; otherwise the payload.
func (d document) images() []image {
	if d.operation() == "" {
		return []image{{d.payload(), d.schema}}
	}
	envelope, _ := d.payload().(map[string]any)
	var images []image
	for _, name := range []string{"after", "before"} {
		if row := envelope[name]; row != nil {
			images = append(images, image{row, d.schema.field(name)})
		}
	}
	return images
}

// operation is c, u, d, r or t of a Debezium envelope, and empty for anything else.
func (d document) operation() string {
	envelope, _ := d.payload().(map[string]any)
	_, before := envelope["before"]
	_, after := envelope["after"]
	operation, _ := envelope["op"].(string)
	if !before && !after {
		return ""
	}
	return operation
}

// field looks a field up in the first image that has it.
func (d document) field(name string) (image, bool) {
	for _, candidate := range d.images() {
		row, _ := candidate.value.(map[string]any)
		if value, ok := row[name]; ok {
			return image{value, candidate.schema.field(name)}, true
		}
	}
	return image{}, false
}

// scalar is the payload where it is neither object, array nor null.
func (d document) scalar() (image, bool) {
	switch d.payload().(type) {
	case nil, map[string]any, []any:
		return image{}, false
	}
	return image{d.payload(), d.schema}, true
}

// words shows a value as messages do: numbers as written, text bare unless it
// holds what cannot be seen.
func words(value any) string {
	switch value := value.(type) {
	case string:
		if quoted := strconv.Quote(value); strings.Contains(quoted, `\`) {
			return quoted
		}
		return value
	case nil:
		return "null"
	}
	return string(document{root: value}.text())
}
