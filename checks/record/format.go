package record

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// Format turns a sample's JSON into the bytes that a converter reads. Make one
// with [FormatOf]; the zero Format is that of StringConverter.
type Format struct {
	encode func(json.RawMessage) ([]byte, error)
}

// Formats are those of a release's converters. Header is that of its header
// converter; the zero Format suits SimpleHeaderConverter, the default.
type Formats struct {
	Key, Value, Header Format
}

// FormatOf is the format of a converter, by its class. JSON stays as it is, text
// becomes bare text, bytes are written as base64 in the sample, numbers are big
// endian. An error says that the converter is not supported.
func FormatOf(converterClass string) (Format, error) {
	switch converterClass {
	case "org.apache.kafka.connect.json.JsonConverter":
		return Format{asJSON}, nil
	case "org.apache.kafka.connect.storage.StringConverter", "org.apache.kafka.connect.storage.SimpleHeaderConverter":
		return Format{asText}, nil
	case "org.apache.kafka.connect.converters.ByteArrayConverter":
		return Format{asBytes}, nil
	case "org.apache.kafka.connect.converters.ShortConverter":
		return Format{asInteger(16)}, nil
	case "org.apache.kafka.connect.converters.IntegerConverter":
		return Format{asInteger(32)}, nil
	case "org.apache.kafka.connect.converters.LongConverter":
		return Format{asInteger(64)}, nil
	case "org.apache.kafka.connect.converters.FloatConverter":
		return Format{asFloat(32)}, nil
	case "org.apache.kafka.connect.converters.DoubleConverter":
		return Format{asFloat(64)}, nil
	}
	return Format{}, fmt.Errorf("converter %q is not supported yet: samples can be written for Connect's own converters only", converterClass)
}

// bytes encodes JSON; nil stays nil, Kafka's null.
func (f Format) bytes(text json.RawMessage) ([]byte, error) {
	switch {
	case text == nil:
		return nil, nil
	case f.encode == nil:
		return asText(text)
	}
	return f.encode(text)
}

// Record is the sample as Kafka takes it. A *SampleError says which part does
// not suit its converter. The record's topic is empty where the sample's is.
func (s Sample) Record(f Formats) (*kgo.Record, error) {
	key, err := f.Key.bytes(s.Key)
	if err != nil {
		return nil, s.wrong("key", err)
	}
	value, err := f.Value.bytes(s.Value)
	if err != nil {
		return nil, s.wrong("value", err)
	}
	record := &kgo.Record{Topic: s.Topic, Key: key, Value: value}
	for _, header := range s.Headers {
		text, err := f.Header.bytes(header.Value)
		if err != nil {
			return nil, s.wrong(fmt.Sprintf("header %q", header.Key), err)
		}
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: header.Key, Value: text})
	}
	if s.Timestamp != 0 {
		record.Timestamp = time.UnixMilli(s.Timestamp)
	}
	return record, nil
}

func (s Sample) wrong(part string, err error) error {
	return &SampleError{Position: scorecard.Position{File: s.File, Line: s.Line}, Msg: part + " " + err.Error()}
}

func asJSON(text json.RawMessage) ([]byte, error) { return text, nil }

func asText(text json.RawMessage) ([]byte, error) {
	if text[0] != '"' {
		return text, nil
	}
	var bare string
	if err := json.Unmarshal(text, &bare); err != nil {
		return nil, fmt.Errorf("must be JSON: %w", err)
	}
	return []byte(bare), nil
}

func asBytes(text json.RawMessage) ([]byte, error) {
	var encoded string
	if err := json.Unmarshal(text, &encoded); err != nil {
		return nil, fmt.Errorf("must be base64 text, as its converter takes bytes, not %s", brief(text))
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("must be base64 text, as its converter takes bytes: %w", err)
	}
	return decoded, nil
}

func asInteger(bits int) func(json.RawMessage) ([]byte, error) {
	return func(text json.RawMessage) ([]byte, error) {
		integer, err := strconv.ParseInt(string(text), 10, bits)
		if err != nil {
			return nil, fmt.Errorf("must be an integer of %d bits, as its converter takes, not %s", bits, brief(text))
		}
		wide := binary.BigEndian.AppendUint64(nil, uint64(integer)) //nolint:gosec // two's complement is what is wanted
		return wide[8-bits/8:], nil
	}
}

func asFloat(bits int) func(json.RawMessage) ([]byte, error) {
	return func(text json.RawMessage) ([]byte, error) {
		float, err := strconv.ParseFloat(string(text), bits)
		switch {
		case err != nil:
			return nil, fmt.Errorf("must be a number of %d bits, as its converter takes, not %s", bits, brief(text))
		case bits == 32:
			return binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(float))), nil
		}
		return binary.BigEndian.AppendUint64(nil, math.Float64bits(float)), nil
	}
}
