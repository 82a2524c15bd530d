package jsonbody

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// fields are the names that an object may have, and the objects below them.
type fields struct {
	index map[string]int
	below []*fields // nil where the value is not an object
}

const fieldsMax = 64 // bits of the mask of what was seen

func fieldsOf(t reflect.Type) (*fields, error) {
	if t.Kind() != reflect.Struct || t.NumField() > fieldsMax {
		return nil, fmt.Errorf("is not a struct of at most %d fields", fieldsMax)
	}
	f := &fields{index: make(map[string]int, t.NumField())}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			return nil, fmt.Errorf("field %s has no JSON name", t.Field(i).Name)
		}
		below, err := valueFields(t.Field(i).Type)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", t.Field(i).Name, err)
		}
		f.index[name] = i
		f.below = append(f.below, below)
	}
	return f, nil
}

func valueFields(t reflect.Type) (*fields, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		return fieldsOf(t)
	case reflect.String, reflect.Int, reflect.Int64, reflect.Bool:
		return nil, nil
	}
	return nil, fmt.Errorf("is a %s; want a string, integer, boolean or struct", t)
}

// scan reports whether data is UTF-8 and, if it is JSON at all, an object of
// these fields, none unknown, none twice, none null, no arrays, numbers only of
// digits. It does not check the syntax, but no syntax leads it astray: what
// encoding/json accepts is read the same way here.
func (f *fields) scan(data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	c := cursor{data: data}
	return c.object(f)
}

var zero = []byte(`\u0000`)

type cursor struct {
	data []byte
	at   int
}

// next skips white space and returns the byte after it, 0 at the end.
func (c *cursor) next() byte {
	for ; c.at < len(c.data); c.at++ {
		switch b := c.data[c.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

func (c *cursor) take(want byte) bool {
	if c.next() != want {
		return false
	}
	c.at++
	return true
}

func (c *cursor) object(f *fields) bool {
	if !c.take('{') {
		return false
	}
	if c.take('}') {
		return true
	}
	var seen uint64
	for {
		i, ok := c.key(f)
		if !ok || seen&(1<<i) != 0 || !c.take(':') || !c.value(f.below[i]) {
			return false
		}
		seen |= 1 << i
		if c.take('}') {
			return true
		}
		if !c.take(',') {
			return false
		}
	}
}

// key reads a name and returns its index.
func (c *cursor) key(f *fields) (int, bool) {
	if c.next() != '"' {
		return 0, false
	}
	start := c.at
	escaped, ok := c.text()
	if !ok {
		return 0, false
	}
	if !escaped {
		i, known := f.index[string(c.data[start+1:c.at-1])]
		return i, known
	}
	var name string
	if json.Unmarshal(c.data[start:c.at], &name) != nil {
		return 0, false
	}
	i, known := f.index[name]
	return i, known
}

// text moves behind a string. One with the character U+0000 is none: PostgreSQL does
// not keep it.
func (c *cursor) text() (escaped, ok bool) {
	for c.at++; c.at < len(c.data); c.at++ {
		switch c.data[c.at] {
		case '\\':
			if bytes.HasPrefix(c.data[c.at:], zero) {
				return true, false
			}
			escaped = true
			c.at++
		case '"':
			c.at++
			return escaped, true
		}
	}
	return escaped, false
}

func (c *cursor) value(below *fields) bool {
	switch b := c.next(); {
	case b == '{':
		return below != nil && c.object(below)
	case below != nil:
		return false
	case b == '"':
		_, ok := c.text()
		return ok
	case b == 't' || b == 'f':
		for c.at < len(c.data) && c.data[c.at] >= 'a' && c.data[c.at] <= 'z' {
			c.at++
		}
		return true
	}
	return c.integer()
}

func (c *cursor) integer() bool {
	if c.at < len(c.data) && c.data[c.at] == '-' {
		c.at++
	}
	start := c.at
	for c.at < len(c.data) && c.data[c.at] >= '0' && c.data[c.at] <= '9' {
		c.at++
	}
	return c.at > start
}
