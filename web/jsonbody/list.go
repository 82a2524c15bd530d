package jsonbody

import (
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
