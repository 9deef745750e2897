package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// readJSON reads a file that must hold exactly one JSON value; nil where a
// finding says why it does not.
func (c *converter) readJSON(data []byte) *document {
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at := placeOf(data, int(syntax.Offset)-1)
		c.report(idSyntax, at, "not valid JSON: "+syntax.Error(), "correct the JSON; commas and quotes are the usual causes")
		return nil
	}
	reader := &jsonReader{converter: c, data: data, decoder: json.NewDecoder(bytes.NewReader(data)), at: place{1, 1}}
	reader.decoder.UseNumber() // keeps the digits as they are written
	root := reader.value(reader.next(), 0)
	if reader.over {
		return nil
	}
	return &document{file: c.file, root: root}
}

// jsonReader follows the decoder's tokens through the text to know their places.
// The text is known to be valid JSON.
type jsonReader struct {
	*converter
	data    []byte
	decoder *json.Decoder
	offset  int // of at
	at      place
}

type jsonToken struct {
	place
	token json.Token
}

func (r *jsonReader) next() jsonToken {
	start := int(r.decoder.InputOffset())
	for start < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[start]) >= 0 {
		start++
	}
	r.at = advance(r.at, r.data[r.offset:start])
	r.offset = start
	token, _ := r.decoder.Token() // readJSON found no error in the text
	return jsonToken{r.at, token}
}

// value builds the value that starts with a token; nil where a limit ends it.
func (r *jsonReader) value(start jsonToken, depth int) *value {
	if !r.admit(start.place, depth) {
		return nil
	}
	v := &value{place: start.place}
	switch token := start.token.(type) {
	case json.Delim:
		if token == '[' {
			return r.list(start.place, depth)
		}
		return r.object(start.place, depth)
	case string:
		v.kind, v.text = text, token
	case json.Number:
		v.kind, v.text = number, token.String()
	case bool:
		v.kind, v.text = boolean, fmt.Sprint(token)
	}
	return v
}

func (r *jsonReader) list(at place, depth int) *value {
	v := &value{place: at, kind: list}
	for r.decoder.More() && !r.over {
		v.items = append(v.items, r.value(r.next(), depth+1))
	}
	r.next()
	return v
}

func (r *jsonReader) object(at place, depth int) *value {
	var fields []field
	for r.decoder.More() && !r.over {
		key := r.next()
		name, _ := key.token.(string) // JSON has no other keys
		fields = append(fields, field{key.place, name, r.value(r.next(), depth+1)})
	}
	r.next()
	return r.converter.object(at, fields)
}

// placeOf is the place of a byte.
func placeOf(data []byte, offset int) place {
	return advance(place{1, 1}, data[:max(0, min(offset, len(data)))])
}

// advance is the place after passing over some text.
func advance(at place, passed []byte) place {
	for line := bytes.IndexByte(passed, '\n'); line >= 0; line = bytes.IndexByte(passed, '\n') {
		at, passed = place{at.line + 1, 1}, passed[line+1:]
	}
	at.column += utf8.RuneCount(passed)
	return at
}
