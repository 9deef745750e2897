package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// maxDepth is how deep a sample may nest.
const maxDepth = 64

// source is one line of a file of samples.
type source struct {
	file string
	line int
	text []byte
}

// node is a JSON value with the place where it stands in its line.
type node struct {
	name   string // in its object
	nameAt int
	text   json.RawMessage
	at     int
}

func (s source) fail(at int, format string, args ...any) error {
	return &SampleError{
		Position: scorecard.Position{File: s.file, Line: s.line, Column: utf8.RuneCount(s.text[:at]) + 1},
		Msg:      fmt.Sprintf(format, args...),
	}
}

// sample reads the whole line.
func (s source) sample() (Sample, error) {
	text := bytes.TrimLeft(s.text, " \t\r")
	root := node{text: text, at: len(s.text) - len(text)}
	if err := s.syntax(); err != nil {
		return Sample{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // 1e999 is for a converter to judge
	if err := s.check(root, decoder, 0); err != nil {
		return Sample{}, err
	}
	members, err := s.object(root, "a sample")
	if err != nil {
		return Sample{}, err
	}
	sample := Sample{File: s.file, Line: s.line}
	for _, member := range members {
		if err := s.member(&sample, member); err != nil {
			return Sample{}, err
		}
	}
	if sample.Key == nil && sample.Value == nil {
		return Sample{}, s.fail(0, "a sample needs a key, a value or both")
	}
	return sample, nil
}

// syntax checks that the line is UTF-8 and JSON.
func (s source) syntax() error {
	for at := 0; at < len(s.text); {
		r, size := utf8.DecodeRune(s.text[at:])
		if r == utf8.RuneError && size == 1 {
			return s.fail(at, "not UTF-8; save the file as UTF-8")
		}
		at += size
	}
	var whole json.RawMessage
	err := json.Unmarshal(s.text, &whole)
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		return s.fail(max(0, int(wrong.Offset)-1), "not JSON: %s; write one JSON object a line", wrong)
	}
	return err
}

// check refuses what decoders read differently: names that appear twice, and too
// deep nesting. It takes one value from the decoder, which reads n's text.
func (s source) check(n node, decoder *json.Decoder, depth int) error {
	at := n.at + skip(n.text, decoder.InputOffset())
	opening, err := decoder.Token()
	if _, nested := opening.(json.Delim); !nested || err != nil {
		return err
	}
	if depth > maxDepth {
		return s.fail(at, "nested deeper than %d", maxDepth)
	}
	names := map[json.Token]bool{}
	for decoder.More() {
		if opening == json.Delim('{') {
			at := n.at + skip(n.text, decoder.InputOffset())
			name, err := decoder.Token()
			if err != nil {
				return err
			}
			if names[name] {
				return s.fail(at, "%q appears twice in one object; keep one", name)
			}
			names[name] = true
		}
		if err := s.check(n, decoder, depth+1); err != nil {
			return err
		}
	}
	_, err = decoder.Token() // the closing bracket
	return err
}

// children are the members of an object or the elements of an array, nothing for a scalar.
func (s source) children(n node) ([]node, error) {
	decoder := json.NewDecoder(bytes.NewReader(n.text))
	opening, err := decoder.Token()
	if _, nested := opening.(json.Delim); !nested || err != nil {
		return nil, err
	}
	var children []node
	for decoder.More() {
		child := node{nameAt: n.at + skip(n.text, decoder.InputOffset())}
		if opening == json.Delim('{') {
			token, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			child.name, _ = token.(string)
		}
		if err := decoder.Decode(&child.text); err != nil {
			return nil, err
		}
		child.at = n.at + int(decoder.InputOffset()) - len(child.text)
		children = append(children, child)
	}
	return children, nil
}

// skip is the offset of the token that follows.
func skip(text []byte, from int64) int {
	return len(text) - len(bytes.TrimLeft(text[from:], " \t\r,:"))
}

func (s source) object(n node, what string) ([]node, error) {
	children, err := s.children(n)
	if err == nil && n.text[0] != '{' {
		err = s.fail(n.at, "%s is a JSON object, not %s", what, brief(n.text))
	}
	return children, err
}

func (s source) member(sample *Sample, member node) (err error) {
	switch member.name {
	case "key":
		sample.Key = compact(member.text)
	case "value":
		sample.Value = compact(member.text)
	case "headers":
		sample.Headers, err = s.headers(member)
	case "timestamp":
		sample.Timestamp, err = s.timestamp(member)
	case "topic":
		sample.Topic, err = s.words(member)
	default:
		err = s.fail(member.nameAt, "unknown field %q; a sample has key, value, headers, timestamp and topic", member.name)
	}
	return err
}

// headers are an object, or an array of {"key", "value"} where names repeat or order counts.
func (s source) headers(n node) ([]Header, error) {
	children, err := s.children(n)
	if err != nil {
		return nil, err
	}
	var headers []Header
	for _, child := range children {
		header := Header{Key: child.name, Value: compact(child.text)}
		if n.text[0] == '[' {
			if header, err = s.header(child); err != nil {
				return nil, err
			}
		}
		headers = append(headers, header)
	}
	if first := n.text[0]; first != '{' && first != '[' && first != 'n' {
		return nil, s.fail(n.at, `headers are an object, or an array of {"key": …, "value": …}, not %s`, brief(n.text))
	}
	return headers, nil
}

func (s source) header(n node) (header Header, err error) {
	members, err := s.object(n, "a header")
	for _, member := range members {
		switch {
		case err != nil:
			return header, err
		case member.name == "key":
			header.Key, err = s.words(member)
		case member.name == "value":
			header.Value = compact(member.text)
		default:
			err = s.fail(member.nameAt, "unknown field %q; a header has key and value", member.name)
		}
	}
	if err == nil && header.Key == "" {
		err = s.fail(n.at, "a header needs a key")
	}
	return header, err
}

// timestamp reads milliseconds since 1970 or RFC 3339.
func (s source) timestamp(n node) (int64, error) {
	if string(n.text) == "null" {
		return 0, nil
	}
	milliseconds, err := strconv.ParseInt(string(n.text), 10, 64)
	if err != nil {
		var instant time.Time
		err = json.Unmarshal(n.text, &instant)
		milliseconds = instant.UnixMilli()
	}
	if err != nil || milliseconds < 0 {
		return 0, s.fail(n.at, "timestamp is milliseconds since 1970 or RFC 3339 text, not %s", brief(n.text))
	}
	return milliseconds, nil
}

func (s source) words(n node) (text string, err error) {
	if n.text[0] != '"' {
		return "", s.fail(n.at, "%s is text, not %s", n.name, brief(n.text))
	}
	err = json.Unmarshal(n.text, &text)
	return text, err
}

// compact takes white space out; null is nil.
func compact(text json.RawMessage) json.RawMessage {
	var short bytes.Buffer
	if json.Compact(&short, text) != nil || short.String() == "null" {
		return nil
	}
	return short.Bytes()
}

// brief is a JSON value as a message may show it.
func brief(text json.RawMessage) string { return fmt.Sprintf("%.40s", compact(text)) }
