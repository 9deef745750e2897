package release

import (
	"encoding"
	"reflect"
	"strconv"

	"github.com/connectgate/connectgate/policy/scorecard"
)

// decode sets what target points at from a value that fits its schema; what the
// value leaves out keeps what target has. Findings are values of the right shape
// that cannot be held: durations and sizes out of range, 2.0 for a whole number.
func (d *document) decode(v *value, target any) []scorecard.Finding {
	decoding := &decoder{document: d}
	decoding.set(v, reflect.ValueOf(target).Elem(), "")
	return decoding.findings
}

type decoder struct {
	*document
	findings []scorecard.Finding
}

func (d *decoder) set(v *value, target reflect.Value, pointer string) {
	if parsed, ok := reflect.TypeAssert[encoding.TextUnmarshaler](target.Addr()); ok {
		if err := parsed.UnmarshalText([]byte(v.text)); err != nil {
			d.findings = append(d.findings, newFinding(idWrongValue, d.position(pointer),
				dotted(pointer)+": "+err.Error(), "correct the value"))
		}
		return
	}
	switch target.Kind() {
	case reflect.Struct:
		d.setStruct(v, target, pointer)
	case reflect.Map:
		d.setMap(v, target, pointer)
	case reflect.Slice:
		target.Set(reflect.MakeSlice(target.Type(), len(v.items), len(v.items)))
		for i, item := range v.items {
			d.set(item, target.Index(i), pointer+"/"+strconv.Itoa(i))
		}
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		d.set(v, target.Elem(), pointer)
	case reflect.Bool:
		target.SetBool(v.text == "true")
	case reflect.Int:
		d.setInt(v, target, pointer)
	default: // the kinds of text; the manifests have no others
		target.SetString(v.text)
	}
}

func (d *decoder) setInt(v *value, target reflect.Value, pointer string) {
	whole, err := strconv.Atoi(v.text)
	if err != nil {
		d.findings = append(d.findings, newFinding(idWrongType, d.position(pointer),
			dotted(pointer)+" is "+described(pointer, v)+", not a whole number", "write a whole number without a fraction"))
	}
	target.SetInt(int64(whole))
}

func (d *decoder) setStruct(v *value, target reflect.Value, pointer string) {
	fields := target.Type()
	for i := range fields.NumField() {
		name := fields.Field(i).Tag.Get("json")
		if set := v.field(name); name != "" && set != nil {
			d.set(set, target.Field(i), pointer+"/"+name)
		}
	}
}

func (d *decoder) setMap(v *value, target reflect.Value, pointer string) {
	if target.IsNil() {
		target.Set(reflect.MakeMapWithSize(target.Type(), len(v.fields)))
	}
	for _, f := range v.fields {
		key := reflect.New(target.Type().Key()).Elem()
		d.set(&value{place: f.place, kind: text, text: f.name}, key, pointer)
		element := reflect.New(target.Type().Elem()).Elem()
		if present := target.MapIndex(key); present.IsValid() {
			element.Set(present)
		}
		d.set(f.value, element, pointer+"/"+escape(f.name))
		target.SetMapIndex(key, element)
	}
}
