package connector

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// decodeObject reads a flat JSON object of strings and hands each field over.
// Unlike encoding/json's structs it is exact about names, refuses fields given
// twice and bytes that are not UTF-8: two readers of one signed body must not
// come to different conclusions. It returns a [*FieldError]. It is on the way of
// every call that a host answers, hence by hand.
func decodeObject(body []byte, known []string, set func(field, value string) error) error {
	if !utf8.Valid(body) {
		return wrong("", "the body must be UTF-8")
	}
	s := scanner{rest: string(body)}
	if !s.eat('{') {
		return wrong("", "the body must be a JSON object")
	}
	var seen uint64 // one bit for each known field
	for first := true; !s.eat('}'); first = false {
		if !first && !s.eat(',') {
			return wrong("", "the body must be a complete JSON object of strings")
		}
		field, value, err := s.field()
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
	if s.space(); s.rest != "" {
		return wrong("", "nothing may follow the JSON object")
	}
	return nil
}

// scanner reads the JSON of RFC 8259 as far as flat objects of strings need it.
type scanner struct{ rest string }

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t\r\n") }

// eat takes one character, if it comes next.
func (s *scanner) eat(c byte) bool {
	if s.space(); s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) field() (field, value string, err error) {
	field, err = s.text()
	if err == nil && !s.eat(':') {
		err = errNoText
	}
	if err == nil {
		value, err = s.text()
	}
	if err != nil {
		return "", "", wrong("", "the body must be a JSON object, and all its fields strings; none may be null")
	}
	return field, value, nil
}

var errNoText = errors.New("not a string")

// text reads a string. One with escapes is left to encoding/json.
func (s *scanner) text() (string, error) {
	if !s.eat('"') {
		return "", errNoText
	}
	escaped := false
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			text := s.rest[:i]
			s.rest = s.rest[i+1:]
			if escaped {
				return unescape(text)
			}
			return text, nil
		case c == '\\':
			escaped = true
			i++
		case c < 0x20:
			return "", errNoText
		}
	}
	return "", errNoText
}

func unescape(text string) (s string, err error) {
	err = json.Unmarshal([]byte(`"`+text+`"`), &s)
	return s, err
}
