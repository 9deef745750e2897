package record_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectgate/connectgate/checks/record"
)

func TestIdentity(t *testing.T) {
	cases := []struct {
		name, line string
		fields     []string
		want       string // empty: none
	}{
		{"comes from an envelope's key", envelope(`{"id":1}`, `{"id":2}`), []string{"id"}, "id=1"},
		{"of a tombstone comes from its key", envelope(`{"id":3}`, ""), []string{"id"}, "id=3"},
		{"keeps numbers as written", `{"key":{"id":1.10}}`, []string{"id"}, "id=1.10"},
		{"comes from the value where the key has no such field", `{"key":{"x":1},"value":{"id":"a"}}`, []string{"id"}, "id=a"},
		{"mixes key and value in the declared order", `{"key":{"id":1},"value":{"tenant":"acme"}}`, []string{"tenant", "id"}, "tenant=acme,id=1"},
		{"comes from a Debezium envelope's after", `{"value":{"op":"u","before":{"id":1},"after":{"id":2}}}`, []string{"id"}, "id=2"},
		{"comes from before where after is null", `{"value":{"op":"d","before":{"id":1},"after":null}}`, []string{"id"}, "id=1"},
		{"is a scalar key for the only field", `{"key":"42","value":{"id":42}}`, []string{"id"}, "id=42"},
		{"is the whole key without declared fields", `{"key":{"b":1,"a":{"c":[1]}}}`, nil, `a={"c":[1]},b=1`},
		{"is a scalar key without declared fields", `{"key":true}`, nil, "key=true"},
		{"escapes what cannot be seen", `{"key":"a\u001bb"}`, nil, `key="a\x1bb"`},
		{"shows null", `{"key":{"id":null}}`, []string{"id"}, "id=null"},
		{"is missing without key", `{"value":{"x":1}}`, nil, ""},
		{"is missing where a field is", `{"key":{"id":1},"value":{}}`, []string{"id", "region"}, ""},
		{"is not a scalar key for one of two fields", `{"key":1,"value":{"id":1}}`, []string{"id", "region"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := read(t, c.line)[0].Identity(c.fields)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("identity is %q, %v, want %q", got, ok, c.want)
			}
		})
	}
}

