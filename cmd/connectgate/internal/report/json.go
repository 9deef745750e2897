package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// writeJSON writes the card as schema/report.v1.schema.json describes it.
func writeJSON(w io.Writer, card scorecard.Card, _ Options) error {
	card.Schema = scorecard.CardSchema
	whole := reflect.New(reflect.TypeFor[scorecard.Card]()).Elem()
	normalise(whole, reflect.ValueOf(card))
	content, err := json.MarshalIndent(whole.Interface(), "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON report: %w", err)
	}
	// GitHub's runner would obey "##[" in the log of a job; JSON has other words for it.
	content = append(bytes.ReplaceAll(content, []byte("##["), []byte(`#\u0023[`)), '\n')
	if _, err := w.Write(content); err != nil {
		return fmt.Errorf("write JSON report: %w", err)
	}
	return nil
}

// normalise copies a value of the card as JSON can say it: a missing list is an
// empty one, so that readers meet [] and never null, and text is UTF-8.
func normalise(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.Struct:
		for i := range from.NumField() {
			normalise(to.Field(i), from.Field(i))
		}
	case reflect.Slice:
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			normalise(to.Index(i), from.Index(i))
		}
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			normalise(to.Elem(), from.Elem())
		}
	case reflect.String:
		to.SetString(strings.ToValidUTF8(from.String(), string(utf8.RuneError)))
	default:
		to.Set(from)
	}
}

// maxReport is the most bytes of a report that is read: 64 MiB.
const maxReport = 64 << 20

// ReadJSON reads a card that the json format wrote. Another schema, an unknown
// status, trailing content and more than 64 MiB are errors; fields that this
// version does not know are passed over.
func ReadJSON(r io.Reader) (scorecard.Card, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return scorecard.Card{}, fmt.Errorf("read JSON report: %w", err)
	}
	if len(content) > maxReport {
		return scorecard.Card{}, fmt.Errorf("read JSON report: larger than %d bytes", maxReport)
	}
	var card scorecard.Card
	if err := json.Unmarshal(content, &card); err != nil {
		return scorecard.Card{}, fmt.Errorf("read JSON report: %w", err)
	}
	if card.Schema != scorecard.CardSchema {
		return scorecard.Card{}, fmt.Errorf("read JSON report: schema is %q, this version reads %q", card.Schema, scorecard.CardSchema)
	}
	return card, nil
}
