package release

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestSchemas_matchTheTypes(t *testing.T) {
	compiled, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	for kindName, manifest := range map[string]any{kindRelease: Manifest{}, kindRuntime: RuntimeManifest{}, kindConfig: Config{}} {
		t.Run("every field of "+kindName+" is described, and every one described is read", func(t *testing.T) {
			described, read := map[string]bool{}, map[string]bool{}
			describedFields(compiled[kindName], "", described)
			readFields(reflect.TypeOf(manifest), "", read)
			if kindName == kindConfig {
				read["/apiVersion"], read["/kind"] = true, true // checked, and of no use afterwards
			}
			if diff := cmp.Diff(described, read); diff != "" {
				t.Errorf("fields differ (-schema +type):\n%s", diff)
			}
		})
	}
}

// describedFields collects the fields of a schema; * stands for any name or index.
func describedFields(schema *jsonschema.Schema, path string, fields map[string]bool) {
	for schema.Ref != nil {
		schema = schema.Ref
	}
	for name, below := range schema.Properties {
		if _, ring := map[string]bool{"1": true, "2": true, "3": true}[name]; ring {
			describedFields(below, path+"/*", fields)
			continue
		}
		fields[path+"/"+name] = true
		describedFields(below, path+"/"+name, fields)
	}
	if below, ok := schema.AdditionalProperties.(*jsonschema.Schema); ok {
		describedFields(below, path+"/*", fields)
	}
	if schema.Items2020 != nil {
		describedFields(schema.Items2020, path+"/*", fields)
	}
}

func readFields(of reflect.Type, path string, fields map[string]bool) {
	switch of.Kind() {
	case reflect.Pointer:
		readFields(of.Elem(), path, fields)
	case reflect.Slice, reflect.Map:
		readFields(of.Elem(), path+"/*", fields)
	case reflect.Struct:
		for field := range of.Fields() {
			if name := field.Tag.Get("json"); name != "" {
				fields[path+"/"+name] = true
				readFields(field.Type, path+"/"+name, fields)
			}
		}
	default:
	}
}

func TestSchemas_describeEveryField(t *testing.T) {
	for _, name := range []string{kindRelease, kindRuntime, kindConfig} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("schema/" + name + ".schema.json")
			if err != nil {
				t.Fatal(err)
			}
			var schema map[string]any
			if err := json.Unmarshal(data, &schema); err != nil {
				t.Fatal(err)
			}
			assertDescribed(t, name, schema)
		})
	}
}

// assertDescribed checks that every property has a description and that every
// object refuses other fields.
func assertDescribed(t *testing.T, path string, schema map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	if schema["type"] == "object" && schema["additionalProperties"] == nil {
		t.Errorf("%s allows unknown fields", path)
	}
	for name, below := range properties {
		below, ok := below.(map[string]any)
		if description, _ := below["description"].(string); ok && !strings.HasSuffix(description, ".") {
			t.Errorf("%s.%s has the description %q, want a sentence", path, name, description)
		}
		assertDescribed(t, path+"."+name, below)
	}
	for _, keyword := range []string{"items", "additionalProperties"} {
		if below, ok := schema[keyword].(map[string]any); ok {
			assertDescribed(t, path+"."+keyword, below)
		}
	}
	definitions, _ := schema["$defs"].(map[string]any)
	for name, below := range definitions {
		assertDescribed(t, path+"."+name, below.(map[string]any))
	}
}

func TestSchemas_theExampleHasEveryField(t *testing.T) {
	compiled, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	r := loadFull(t)
	present := map[string]bool{}
	presentFields(r.documents.manifest.root, compiled[kindRelease], "", present)
	described := map[string]bool{}
	describedFields(compiled[kindRelease], "", described)
	delete(described, "/spec/config") // it excludes the definition
	if diff := cmp.Diff(described, present); diff != "" {
		t.Errorf("fields differ (-schema +example):\n%s", diff)
	}
}

// presentFields collects the fields of a value as describedFields names them.
func presentFields(v *value, schema *jsonschema.Schema, path string, fields map[string]bool) {
	for schema.Ref != nil {
		schema = schema.Ref
	}
	for _, f := range v.fields {
		below := path + "/*"
		if schema.Properties[f.name] != nil {
			below = path + "/" + f.name
			fields[below] = true
		}
		presentFields(f.value, schemaAt(schema, []string{f.name}), below, fields)
	}
	for _, item := range v.items {
		presentFields(item, schemaAt(schema, []string{"0"}), path+"/*", fields)
	}
}

func TestFindings_areListedInTheReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("finding.go")
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(source), `"release/`) {
		id, _, found := strings.Cut(part, `"`)
		if found && !strings.ContainsAny(id, " \n") && !strings.Contains(string(readme), "| `release/"+id+"` |") {
			t.Errorf("README.md does not list release/%s", id)
		}
	}
}