func TestExercised(t *testing.T) {
	typed := func(field, value string) string {
		return `{"value":{"schema":{"type":"struct","fields":[{"field":"f",` + field + `}]},"payload":{` + value + `}}}`
	}
	cases := []struct {
		name   string
		lines  []string
		fields []string
		want   []string
	}{
		{
			"the tombstone scenario updates and deletes",
			[]string{envelope(`{"id":1}`, `{"id":1,"name":"ann"}`), envelope(`{"id":1}`, `{"id":1,"name":"bob"}`), envelope(`{"id":1}`, "")},
			[]string{"id"},
			[]string{"insert", "update", "delete", "tombstone"},
		},
		{
			"without tombstones nothing is deleted",
			[]string{envelope(`{"id":1}`, `{"id":1,"name":"ann"}`), envelope(`{"id":1}`, `{"id":1,"name":"bob"}`)},
			[]string{"id"},
			[]string{"insert", "update"},
		},
		{"the whole key counts without key fields", []string{`{"key":1,"value":1}`, `{"key":1,"value":2}`}, nil, []string{"insert", "update"}},
		{"a tombstone for an unknown key deletes nothing", []string{`{"key":1}`}, nil, []string{"tombstone"}},
		{"a second tombstone deletes nothing", []string{`{"key":1,"value":1}`, `{"key":1}`, `{"key":1,"value":2}`}, nil, []string{"insert", "delete", "tombstone"}},
		{"one key in two topics is two rows", []string{`{"key":1,"value":1,"topic":"a"}`, `{"key":1,"value":1,"topic":"b"}`}, nil, []string{"insert"}},
		{"without any key nothing is updated", []string{`{"value":1}`, `{"value":1}`}, nil, []string{"insert"}},
		{
			"Debezium's d deletes, and its null before is no null",
			[]string{debezium("c", "null", `{"id":1}`), debezium("d", `{"id":1}`, "null")},
			[]string{"id"},
			[]string{"insert", "delete"},
		},
		{"a field with null", []string{typed(`"type":"string","optional":true`, `"f":null`)}, nil, []string{"insert", "null"}},
		{"a field left out", []string{typed(`"type":"string","optional":true`, ``)}, nil, []string{"insert", "null"}},
		{"a null payload", []string{`{"value":{"schema":null,"payload":null}}`}, nil, []string{"insert", "null"}},
		{"a default", []string{typed(`"type":"int32","default":7`, `"f":1`)}, nil, []string{"insert", "default"}},
		{"a default of null is none", []string{typed(`"type":"int32","default":null`, `"f":1`)}, nil, []string{"insert"}},
		{"Connect's timestamp", []string{typed(`"type":"int64","name":"org.apache.kafka.connect.data.Timestamp"`, `"f":1`)}, nil, []string{"insert", "timestamp"}},
		{"Debezium's date", []string{typed(`"type":"int32","name":"io.debezium.time.Date"`, `"f":1`)}, nil, []string{"insert", "timestamp"}},
		{"a timestamp that is null is none", []string{typed(`"type":"int32","name":"io.debezium.time.Date"`, `"f":null`)}, nil, []string{"insert", "null"}},
		{"ISO 8601 text", []string{`{"value":{"a":["2024-02-29T10:00:00.5+01:00"]}}`}, nil, []string{"insert", "timestamp"}},
		{"a date in a map", []string{typed(`"type":"map","values":{"type":"string"}`, `"f":{"a":"2024-02-29"}`)}, nil, []string{"insert", "timestamp"}},
		{"decimals in an array", []string{typed(`"type":"array","items":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal"}`, `"f":["AA=="]`)}, nil, []string{"insert", "decimal"}},
		{"an enum", []string{typed(`"type":"string","name":"io.debezium.data.Enum"`, `"f":"A"`)}, nil, []string{"insert", "enum"}},
		{"escaped text beyond ASCII", []string{`{"value":"\u00e9"}`}, nil, []string{"insert", "unicode"}},
		{"text beyond ASCII in a key", []string{`{"key":"é","value":1}`}, nil, []string{"insert", "unicode"}},
		{"a header", []string{`{"value":1,"headers":{"a":"b"}}`}, nil, []string{"insert", "header"}},
		{"a schema that is no schema", []string{`{"value":{"schema":[],"payload":{"a":null}}}`}, nil, []string{"insert", "null"}},
		{
			"a column of a Debezium row with its schema",
			[]string{`{"value":{"schema":{"type":"struct","fields":[{"field":"after","type":"struct","fields":[{"field":"d","type":"int32","name":"io.debezium.time.Date"}]}]},` +
				`"payload":{"op":"c","before":null,"after":{"d":1}}}}`},
			nil,
			[]string{"insert", "timestamp"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			exercised, missing := record.Exercised(read(t, c.lines...), c.fields)
			if diff := cmp.Diff(c.want, exercised); diff != "" {
				t.Errorf("exercised (-want +got):\n%s", diff)
			}
			if len(exercised)+len(missing) != 11 {
				t.Errorf("exercised %v and missing %v are not all kinds", exercised, missing)
			}
		})
	}
}

