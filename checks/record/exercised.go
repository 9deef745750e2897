package record

import (
	"regexp"
	"strings"
	"unicode"
)

// kinds are what samples can exercise, in the order in which they are reported.
func kinds() []string {
	return []string{
		"insert", "update", "delete", "tombstone", "null", "default", "timestamp", "decimal", "enum", "unicode", "header",
	}
}

// Exercised says which of insert, update, delete, tombstone, null, default,
// timestamp, decimal, enum, unicode and header the samples exercise, and which
// they do not. A value is an update, and a tombstone or a Debezium op d a
// delete, only for a key that is there from earlier samples of its topic;
// without keyFields the whole key counts. Types come from Connect schemas; in
// plain JSON, text in the form of ISO 8601 counts as a timestamp.
func Exercised(samples []Sample, keyFields []string) (exercised, missing []string) {
	found := survey{}
	there := map[string]bool{}
	for _, sample := range samples {
		found.operation(sample, keyFields, there)
		found.contents(sample)
	}
	for _, kind := range kinds() {
		if found[kind] {
			exercised = append(exercised, kind)
		} else {
			missing = append(missing, kind)
		}
	}
	return exercised, missing
}

// survey holds the kinds that were found.
type survey map[string]bool

// operation notes what a sample does to its row, and whether the row is there afterwards.
func (s survey) operation(sample Sample, keyFields []string, there map[string]bool) {
	identity, known := sample.Identity(keyFields)
	row := sample.Topic + "\x00" + identity
	removes := sample.Value == nil || decode(sample.Value).operation() == "d"
	switch {
	case removes && there[row]:
		s["delete"] = true
	case !removes && there[row]:
		s["update"] = true
	case !removes:
		s["insert"] = true
	}
	if sample.Value == nil {
		s["tombstone"] = true
	}
	there[row] = known && !removes
}

// contents notes what a sample holds.
func (s survey) contents(sample Sample) {
	for _, text := range [][]byte{sample.Key, sample.Value} {
		if text == nil {
			continue
		}
		for _, image := range decode(text).images() {
			s.value(image.schema, image.value)
		}
	}
	if len(sample.Headers) > 0 {
		s["header"] = true
	}
}

func (s survey) value(schema *schema, value any) {
	if schema != nil && len(schema.Default) > 0 && string(schema.Default) != "null" {
		s["default"] = true
	}
	if value == nil {
		s["null"] = true
		return
	}
	if schema != nil {
		s[logicalKind(schema.Name)] = true
	}
	switch value := value.(type) {
	case string:
		s.text(schema, value)
	case []any:
		for _, element := range value {
			s.value(items(schema), element)
		}
	case map[string]any:
		s.object(schema, value)
	}
}

func (s survey) text(schema *schema, text string) {
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) {
		s["unicode"] = true
	}
	if (schema == nil || schema.Type == "string") && timestampPattern.MatchString(text) {
		s["timestamp"] = true
	}
}

// object goes by the schema's fields where it is a struct, so that a field left out counts as null.
func (s survey) object(schema *schema, object map[string]any) {
	if schema != nil && len(schema.Fields) > 0 {
		for _, field := range schema.Fields {
			if field != nil {
				s.value(field, object[field.Field])
			}
		}
		return
	}
	for _, value := range object {
		s.value(values(schema), value)
	}
}

func items(s *schema) *schema {
	if s == nil {
		return nil
	}
	return s.Items
}

func values(s *schema) *schema {
	if s == nil {
		return nil
	}
	return s.Values
}

// logicalKind sorts the logical types of Connect and Debezium; empty: neither of these.
func logicalKind(name string) string {
	switch name {
	case "org.apache.kafka.connect.data.Timestamp", "org.apache.kafka.connect.data.Date", "org.apache.kafka.connect.data.Time":
		return "timestamp"
	case "org.apache.kafka.connect.data.Decimal", "io.debezium.data.VariableScaleDecimal":
		return "decimal"
	case "io.debezium.data.Enum", "io.debezium.data.EnumSet":
		return "enum"
	}
	if strings.HasPrefix(name, "io.debezium.time.") {
		return "timestamp"
	}
	return ""
}

// timestampPattern is a date, or a date and a time with or without a zone, of ISO 8601.
var timestampPattern = regexp.MustCompile(`^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?$`)
