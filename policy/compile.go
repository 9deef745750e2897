package policy

import (
	"context"
	_ "embed" // for the schema
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

//go:embed schema/input.schema.json
var inputSchema []byte

// capabilities are without builtins that reach out, leak the environment or make a
// decision unrepeatable.
func capabilities() *ast.Capabilities {
	forbidden := []string{
		"http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "uuid.rfc4122",
		"io.jwt.encode_sign", "io.jwt.encode_sign_raw",
	}
	allowed := ast.CapabilitiesForThisVersion()
	allowed.Builtins = slices.DeleteFunc(slices.Clone(allowed.Builtins), func(b *ast.Builtin) bool {
		return slices.Contains(forbidden, b.Name)
	})
	allowed.AllowNet = []string{} // nil would allow every host
	return allowed
}

// parse reads every module of a tree, by path.
func parse(tree fs.FS) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	options := ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: capabilities()}
	err := fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".rego") {
			return err
		}
		text, err := fs.ReadFile(tree, path)
		if err != nil {
			return err
		}
		modules[path], err = ast.ParseModuleWithOpts(path, string(text), options)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("parse rules: %w", err)
	}
	return modules, nil
}

func compile(ctx context.Context, modules map[string]*ast.Module) (*Engine, error) {
	rules, err := rulesOf(modules)
	if err != nil {
		return nil, err
	}
	compiler, err := newCompiler()
	if err != nil {
		return nil, err
	}
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("compile rules: %w", compiler.Errors)
	}
	query, err := rego.New(rego.Query("data.connectgate"), rego.Compiler(compiler)).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare rules: %w", err)
	}
	return &Engine{rules: rules, query: query}, nil
}

// newCompiler is strict and checks every use of the input against its schema.
func newCompiler() (*ast.Compiler, error) {
	var schema any
	if err := json.Unmarshal(inputSchema, &schema); err != nil {
		return nil, fmt.Errorf("read input schema: %w", err)
	}
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, schema)
	return ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities()).
		WithSchemas(schemas).WithUseTypeCheckAnnotations(true), nil
}