func TestSentinel(t *testing.T) {
	const uuid = "123e4567-e89b-42d3-a456-426614174000"
	typed := func(kind, value string) string {
		return `{"key":{"schema":{"type":"struct","fields":[{"field":"id",` + kind + `}]},"payload":{"id":` + value + `}},"value":{"id":` + value + `}}`
	}
	cases := []struct {
		name   string
		lines  []string
		fields []string
		key    string // payload or plain; empty: none is possible
		value  string
	}{
		{"is above the highest integer", []string{`{"key":{"id":7},"value":{"id":7,"n":1.10}}`, `{"key":{"id":9}}`}, []string{"id"}, `{"id":10}`, `{"id":10,"n":1.10}`},
		{"clones the last sample with a value", []string{`{"key":1,"value":"a"}`, `{"key":2,"value":"b"}`, `{"key":3}`}, nil, `4`, `"b"`},
		{"leaves out a null payload", []string{`{"key":1,"value":"a"}`, `{"key":2,"value":{"schema":null,"payload":null}}`}, nil, `3`, `"a"`},
		{"is below the lowest where the type is full", []string{typed(`"type":"int8"`, "127")}, []string{"id"}, `{"id":126}`, `{"id":126}`},
		{"stays within 16 bits", []string{typed(`"type":"int16"`, "32767")}, []string{"id"}, `{"id":32766}`, `{"id":32766}`},
		{"stays within 32 bits of a schema", []string{typed(`"type":"int32"`, "2147483647")}, []string{"id"}, `{"id":2147483646}`, `{"id":2147483646}`},
		{"goes on within 64 bits", []string{typed(`"type":"int64"`, "2147483647")}, []string{"id"}, `{"id":2147483648}`, `{"id":2147483648}`},
		{"stays within 32 bits without a schema", []string{`{"key":2147483647,"value":1}`}, nil, `2147483646`, `1`},
		{"uses 64 bits where the samples do", []string{`{"key":2147483648,"value":1}`}, nil, `2147483649`, `1`},
		{"is not possible where the type is full", []string{typed(`"type":"int8"`, "127"), typed(`"type":"int8"`, "-128")}, []string{"id"}, "", ""},
		{"gives text a suffix", []string{`{"key":"a","value":{"id":"a"}}`, `{"key":"a-sentinel"}`}, []string{"id"}, `"a-sentinel-sentinel"`, `{"id":"a-sentinel-sentinel"}`},
		{
			"makes another UUID",
			[]string{`{"key":"` + uuid + `","value":"<&>"}`},
			nil,
			`"320159eb-e321-4112-884b-aaa0aa1164dd"`, `"<&>"`,
		},
		{"renews the last of several fields", []string{`{"key":{"tenant":"a","id":1},"value":{}}`}, []string{"tenant", "id"}, `{"id":2,"tenant":"a"}`, `{}`},
		{"renews another where the last cannot be", []string{`{"key":{"id":1,"day":"2024-02-29"},"value":{}}`}, []string{"id", "day"}, `{"day":"2024-02-29","id":2}`, `{}`},
		{"renews a field that stands in the value only", []string{`{"value":{"id":1}}`}, []string{"id"}, ``, `{"id":2}`},
		{
			"renews both images of a Debezium envelope",
			[]string{debezium("u", `{"id":1}`, `{"id":1}`), debezium("d", `{"id":1}`, "null")},
			[]string{"id"},
			`{"id":2}`, `{"after":{"id":2},"before":{"id":2},"op":"u","ts_ms":1}`,
		},
		{"is not possible for dates", []string{`{"key":"2024-02-29","value":1}`}, nil, "", ""},
		{"is not possible for enums", []string{typed(`"type":"string","name":"io.debezium.data.Enum"`, `"A"`)}, []string{"id"}, "", ""},
		{"is not possible for floats", []string{`{"key":1.5,"value":1}`}, nil, "", ""},
		{"is not possible for a float's schema", []string{typed(`"type":"double"`, "1")}, []string{"id"}, "", ""},
		{"is not possible for booleans", []string{`{"key":true,"value":1}`}, nil, "", ""},
		{"is not possible without a value", []string{`{"key":1}`}, nil, "", ""},
		{"is not possible without a key", []string{`{"value":1}`}, nil, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := record.Sentinel(read(t, c.lines...), c.fields)
			if ok != (c.value != "") {
				t.Fatalf("sentinel is %s, %s, %v", got.Key, got.Value, ok)
			}
			if diff := cmp.Diff([]string{c.key, c.value}, []string{payload(got.Key), payload(got.Value)}); diff != "" {
				t.Errorf("sentinel (-want +got):\n%s", diff)
			}
		})
	}
}
