package connector

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"unicode/utf8"
)

// decodeObject reads a flat JSON object of strings and hands each field over.
// Unlike encoding/json's structs it is exact about names, refuses fields given
// twice and bytes that are not UTF-8: two readers of one signed body must not
// come to different conclusions. It returns a [*FieldError].
func decodeObject(body []byte, known []string, set func(field, value string) error) error {
	if !utf8.Valid(body) {
		return wrong("", "the body must be UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return wrong("", "the body must be a JSON object")
	}
	var seen uint64 // one bit for each known field
	for decoder.More() {
		field, value, err := nextField(decoder)
		if err != nil {
			return err
		}
		i := slices.Index(known, field)
		if i < 0 {
			return wrong("", "a field is not known; the fields are %q", known)
		}
		if seen&(1<<i) != 0 {
			return wrong(field, "is there twice")
		}
		seen |= 1 << i
		if err := set(field, value); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return wrong("", "the body must be a complete JSON object")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return wrong("", "nothing may follow the JSON object")
	}
	return nil
}

// nextField reads one name and its value, which must be a string.
func nextField(decoder *json.Decoder) (field, value string, err error) {
	name, err := decoder.Token()
	if err != nil {
		return "", "", wrong("", "the body must be a JSON object")
	}
	field, _ = name.(string)
	token, err := decoder.Token()
	if err != nil {
		return "", "", wrong("", "the body must be a JSON object")
	}
	value, ok := token.(string)
	if !ok {
		return "", "", wrong("", "all fields must be strings, none may be null")
	}
	return field, value, nil
}
