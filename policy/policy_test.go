package policy

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/connectgate/connectgate/policy/change"
	"github.com/connectgate/connectgate/policy/release"
	"github.com/connectgate/connectgate/policy/scorecard"
)

var now = time.Date(2026, 3, 29, 8, 0, 0, 0, time.UTC)

var digits = strings.Repeat("0123456789abcdef", 4)

const (
	manifestFile   = "releases/invoices-sink/release.yaml"
	definitionFile = "releases/invoices-sink/config.json"
	runtimeFile    = "runtimes/billing.yaml"
)

// good is a tree with one release that no rule complains about.
func good() fstest.MapFS {
	file := func(text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "DIGITS", digits))}
	}
	return fstest.MapFS{
		manifestFile: file(`apiVersion: connectgate/v1alpha1
kind: ConnectorRelease
metadata:
  name: invoices-sink
  owner: "@acme/billing"
spec:
  release: 2.4.0
  ring: 2
  definition: {path: config.json}
  artifact:
    class: io.debezium.connector.jdbc.JdbcSinkConnector
    plugins:
      - maven: "io.debezium:debezium-connector-jdbc:3.0.7.Final:plugin@tar.gz"
        sha256: DIGITS
  runtime: billing
  topics:
    input: [{name: invoices, retention: 168h}]
    deadLetter: {name: invoices.dlq}
  destination: {system: postgresql, version: "16", target: public.invoices}
  consumers:
    - {name: revenue-report, owner: "@acme/analytics", tolerates: [replay]}
  schema: {compatibility: BACKWARD, samples: samples/}
  contract: {key: [id], deletes: hard-delete}
  offsets: {policy: preserve}
  rollback: {to: 2.3.0}
  trial:
    services:
      db: {image: "example.org/postgres@sha256:DIGITS", env: {POSTGRES_PASSWORD: trial}}
    capture: {service: db, sql: SELECT 1}
`),
		definitionFile: file(`{"name": "invoices-sink", "config": {
  "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
  "topics": "invoices",
  "delete.enabled": "true",
  "errors.tolerance": "all",
  "errors.deadletterqueue.topic.name": "invoices.dlq"
}}
`),
		runtimeFile: file(`apiVersion: connectgate/v1alpha1
kind: ConnectRuntime
metadata: {name: billing, owner: "@acme/platform"}
spec:
  image: example.org/connect:3.9.1@sha256:DIGITS
  group: billing
  worker: {plugin.path: /plugins}
`),
		"releases/invoices-sink/samples/invoices.jsonl": file(`{"key": {"id": 1}, "value": {"id": 1}}` + "\n"),
	}
}

// head is good as an upgrade would leave it.
func head() fstest.MapFS {
	return edited(good(), manifestFile, "release: 2.4.0", "release: 2.4.1", "to: 2.3.0", "to: 2.4.0",
		"3.0.7.Final", "3.1.0.Final", "sha256: 0123", "sha256: 4567")
}

// edited replaces texts, in pairs of old and new, in one file.
func edited(tree fstest.MapFS, file string, pairs ...string) fstest.MapFS {
	text := strings.NewReplacer(pairs...).Replace(string(tree[file].Data))
	tree[file] = &fstest.MapFile{Data: []byte(text)}
	return tree
}

func load(tb testing.TB, tree fs.FS) *release.Estate {
	tb.Helper()
	estate, err := release.Load(tree, release.DefaultConfig())
	if err != nil {
		tb.Fatal(err)
	}
	return estate
}

// factsOf compares two trees with one release between them. A nil tree has none.
func factsOf(tb testing.TB, base, head fs.FS) Facts {
	tb.Helper()
	estates := [2]*release.Estate{}
	for i, tree := range []fs.FS{base, head} {
		if tree != nil {
			estates[i] = load(tb, tree)
		}
	}
	changed := change.Compare(estates[0], estates[1])
	if len(changed) != 1 {
		tb.Fatalf("%d changed releases, want 1", len(changed))
	}
	return Facts{
		Now: now, Base: changed[0].Base, Head: changed[0].Head, Changes: changed[0].Changes, Config: release.DefaultConfig(),
	}
}

func newEngine(tb testing.TB) *Engine {
	tb.Helper()
	engine, err := New(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return engine
}

func decide(tb testing.TB, facts Facts) Decision {
	tb.Helper()
	decision, err := newEngine(tb).Decide(tb.Context(), facts)
	if err != nil {
		tb.Fatal(err)
	}
	return decision
}

func TestDecide_findsNothingInAGoodUpgrade(t *testing.T) {
	decision := decide(t, factsOf(t, good(), head()))
	for _, finding := range decision.Findings {
		t.Errorf("%s: %s [%s]", finding.Position, finding.Message, finding.ID)
	}
	for _, rule := range decision.Rules {
		if rule.Status == scorecard.Fail {
			t.Errorf("%s: %s", rule.ID, rule.Status)
		}
		t.Log(rule.ID, rule.Status, rule.Summary, rule.Required)
	}
}
