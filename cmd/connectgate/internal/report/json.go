package report

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// writeJSON writes the card as schema/report.v1.schema.json describes it.
func writeJSON(w io.Writer, card scorecard.Card, _ Options) error {
	card.Schema = scorecard.CardSchema
	whole := reflect.New(reflect.TypeFor[scorecard.Card]()).Elem()
	copyWithLists(whole, reflect.ValueOf(card))
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(whole.Interface()); err != nil {
		return fmt.Errorf("write JSON report: %w", err)
	}
	return nil
}

// copyWithLists copies a value of the card and turns every missing list into an
// empty one, so that readers meet [] and never null.
func copyWithLists(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.Struct:
		for i := range from.NumField() {
			copyWithLists(to.Field(i), from.Field(i))
		}
	case reflect.Slice:
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			copyWithLists(to.Index(i), from.Index(i))
		}
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			copyWithLists(to.Elem(), from.Elem())
		}
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
