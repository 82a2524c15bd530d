package jsonbody

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/pointgrid/pointgrid/web/problem"
)

// List is the form of a body that is an object with one field, an array of
// objects, each of which is accepted or refused by itself.
type List[T any] struct {
	name    string
	field   *fields
	max     int
	element *Form[T]
}

// NewList returns the form of bodies {name: [element, …]} with 1 to max
// elements.
func NewList[T any](name string, max int, element *Form[T]) *List[T] {
	return &List[T]{name: name, field: &fields{index: map[string]int{name: 0}}, max: max, element: element}
}

// Element is one element of a list.
type Element[T any] struct {
	Body T
	Raw  []byte // as it came, without the space around it
	// Wrong is everything that is wrong with this element; its pointers are into
	// the whole body.
	Wrong []problem.Field
}

// Decode returns the elements, or what is wrong with the body as a whole: then
// none of its elements counts.
func (l *List[T]) Decode(data []byte) ([]Element[T], []problem.Field) {
	all, ok := l.split(data)
	if !ok {
		return nil, l.explain(data)
	}
	refused := false
	for i := range all {
		e := &all[i]
		if !l.element.accepts(e.Raw, &e.Body) {
			refused, e.Wrong = true, []problem.Field{{}}
		}
	}
	if refused {
		// Glue and accepted elements are JSON. Of those refused that is not known yet.
		if wrong := explainBytes(data); wrong != nil {
			return nil, []problem.Field{*wrong}
		}
		l.explainRefused(all)
	}
	return all, nil
}

func (l *List[T]) explainRefused(all []Element[T]) {
	for i := range all {
		e := &all[i]
		if e.Wrong == nil {
			continue
		}
		_, e.Wrong = l.element.Decode(e.Raw)
		for n := range e.Wrong {
			at := "/" + l.name + "/" + strconv.Itoa(i) + *e.Wrong[n].Pointer
			e.Wrong[n].Pointer = &at
		}
	}
}

// split finds the elements. Whether each of them is JSON it leaves open; all
// around them is, and nothing is nested too deep.
func (l *List[T]) split(data []byte) ([]Element[T], bool) {
	c := cursor{data: data}
	if !c.take('{') {
		return nil, false
	}
	if _, ok := c.key(l.field); !ok || !c.take(':') || !c.take('[') {
		return nil, false
	}
	var all []Element[T]
	for {
		c.next()
		start := c.at
		if len(all) == l.max || !c.skip() {
			return nil, false
		}
		all = append(all, Element[T]{Raw: data[start:c.at]})
		if c.take(']') {
			return all, c.take('}') && c.next() == 0 && c.at == len(data)
		}
		if !c.take(',') {
			return nil, false
		}
	}
}

// skip moves behind one value, which it takes for JSON, unless it is nested too
// deep.
func (c *cursor) skip() bool {
	depth := 0
	for start := c.at; c.at < len(c.data); {
		switch c.data[c.at] {
		case '"':
			if _, ok := c.text(); !ok {
				return false
			}
			if depth == 0 {
				return true
			}
			continue
		case '{', '[':
			if depth++; depth > depthMax {
				return false
			}
		case '}', ']':
			if depth == 0 {
				return c.at > start
			}
			if depth--; depth == 0 {
				c.at++
				return true
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return c.at > start
			}
		}
		c.at++
	}
	return false
}

// explain says what is wrong with a body that cannot be split.
func (l *List[T]) explain(data []byte) []problem.Field {
	if wrong := explainBytes(data); wrong != nil {
		return []problem.Field{*wrong}
	}
	c := cursor{data: data}
	if !c.take('{') {
		return []problem.Field{problem.At("", "type", "the body must be a JSON object")}
	}
	if tooDeep(data) {
		return []problem.Field{problem.At("", "json_nesting", fmt.Sprintf("objects and arrays are nested deeper than %d levels", depthMax))}
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(data, &body); err != nil {
		return []problem.Field{problem.At("", "type", "the body must be a JSON object")}
	}
	var wrong []problem.Field
	for name := range body {
		if name != l.name {
			wrong = append(wrong, problem.At("/"+escape(name), "unknown_field", "there is no such field"))
		}
	}
	wrong = append(wrong, l.explainArray(body)...)
	if len(wrong) == 0 {
		wrong = append(wrong, problem.At("/"+l.name, "duplicate_field", "the field is there twice"))
	}
	return tidy(wrong[:min(len(wrong), errorMax)])
}

func (l *List[T]) explainArray(body map[string]json.RawMessage) []problem.Field {
	raw, there := body[l.name]
	at := "/" + l.name
	var array []json.RawMessage
	switch {
	case !there:
		return []problem.Field{problem.At(at, "required", "the field is missing")}
	case json.Unmarshal(raw, &array) != nil || array == nil:
		return []problem.Field{problem.At(at, "type", "must be an array of objects")}
	case len(array) < 1 || len(array) > l.max:
		return []problem.Field{problem.At(at, "item_count", fmt.Sprintf("has %d elements, must have 1 to %d", len(array), l.max))}
	}
	return nil
}

// tooDeep reports whether what is known to be JSON is nested deeper than a list
// of elements may be.
func tooDeep(data []byte) bool {
	c := cursor{data: data}
	depth := 0
	for c.at < len(data) {
		switch data[c.at] {
		case '"':
			c.text()
			continue
		case '{', '[':
			if depth++; depth > depthMax+2 {
				return true
			}
		case '}', ']':
			depth--
		}
		c.at++
	}
	return false
}

// Member returns the bytes of the value of a field of an object that was
// decoded, nil when it is not there.
func Member(object []byte, name string) []byte {
	c := cursor{data: object}
	c.take('{')
	wanted := &fields{index: map[string]int{name: 0}}
	for c.next() == '"' {
		_, found := c.key(wanted)
		c.take(':')
		c.next()
		start := c.at
		if !c.skip() {
			return nil
		}
		if found {
			return object[start:c.at]
		}
		c.take(',')
	}
	return nil
}
