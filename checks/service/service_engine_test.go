//go:build engine

package service_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/connectgate/connectgate/checks/service"
	"github.com/connectgate/connectgate/checks/stack"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/google/go-cmp/cmp"
)

// images is written by make images.
const images = "../../.build/images.json"

// fixture is a PostgreSQL image and a stack to run it in. Both end with the test.
func fixture(t *testing.T) (*stack.Stack, stack.Image) {
	t.Helper()
	engine, err := stack.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	image, err := engine.Resolve(t.Context(), reference(t, "postgresql"))
	if err != nil {
		t.Fatal(err)
	}
	started, err := engine.Start(t.Context(), stack.Spec{Run: "service-test", Lane: "F"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := started.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return started, image
}

func reference(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(images)
	if err != nil {
		t.Fatalf("%v; run make images", err)
	}
	var built []struct{ Name, Version, Reference string }
	if err := json.Unmarshal(text, &built); err != nil {
		t.Fatal(err)
	}
	for _, image := range built {
		if image.Name == name {
			return image.Reference
		}
	}
	t.Fatalf("%s has no image %s; run make images", images, name)
	return ""
}

// start starts a database with the scripts, named by their number.
func start(t *testing.T, scripts ...string) *service.Database {
	t.Helper()
	in, image := fixture(t)
	spec := service.Spec{
		Name: "db", Image: image, System: release.System{System: "postgresql"},
		Env: map[string]string{"POSTGRES_USER": "trial", "POSTGRES_PASSWORD": "it's a secret", "POSTGRES_DB": "invoices"},
	}
	for i, script := range scripts {
		spec.Init = append(spec.Init, service.Script{Name: fmt.Sprintf("%d.sql", i+1), SQL: script})
	}
	database, err := service.Start(t.Context(), in, spec)
	if err != nil {
		t.Fatal(err)
	}
	return database
}

const everyKind = "\ufeff" + `CREATE TABLE invoices (id int PRIMARY KEY, name varchar(20), price numeric(10,2), at timestamptz, raw bytea, doc jsonb, ok boolean);
INSERT INTO invoices VALUES
	(10, 'ten', 1.5, '2024-01-01 12:00+02', '\x00ff', '{"a": 1}', true),
	(2, NULL, NULL, NULL, NULL, NULL, NULL),
	(3, '', 0.1, 'infinity', '', 'null', false);
CREATE TABLE "Odd ""name" (ratio float8, word text COLLATE "C");
INSERT INTO "Odd ""name" VALUES (0.1, 'b'), ('NaN', E'a\nb'), (NULL, 'é');`

const everyPlace = `CREATE SCHEMA other;
CREATE TYPE other.mood AS ENUM ('glad', 'sad');
CREATE TABLE other.moods (mood other.mood, words text[]);
INSERT INTO other.moods VALUES ('sad', '{x,NULL,"y z"}');
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
INSERT INTO parts VALUES (3);
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
CREATE VIEW seen AS SELECT 1;
ALTER DATABASE invoices SET timezone = 'Europe/Paris';
ALTER DATABASE invoices SET datestyle = 'German';`

func TestDatabase(t *testing.T) {
	database := start(t, everyKind, everyPlace)
	if database.Container().Started <= 0 {
		t.Error("the container does not say how long it took to start")
	}
	t.Run("every table is read as the server prints it", func(t *testing.T) { readsTables(t, database) })
	t.Run("queries keep their order and their types", func(t *testing.T) { readsQueries(t, database) })
	t.Run("a query that is wrong is the query's fault", func(t *testing.T) { refusesQueries(t, database) })
	t.Run("more than fits is said", func(t *testing.T) { saysLimits(t, database) })
	t.Run("a database that is gone is no fault of the query", func(t *testing.T) {
		if err := database.Container().Stop(t.Context(), 5*time.Second); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond) // no answer comes at all
		defer cancel()
		_, err := database.Query(ctx, "SELECT 1")
		_, isScript := errors.AsType[*service.ScriptError](err)
		if err == nil || isScript || !strings.HasPrefix(err.Error(), "query database db: connect to PostgreSQL as trial") {
			t.Errorf("a query answers %v", err)
		}
		if _, err := database.Tables(ctx); err == nil || !strings.HasPrefix(err.Error(), "read database db: ") {
			t.Errorf("reading tables answers %v", err)
		}
	})
}

func null() service.Value            { return service.Value{Null: true} }
func text(text string) service.Value { return service.Value{Text: text} }

func readsTables(t *testing.T, database *service.Database) {
	t.Helper()
	got, err := database.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []service.Table{
		{
			Name: "other.moods", Columns: []service.Column{{Name: "mood", Type: "other.mood"}, {Name: "words", Type: "text[]"}},
			Rows: [][]service.Value{{text("sad"), text(`{x,NULL,"y z"}`)}},
		},
		{
			Name: `public.Odd "name`, Columns: []service.Column{{Name: "ratio", Type: "double precision"}, {Name: "word", Type: "text"}},
			Rows: [][]service.Value{{null(), text("é")}, {text("0.1"), text("b")}, {text("NaN"), text("a\nb")}},
		},
		{
			Name: "public.invoices",
			Columns: []service.Column{
				{Name: "id", Type: "integer"},
				{Name: "name", Type: "character varying(20)"},
				{Name: "price", Type: "numeric(10,2)"},
				{Name: "at", Type: "timestamp with time zone"},
				{Name: "raw", Type: "bytea"},
				{Name: "doc", Type: "jsonb"},
				{Name: "ok", Type: "boolean"},
			},
			Rows: [][]service.Value{
				{text("10"), text("ten"), text("1.50"), text("2024-01-01 10:00:00+00"), text(`\x00ff`), text(`{"a": 1}`), text("t")},
				{text("2"), null(), null(), null(), null(), null(), null()},
				{text("3"), text(""), text("0.10"), text("infinity"), text(`\x`), text("null"), text("f")},
			},
		},
		{Name: "public.nothing", Rows: [][]service.Value{{}}},
		{Name: "public.parts", Columns: []service.Column{{Name: "id", Type: "integer"}}, Rows: [][]service.Value{{text("3")}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func readsQueries(t *testing.T, database *service.Database) {
	t.Helper()
	got, err := database.Query(t.Context(), "SELECT id, upper(name) AS name, 1::numeric(4,1) FROM invoices ORDER BY id DESC LIMIT 2;")
	if err != nil {
		t.Fatal(err)
	}
	want := service.Table{
		Columns: []service.Column{{Name: "id", Type: "integer"}, {Name: "name", Type: "text"}, {Name: "numeric", Type: "numeric(4,1)"}},
		Rows:    [][]service.Value{{text("10"), text("TEN"), text("1.0")}, {text("3"), text(""), text("1.0")}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func refusesQueries(t *testing.T, database *service.Database) {
	t.Helper()
	for sql, want := range map[string]string{
		"SELECT\n\nnope FROM invoices":     `line 3: column "nope" does not exist`,
		"SELECT 1/0":                       "division by zero",
		"DELETE FROM invoices":             "cannot execute DELETE in a read-only transaction",
		"SELECT 1; SELECT 2":               "the query has several results; give one SELECT",
		"":                                 "the query returns no columns; give one SELECT",
		"COPY invoices TO STDOUT":          "the query returns no columns; give one SELECT",
		"SELECT id FROM invoices; SELEC 1": `line 1: syntax error at or near "SELEC"`,
	} {
		t.Run(sql, func(t *testing.T) {
			_, err := database.Query(t.Context(), sql)
			refused, ok := errors.AsType[*service.ScriptError](err)
			if !ok || refused.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func saysLimits(t *testing.T, database *service.Database) {
	t.Helper()
	for sql, want := range map[string]int{
		"SELECT generate_series(1, 10000)":                        10_000,
		"SELECT generate_series(1, 10001)":                        10_000,
		"SELECT repeat('x', 20000000) FROM generate_series(1, 5)": 3,
	} {
		t.Run(sql, func(t *testing.T) {
			table, err := database.Query(t.Context(), sql)
			if err != nil || len(table.Rows) != want || table.Truncated == strings.HasSuffix(sql, " 10000)") {
				t.Errorf("got %d rows, truncated %t, %v", len(table.Rows), table.Truncated, err)
			}
		})
	}
}

func TestTables_manyAndLarge(t *testing.T) {
	database := start(t, `CREATE TABLE a_large AS SELECT generate_series(1, 10001) AS id;
DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('CREATE TABLE t%s AS SELECT 1 AS id', lpad(i::text, 3, '0')); END LOOP; END $$;`)
	tables, err := database.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) != 201 {
		t.Fatalf("got %d tables", len(tables))
	}
	if large := tables[0]; len(large.Rows) != 10_000 || !large.Truncated {
		t.Errorf("the large table has %d rows, truncated %t", len(large.Rows), large.Truncated)
	}
	if diff := cmp.Diff([][]service.Value{{text("1")}}, tables[199].Rows); diff != "" {
		t.Errorf("the last table that is read: %s", diff)
	}
	if diff := cmp.Diff(service.Table{Name: "public.t200", Truncated: true}, tables[200]); diff != "" {
		t.Errorf("the table after it: %s", diff)
	}
}

func TestStart_scripts(t *testing.T) {
	in, image := fixture(t)
	number := 0
	for script, want := range map[string]string{
		"CREATE TABLE a (id int);\n-- é\nCREATE TABL b":                       `x.sql:3: syntax error at or near "TABL"`,
		"CREATE TABLE a (id int);\n\nCREATE TABLE a (id int);":                `x.sql:3: relation "a" already exists`,
		"CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO a VALUES (1), (1)": `x.sql:2: duplicate key value violates unique constraint "a_pkey" (Key (id)=(1) already exists.)`,
		"CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n\\.\n":              "x.sql:2: COPY FROM STDIN has its rows outside SQL; use INSERT (pg_dump --inserts)",
		"SELECT pg_terminate_backend(pg_backend_pid())":                       "",
	} {
		number++
		name := fmt.Sprintf("db%d", number)
		t.Run(script, func(t *testing.T) {
			_, err := service.Start(t.Context(), in, service.Spec{Name: name, Image: image, Env: map[string]string{"POSTGRES_PASSWORD": "x"}, Init: []service.Script{
				{Name: "good.sql", SQL: "SELECT 1"}, {Name: "x.sql", SQL: script},
			}})
			refused, ok := errors.AsType[*service.ScriptError](err)
			if ok != (want != "") || err == nil || ok && refused.Error() != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestStart_doesNotComeUp(t *testing.T) {
	in, image := fixture(t)
	t.Run("one that ends says with which status, and its last lines", func(t *testing.T) {
		_, err := service.Start(t.Context(), in, service.Spec{Name: "ends", Image: image})
		ended, ok := errors.AsType[*stack.ExitError](err)
		if !ok || ended.Code == 0 || len(ended.Log) == 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("one that does not answer says what its last lines were", func(t *testing.T) {
		_, err := service.Start(t.Context(), in, service.Spec{
			Name: "silent", Image: image, Env: map[string]string{"POSTGRES_PASSWORD": "x", "PGPORT": "5433"}, Timeout: 3 * time.Second,
		})
		late, ok := errors.AsType[*stack.NotReadyError](err)
		if !ok || len(late.Log) == 0 || !strings.Contains(err.Error(), "connect to PostgreSQL as postgres") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a context that ends is the reason", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		interrupted := errors.New("interrupted")
		cancel(interrupted)
		_, err := service.Start(ctx, in, service.Spec{Name: "stopped", Image: image})
		if !errors.Is(err, interrupted) && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
