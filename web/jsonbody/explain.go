package jsonbody

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pointgrid/pointgrid/web/problem"
)

// explain is the slow path: all that is wrong with a body, in order of place.
func explain(data []byte, choose func(map[string]any) *openapi3.Schema) []problem.Field {
	if wrong := explainBytes(data); wrong != nil {
		return []problem.Field{*wrong}
	}
	w := walk{decoder: json.NewDecoder(bytes.NewReader(data))}
	w.decoder.UseNumber()
	value, err := w.value("", 0)
	if err != nil {
		return []problem.Field{problem.At("", "json_nesting", fmt.Sprintf("objects and arrays are nested deeper than %d levels", depthMax))}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return []problem.Field{problem.At("", "type", "the body must be a JSON object")}
	}
	all := append(w.wrong, explainSchema(object, choose(object))...)
	return tidy(all)
}

func explainBytes(data []byte) *problem.Field {
	var wrong problem.Field
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		wrong = problem.At("", "body_missing", "the body is empty; send a JSON object")
	case !utf8.Valid(data):
		wrong = problem.At("", "not_utf8", fmt.Sprintf("byte %d is not UTF-8", firstInvalid(data)))
	default:
		var syntax *json.SyntaxError
		if !errors.As(json.Unmarshal(data, new(json.RawMessage)), &syntax) {
			return nil
		}
		wrong = problem.At("", "json_syntax", fmt.Sprintf("not one JSON object: %s (byte %d)", syntax, syntax.Offset))
	}
	return &wrong
}

func firstInvalid(data []byte) (at int) {
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// tidy sorts by place and keeps one entry per place and code.
func tidy(all []problem.Field) []problem.Field {
	slices.SortStableFunc(all, func(a, b problem.Field) int { return strings.Compare(*a.Pointer, *b.Pointer) })
	return slices.CompactFunc(all, func(a, b problem.Field) bool { return *a.Pointer == *b.Pointer && a.Code == b.Code })
}

const (
	depthMax = 16
	errorMax = 100 // entries; nobody reads more
	nameMax  = 64  // bytes of a name that is quoted back
)

// walk decodes a body and notes what encoding/json and the schema do not mind.
type walk struct {
	decoder *json.Decoder
	wrong   []problem.Field
}

func (w *walk) note(pointer, code, detail string) {
	if len(w.wrong) < errorMax {
		w.wrong = append(w.wrong, problem.At(pointer, code, detail))
	}
}

var errTooDeep = errors.New("jsonbody: nested too deep")

// value reads one value of what is known to be JSON; it fails only with
// errTooDeep.
func (w *walk) value(pointer string, depth int) (any, error) {
	token, err := w.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if depth >= depthMax {
			return nil, errTooDeep
		}
		if token == '{' {
			return w.object(pointer, depth+1)
		}
		return w.array(pointer, depth+1)
	case json.Number:
		w.number(pointer, string(token))
	case string:
		if strings.ContainsRune(token, 0) {
			w.note(pointer, "zero_character", "must not have the character U+0000 in it")
		}
	}
	return token, nil
}

// number notes what is not an integer of 64 bits, which is all that a field can
// hold, whatever range its schema names.
func (w *walk) number(pointer, text string) {
	if strings.ContainsAny(text, ".eE") {
		w.note(pointer, "integer_form", "write an integer without fraction and exponent")
		return
	}
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		w.note(pointer, "out_of_range", "must fit into 64 bits: -9223372036854775808 to 9223372036854775807")
	}
}

func (w *walk) object(pointer string, depth int) (any, error) {
	object := map[string]any{}
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) // the decoder accepts nothing else here
		at := pointer + "/" + escape(name)
		value, err := w.value(at, depth)
		if err != nil {
			return nil, err
		}
		if _, twice := object[name]; twice {
			w.note(at, "duplicate_field", "the field is there twice")
		}
		object[name] = value
	}
	_, err := w.decoder.Token()
	return object, err
}

func (w *walk) array(pointer string, depth int) (any, error) {
	array := []any{}
	for w.decoder.More() {
		value, err := w.value(pointer+"/"+strconv.Itoa(len(array)), depth)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := w.decoder.Token()
	return array, err
}

// escape writes a name as a reference token of a JSON Pointer (RFC 6901), cut
// where it gets long.
func escape(name string) string {
	if len(name) > nameMax {
		name = strings.ToValidUTF8(name[:nameMax], "") + "…"
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
