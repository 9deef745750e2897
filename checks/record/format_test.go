package record_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/connectgate/connectgate/checks/record"
)

// payload is what an envelope holds, or the text itself.
func payload(text json.RawMessage) string {
	var envelope struct{ Schema, Payload json.RawMessage }
	if json.Unmarshal(text, &envelope) == nil && envelope.Payload != nil {
		return string(envelope.Payload)
	}
	return string(text)
}

func format(t *testing.T, class string) record.Format {
	t.Helper()
	f, err := record.FormatOf(class)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRecordEncodesForItsConverter(t *testing.T) {
	const own = "org.apache.kafka.connect."
	cases := []struct {
		name, class, json string
		want              []byte // nil: it does not suit
	}{
		{"JSON stays", own + "json.JsonConverter", `{"n": 1.10, "t": "<é>"}`, []byte(`{"n":1.10,"t":"<é>"}`)},
		{"text is bare", own + "storage.StringConverter", `"a\"é"`, []byte(`a"é`)},
		{"other JSON is text", own + "storage.StringConverter", `{"a": 1}`, []byte(`{"a":1}`)},
		{"bytes are base64", own + "converters.ByteArrayConverter", `"AAH/"`, []byte{0, 1, 255}},
		{"bytes are not numbers", own + "converters.ByteArrayConverter", `1`, nil},
		{"bytes are not words", own + "converters.ByteArrayConverter", `"é"`, nil},
		{"16 bits", own + "converters.ShortConverter", `-2`, []byte{255, 254}},
		{"32 bits", own + "converters.IntegerConverter", `258`, []byte{0, 0, 1, 2}},
		{"64 bits", own + "converters.LongConverter", `258`, []byte{0, 0, 0, 0, 0, 0, 1, 2}},
		{"more than 16 bits", own + "converters.ShortConverter", `32768`, nil},
		{"a long in words", own + "converters.LongConverter", `"1"`, nil},
		{"a float", own + "converters.FloatConverter", `1.5`, []byte{0x3f, 0xc0, 0, 0}},
		{"a double", own + "converters.DoubleConverter", `-1.5`, []byte{0xbf, 0xf8, 0, 0, 0, 0, 0, 0}},
		{"a double in words", own + "converters.DoubleConverter", `"x"`, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sample := read(t, `{"key":"k","value":`+c.json+`}`)[0]
			got, err := sample.Record(record.Formats{Value: format(t, c.class)})
			var wrong *record.SampleError
			if c.want == nil {
				if !errors.As(err, &wrong) || wrong.Position.Line != 1 {
					t.Errorf("error is %v, want a *SampleError with its line", err)
				}
				return
			}
			if err != nil || !cmp.Equal(got.Value, c.want) {
				t.Errorf("bytes are %v (%v), want %v", got.Value, err, c.want)
			}
		})
	}
}

func TestRecordCarriesEverything(t *testing.T) {
	sample := read(t, `{"key":1,"topic":"t","timestamp":1700000000000,"headers":{"a":"x","b":{"c": 1},"d":null}}`)[0]
	got, err := sample.Record(record.Formats{})
	if err != nil {
		t.Fatal(err)
	}
	want := &kgo.Record{
		Topic: "t", Key: []byte("1"), Timestamp: time.UnixMilli(1700000000000),
		Headers: []kgo.RecordHeader{{Key: "a", Value: []byte("x")}, {Key: "b", Value: []byte(`{"c":1}`)}, {Key: "d"}},
	}
	if diff := cmp.Diff(want.Headers, got.Headers); diff != "" || got.Topic != want.Topic || string(got.Key) != "1" || got.Value != nil || !got.Timestamp.Equal(want.Timestamp) {
		t.Errorf("record is %+v, want %+v\n%s", got, want, diff)
	}
}

func TestRecordNamesThePartThatIsWrong(t *testing.T) {
	long := format(t, "org.apache.kafka.connect.converters.LongConverter")
	cases := []struct {
		formats record.Formats
		want    string
	}{
		{record.Formats{Key: long}, `samples.jsonl:1: key must be an integer of 64 bits, as its converter takes, not {"id":"a"}`},
		{record.Formats{Value: long}, `samples.jsonl:1: value must be an integer of 64 bits, as its converter takes, not "b"`},
		{record.Formats{Header: long}, `samples.jsonl:1: header "h" must be an integer of 64 bits, as its converter takes, not "c"`},
	}
	for _, c := range cases {
		_, err := read(t, `{"key":{"id":"a"},"value":"b","headers":{"h":"c"}}`)[0].Record(c.formats)
		if err == nil || err.Error() != c.want {
			t.Errorf("error is %v, want %s", err, c.want)
		}
	}
}

func TestFormatOfRefusesWhatItCannotWrite(t *testing.T) {
	_, err := record.FormatOf("io.confluent.connect.avro.AvroConverter")
	const want = `converter "io.confluent.connect.avro.AvroConverter" is not supported yet: samples can be written for Connect's own converters only`
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
