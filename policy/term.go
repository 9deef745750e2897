package policy

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// term is a Go value as Rego sees it, with the field names of its JSON form.
// Other than JSON it is total: a nil slice is [], a nil map {}, and only a nil
// pointer is null.
func term(v reflect.Value) (*ast.Term, error) {
	if text, ok := reflect.TypeAssert[encoding.TextMarshaler](v); ok && v.Kind() != reflect.Pointer {
		written, err := text.MarshalText()
		return ast.StringTerm(string(written)), err
	}
	switch v.Kind() {
	case reflect.String:
		return ast.StringTerm(v.String()), nil
	case reflect.Bool:
		return ast.BooleanTerm(v.Bool()), nil
	case reflect.Int, reflect.Int64:
		return ast.NumberTerm(json.Number(strconv.FormatInt(v.Int(), 10))), nil
	case reflect.Pointer:
		if v.IsNil() {
			return ast.NullTerm(), nil
		}
		return term(v.Elem())
	case reflect.Slice:
		return list(v)
	case reflect.Map:
		return mapping(v)
	case reflect.Struct:
		pairs, err := fields(v)
		return ast.ObjectTerm(pairs...), err
	default:
		return nil, fmt.Errorf("show %s to the rules: unknown kind %s", v.Type(), v.Kind())
	}
}

func list(v reflect.Value) (*ast.Term, error) {
	items := make([]*ast.Term, 0, v.Len())
	for i := range v.Len() {
		item, err := term(v.Index(i))
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return ast.ArrayTerm(items...), nil
}

func mapping(v reflect.Value) (*ast.Term, error) {
	pairs := make([][2]*ast.Term, 0, v.Len())
	for entries := v.MapRange(); entries.Next(); {
		value, err := term(entries.Value())
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, ast.Item(ast.StringTerm(entries.Key().String()), value))
	}
	return ast.ObjectTerm(pairs...), nil
}

// fields are those of a struct; an embedded struct's are its own.
func fields(v reflect.Value) ([][2]*ast.Term, error) {
	var pairs [][2]*ast.Term
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" {
			inner, err := fields(v.Field(i))
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, inner...)
			continue
		}
		value, err := term(v.Field(i))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		pairs = append(pairs, ast.Item(ast.StringTerm(name), value))
	}
	return pairs, nil
}
