package policy

import (
	"encoding"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the generated files")

// TestSchema_matchesFacts keeps the published schema of the input in step with the
// Go structs that it is made of.
func TestSchema_matchesFacts(t *testing.T) {
	schema := schemaOf(reflect.TypeFor[input]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "What the rules of connectgate see of one release"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema/input.schema.json", string(text)+"\n")
}

// golden compares with a generated file, or rewrites it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale, run go test ./policy -update (-have +want):\n%s", file, diff)
	}
}

func schemaOf(typ reflect.Type) map[string]any {
	if typ.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return map[string]any{"type": "string"}
	}
	switch typ.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{map[string]any{"type": "null"}, schemaOf(typ.Elem())}}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(typ.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(typ.Elem())}
	case reflect.Struct:
		properties := map[string]any{}
		addProperties(properties, typ)
		return map[string]any{
			"type": "object", "properties": properties, "required": slices.Sorted(maps.Keys(properties)), "additionalProperties": false,
		}
	default:
		return map[string]any{"type": "string"}
	}
}

func addProperties(properties map[string]any, typ reflect.Type) {
	for field := range typ.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			addProperties(properties, field.Type)
			continue
		}
		properties[name] = schemaOf(field.Type)
	}
}
