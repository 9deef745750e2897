package record_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/checks/record"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// read reads lines as one file of samples.
func read(t *testing.T, lines ...string) []record.Sample {
	t.Helper()
	samples, err := record.Read(tree(lines...), []string{"samples.jsonl"})
	if err != nil {
		t.Fatalf("read samples: %v", err)
	}
	return samples
}

func tree(lines ...string) fstest.MapFS {
	return fstest.MapFS{"samples.jsonl": {Data: []byte(strings.Join(lines, "\n"))}}
}

func TestReadKeepsWhatALineSays(t *testing.T) {
	got := read(
		t,
		"\ufeff"+`{"key": {"id": 1}, "value": {"price": 1.10, "big": 12345678901234567890}}`+"\r",
		``,
		`  {"key":"é","topic":"invoices","timestamp":"2024-02-29T12:00:00Z","headers":{"a":"x","b":null}}`,
		`{"value":{"schema":{"type":"string"},"payload":null},"timestamp":1700000000000,"headers":[{"key":"a","value":1},{"key":"a"}]}`,
		`{"key":1,"value":null,"headers":null,"timestamp":null}`,
		``,
	)
	want := []record.Sample{
		{File: "samples.jsonl", Line: 1, Key: raw(`{"id":1}`), Value: raw(`{"price":1.10,"big":12345678901234567890}`)},
		{
			File: "samples.jsonl", Line: 3, Topic: "invoices", Key: raw(`"é"`), Timestamp: 1709208000000,
			Headers: []record.Header{{Key: "a", Value: raw(`"x"`)}, {Key: "b"}},
		},
		{
			File: "samples.jsonl", Line: 4, Value: raw(`{"schema":{"type":"string"},"payload":null}`), Timestamp: 1700000000000,
			Headers: []record.Header{{Key: "a", Value: raw(`1`)}, {Key: "a"}},
		},
		{File: "samples.jsonl", Line: 5, Key: raw(`1`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func TestReadSaysWhereASampleIsWrong(t *testing.T) {
	cases := []struct{ name, line string }{
		{"an unquoted word", `{"key": 1, "value": yes}`},
		{"a line that ends early", `{"key": 1,`},
		{"two objects on a line", `{"key":1} {"key":2}`},
		{"no UTF-8", "{\"key\": \"\xff\"}"},
		{"an array", `[1, 2]`},
		{"an unknown field", `{"key": 1, "vlaue": {}}`},
		{"a field in other letters", `{"Key": 1}`},
		{"a column behind other than ASCII", `{"key": "éé", "vlaue": {}}`},
		{"a key that appears twice", `{"key": 1, "value": {"id": 1, "x": {"a": 1, "a": 2}}}`},
		{"a field that appears twice", `{"key": 1, "key": 1}`},
		{"a key that appears twice when unescaped", `{"value": {"a": 1, "\u0061": 2}}`},
		{"too deep nesting", `{"value": ` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`},
		{"neither key nor value", `{"topic": "t"}`},
		{"a topic that is no text", `{"key": 1, "topic": 7}`},
		{"a timestamp in words", `{"key": 1, "timestamp": "yesterday"}`},
		{"a timestamp before 1970", `{"key": 1, "timestamp": -1}`},
		{"headers that are text", `{"key": 1, "headers": "a=b"}`},
		{"headers with one name twice", `{"key": 1, "headers": {"a": 1, "a": 2}}`},
		{"a header that is text", `{"key": 1, "headers": ["a"]}`},
		{"a header with an unknown field", `{"key": 1, "headers": [{"key": "a", "val": 1}]}`},
		{"a header without a key", `{"key": 1, "headers": [{"value": 1}]}`},
		{"a header with a number for a key", `{"key": 1, "headers": [{"key": 2}]}`},
		{"control characters", "{\"key\": 1, \"a\\u001b[31m\": 1}"},
	}
	var text strings.Builder
	for _, c := range cases {
		_, err := record.Read(tree("", c.line), []string{"samples.jsonl"})
		var wrong *record.SampleError
		if !errors.As(err, &wrong) {
			t.Fatalf("%s: error is %v, want a *SampleError", c.name, err)
		}
		text.WriteString(c.name + "\n    " + wrong.Error() + "\n")
	}
	golden(t, "sample-errors.txt", text.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	at := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(at, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", at, diff)
	}
}

func TestReadKeepsToItsLimits(t *testing.T) {
	t.Run("a file of more than 1 MiB names the file", func(t *testing.T) {
		_, err := record.Read(tree(strings.Repeat(" ", 1<<20+1)), []string{"samples.jsonl"})
		var wrong *record.SampleError
		if !errors.As(err, &wrong) || wrong.Error() != "samples.jsonl: the file is larger than 1 MiB; split it" {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("more than 100,000 samples name the first too many", func(t *testing.T) {
		file := &fstest.MapFile{Data: []byte(strings.Repeat(`{"key":1}`+"\n", 60_000))}
		_, err := record.Read(fstest.MapFS{"a": file, "b": file}, []string{"a", "b"})
		var wrong *record.SampleError
		if !errors.As(err, &wrong) || wrong.Position.String() != "b:40001:1" {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("a file that is not there is no finding", func(t *testing.T) {
		_, err := record.Read(fstest.MapFS{}, []string{"gone"})
		var wrong *record.SampleError
		if err == nil || errors.As(err, &wrong) {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("a folder is no finding", func(t *testing.T) {
		if _, err := record.Read(fstest.MapFS{"d/x": {}}, []string{"d"}); err == nil {
			t.Error("no error")
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(`{"key":{"id":1},"value":{"a":[1,null,"x"]},"headers":[{"key":"a"}],"timestamp":1}`)
	f.Add(envelope(`{"id":1}`, `{"id":1,"name":"ann"}`))
	f.Fuzz(func(t *testing.T, line string) {
		samples, err := record.Read(tree(line), []string{"samples.jsonl"})
		if err != nil {
			return
		}
		record.Exercised(samples, []string{"id"})
		for _, fields := range [][]string{nil, {"id"}} {
			sentinel, ok := record.Sentinel(samples, fields)
			fresh, named := sentinel.Identity(fields)
			for _, sample := range samples {
				if old, _ := sample.Identity(fields); ok && (!named || fresh == old) {
					t.Errorf("sentinel %s of %s is no fresh %q", sentinel.Key, sample.Key, fresh)
				}
			}
		}
	})
}

// envelope is a sample as JsonConverter with schemas writes it; an empty value is a tombstone.
func envelope(key, value string) string {
	const (
		keySchema   = `{"type":"struct","fields":[{"field":"id","type":"int32"}]}`
		valueSchema = `{"type":"struct","fields":[{"field":"id","type":"int32"},{"field":"name","type":"string","optional":true}]}`
	)
	if value == "" {
		return `{"key":{"schema":` + keySchema + `,"payload":` + key + `},"value":null}`
	}
	return `{"key":{"schema":` + keySchema + `,"payload":` + key + `},"value":{"schema":` + valueSchema + `,"payload":` + value + `}}`
}

func debezium(operation, before, after string) string {
	return `{"key":{"id":1},"value":{"op":"` + operation + `","before":` + before + `,"after":` + after + `,"ts_ms":1}}`
}
