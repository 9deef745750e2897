package record

import (
	"maps"
	"slices"
	"strings"
)

// Identity names the row or record that the sample is about, such as "id=1" or
// "tenant=acme,id=1" in the order of keyFields. Each field is looked up in the
// key, then in the value (a Debezium envelope's after, then before); a key that
// is a scalar is the only field's value. Without keyFields the whole key counts,
// a scalar as "key=1". It is false where a field is missing.
func (s Sample) Identity(keyFields []string) (string, bool) {
	key, value := decode(s.Key), decode(s.Value)
	var parts []string
	for _, name := range fieldsOf(key, keyFields) {
		field, ok := lookup(key, value, name, len(keyFields) <= 1)
		if !ok {
			return "", false
		}
		parts = append(parts, name+"="+words(field.value))
	}
	return strings.Join(parts, ","), len(parts) > 0
}

// fieldsOf are the declared key fields, or those of the key itself.
func fieldsOf(key document, declared []string) []string {
	if len(declared) > 0 {
		return declared
	}
	if row, ok := key.payload().(map[string]any); ok {
		return slices.Sorted(maps.Keys(row))
	}
	return []string{"key"}
}

// lookup finds a key field; alone says that a scalar key can stand for it.
func lookup(key, value document, name string, alone bool) (image, bool) {
	if field, ok := key.field(name); ok {
		return field, true
	}
	if scalar, ok := key.scalar(); ok && alone {
		return scalar, true
	}
	return value.field(name)
}
