package jsonbody

import (
	"encoding/json"
	"fmt"

	"github.com/pointgrid/pointgrid/web/problem"
)

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
