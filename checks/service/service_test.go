package service

import (
	"strings"
	"testing"
	"time"

	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/google/go-cmp/cmp"
)

func TestStart_unknownSystem(t *testing.T) {
	_, err := Start(t.Context(), nil, Spec{Name: "db", System: release.System{System: "oracle"}})
	const want = `start database db: system "oracle" is not supported; supported: postgresql`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSystemOf(t *testing.T) {
	for _, name := range []string{"", "postgresql", "postgres", "PostgreSQL"} {
		t.Run("the system "+name+" is PostgreSQL", func(t *testing.T) {
			system, err := systemOf(name)
			if err != nil || system.port != 5432 {
				t.Errorf("got port %d, %v", system.port, err)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	spec := Spec{
		Image: stack.Image{Env: []string{"PGDATA=/data", "POSTGRES_USER=image", "EMPTY"}},
		Env:   map[string]string{"POSTGRES_USER": "trial"},
	}
	want := map[string]string{"PGDATA": "/data", "POSTGRES_USER": "trial", "EMPTY": ""}
	if diff := cmp.Diff(want, environment(spec)); diff != "" {
		t.Error(diff)
	}
}

func TestTimeout(t *testing.T) {
	if got := timeout(Spec{}); got != time.Minute {
		t.Errorf("without a limit it is %s", got)
	}
	if got := timeout(Spec{Timeout: time.Second}); got != time.Second {
		t.Errorf("a limit of a second is %s", got)
	}
}

func TestScriptError(t *testing.T) {
	tests := map[string]ScriptError{
		"db/init.sql:3: no such table": {File: "db/init.sql", Line: 3, Message: "no such table"},
		"db/init.sql: no such table":   {File: "db/init.sql", Message: "no such table"},
		"line 3: no such table":        {Line: 3, Message: "no such table"},
		"no such table":                {Message: "no such table"},
	}
	for want, err := range tests {
		t.Run(want, func(t *testing.T) {
			if got := err.Error(); got != want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestLineAt(t *testing.T) {
	tests := map[string]struct {
		position, want int
	}{
		"no position has no line":       {0, 0},
		"the first character":           {1, 1},
		"a line feed ends its line":     {2, 1},
		"what follows is the next line": {3, 2},
		"characters count, not bytes":   {5, 3},
		"behind the end":                {99, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lineAt("é\né\né", test.position); got != test.want {
				t.Errorf("got line %d, want %d", got, test.want)
			}
		})
	}
}

func TestStatements(t *testing.T) {
	tests := map[string]struct {
		script string
		want   []statement
	}{
		"nothing":                              {"", nil},
		"blanks, comments and empty ones":      {" ;\n-- a;\n/* b; /* c; */ d; */;", nil},
		"lines are those of the first word":    {"SELECT 1;\n\n-- x\n  SELECT\n2;\nSELECT 3", []statement{{"SELECT 1", 1}, {"SELECT\n2", 4}, {"SELECT 3", 6}}},
		"texts":                                {`SELECT 'a;''b;';SELECT E'\';'`, []statement{{`SELECT 'a;''b;'`, 1}, {`SELECT E'\';'`, 1}}},
		"names":                                {`SELECT "a;""b";SELECT 2`, []statement{{`SELECT "a;""b"`, 1}, {"SELECT 2", 1}}},
		"dollar quotes":                        {"DO $$ a; $b$ $$;DO $é$ $$;\n $é$;SELECT 2", []statement{{"DO $$ a; $b$ $$", 1}, {"DO $é$ $$;\n $é$", 1}, {"SELECT 2", 2}}},
		"parameters are no quotes":             {"SELECT $1;SELECT a$b$;SELECT 2", []statement{{"SELECT $1", 1}, {"SELECT a$b$", 1}, {"SELECT 2", 1}}},
		"rules of several statements":          {"CREATE RULE r AS ON INSERT TO t DO (a; b);SELECT 2", []statement{{"CREATE RULE r AS ON INSERT TO t DO (a; b)", 1}, {"SELECT 2", 1}}},
		"bodies of functions":                  {"CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN b END; END;SELECT 2", []statement{{"CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN b END; END", 1}, {"SELECT 2", 1}}},
		"blocks of a transaction":              {"BEGIN;SELECT CASE WHEN a THEN b END;END;SELECT 2", []statement{{"BEGIN", 1}, {"SELECT CASE WHEN a THEN b END", 1}, {"END", 1}, {"SELECT 2", 1}}},
		"what is never closed goes to the end": {"SELECT 1;SELECT $a$ ;", []statement{{"SELECT 1", 1}, {"SELECT $a$ ;", 1}}},
		"a comment that is never closed":       {"SELECT 1 /* ;", []statement{{"SELECT 1 /* ;", 1}}},
		"bytes that are no UTF-8":              {"SELECT '\xff'\xff;SELECT 2", []statement{{"SELECT '\xff'\xff", 1}, {"SELECT 2", 1}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, statements(test.script), cmp.AllowUnexported(statement{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStatement_readsData(t *testing.T) {
	for text, want := range map[string]bool{
		"copy public.a (id)\n from\tstdin": true,
		"COPY a FROM STDIN (FORMAT csv)":   true,
		"COPY a FROM '/tmp/stdin'":         false,
		"COPY a TO STDOUT":                 false,
		"SELECT 'COPY a FROM STDIN'":       false,
	} {
		t.Run(text, func(t *testing.T) {
			if got := (statement{text: text}).readsData(); got != want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func FuzzStatements(f *testing.F) {
	f.Add("SELECT 'a;' /* b; */; DO $$ c; $$;")
	f.Add("\xff$é$;(;)\"")
	f.Fuzz(func(t *testing.T, script string) {
		lines := 1 + strings.Count(script, "\n")
		for _, statement := range statements(script) {
			if statement.line < 1 || statement.line > lines || !strings.Contains(script, statement.text) || statement.text == "" {
				t.Errorf("%q at line %d", statement.text, statement.line)
			}
		}
	})
}
