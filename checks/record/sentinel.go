package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// Sentinel is a clone of the last sample with a row, under a key that no sample
// has: one key field, replaced in key and value wherever it stands. Integers
// stay within their schema's type, text gets a suffix, a UUID becomes another.
// Produced last, it makes sure that a partition ends with a record that
// survives; so give it the samples of one topic with one partition at a time.
// It is false where no sample has a key that can be renewed.
func Sentinel(samples []Sample, keyFields []string) (Sample, bool) {
	r := renewal{samples: samples, keyFields: keyFields, taken: map[string][]any{}}
	tries := 0
	for _, sample := range slices.Backward(samples) {
		value := decode(sample.Value)
		if value.payload() == nil || value.operation() == "d" {
			continue
		}
		if sentinel, ok := r.renew(sample); ok {
			return sentinel, true
		}
		if tries++; tries == maxTries {
			break
		}
	}
	return Sample{}, false
}

// maxTries bounds the search among samples whose keys are all alike.
const maxTries = 1000

// renewal gives a sample a key that none of the samples has.
type renewal struct {
	samples   []Sample
	keyFields []string
	taken     map[string][]any // what the samples have in a key field, by its name
}

// alone says that there is one key field, which a scalar key can stand for.
func (r renewal) alone() bool { return len(r.keyFields) <= 1 }

// renew tries the key fields from the last, which tends to be the narrowest.
func (r renewal) renew(sample Sample) (Sample, bool) {
	for _, name := range slices.Backward(fieldsOf(decode(sample.Key), r.keyFields)) {
		key, value := decode(sample.Key), decode(sample.Value)
		field, found := lookup(key, value, name, r.alone())
		fresh := unused(field, r.takenBy(name))
		if !found || fresh == nil {
			continue
		}
		if _, scalar := key.scalar(); scalar && r.alone() {
			key.replace(fresh)
		}
		for _, image := range append(key.images(), value.images()...) {
			if row, ok := image.value.(map[string]any); ok && row[name] == field.value {
				row[name] = fresh
			}
		}
		sample.Key, sample.Value = key.text(), value.text()
		return sample, true
	}
	return Sample{}, false
}

func (r renewal) takenBy(name string) []any {
	if values, known := r.taken[name]; known {
		return values
	}
	var values []any
	for _, sample := range r.samples {
		if field, ok := lookup(decode(sample.Key), decode(sample.Value), name, r.alone()); ok {
			values = append(values, field.value)
		}
	}
	r.taken[name] = values
	return values
}

// unused is a value of the field's type that is not taken; nil where there is none.
func unused(field image, taken []any) any {
	switch value := field.value.(type) {
	case json.Number:
		return unusedInteger(field.schema, taken)
	case string:
		next := nextText(field.schema, value)
		for next != nil && slices.Contains(taken, any(next(value))) {
			value = next(value)
		}
		if next != nil {
			return next(value)
		}
	}
	return nil
}

// unusedInteger is the number above the highest or below the lowest.
func unusedInteger(schema *schema, taken []any) any {
	lowest, highest := int64(math.MaxInt64), int64(math.MinInt64)
	for _, value := range taken {
		number, _ := value.(json.Number)
		integer, err := strconv.ParseInt(number.String(), 10, 64)
		if err != nil {
			return nil
		}
		lowest, highest = min(lowest, integer), max(highest, integer)
	}
	limit := integerLimit(schema, lowest, highest)
	switch {
	case highest < limit:
		return json.Number(strconv.FormatInt(highest+1, 10))
	case lowest > -limit-1:
		return json.Number(strconv.FormatInt(lowest-1, 10))
	}
	return nil
}

// integerLimit is the greatest value of the schema's type; without a schema that
// of a 32-bit column as long as all fit one.
func integerLimit(schema *schema, lowest, highest int64) int64 {
	name := ""
	if schema != nil {
		name = schema.Type
	}
	switch name {
	case "int8":
		return math.MaxInt8
	case "int16":
		return math.MaxInt16
	case "int32":
		return math.MaxInt32
	case "":
		if lowest >= math.MinInt32 && highest <= math.MaxInt32 {
			return math.MaxInt32
		}
		return math.MaxInt64
	case "int64":
		return math.MaxInt64
	}
	return math.MinInt64 // a float or a decimal is no key to count on
}

// nextText is how text of this kind is renewed; nil for dates, enums, bytes and
// other text which a suffix would break.
func nextText(schema *schema, text string) func(string) string {
	switch {
	case uuidPattern.MatchString(text):
		return nextUUID
	case timestampPattern.MatchString(text), schema != nil && (schema.Type != "string" || schema.Name != ""):
		return nil
	}
	return func(text string) string { return text + "-sentinel" }
}

// nextUUID is a version 4 UUID made of the one before, so that runs repeat.
func nextUUID(before string) string {
	sum := sha256.Sum256([]byte(before))
	sum[6] = sum[6]&0x0f | 0x40
	sum[8] = sum[8]&0x3f | 0x80
	digits := hex.EncodeToString(sum[:16])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
