package jsonbody

import (
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pointgrid/pointgrid/web/problem"
)

// explainSchema lists what a schema minds about a body.
func explainSchema(body map[string]any, schema *openapi3.Schema) []problem.Field {
	err := schema.VisitJSON(body, openapi3.MultiErrors(), openapi3.VisitAsRequest(), openapi3.DisableSchemaErrorDetails())
	return fieldsFrom(nil, err)
}

func fieldsFrom(all []problem.Field, err error) []problem.Field {
	if len(all) >= errorMax {
		return all
	}
	switch err := err.(type) { //nolint:errorlint // the library returns these two, unwrapped
	case nil:
	case openapi3.MultiError:
		for _, e := range err {
			all = fieldsFrom(all, e)
		}
	case *openapi3.SchemaError:
		return append(all, fieldsOfSchemaError(err)...)
	default:
		return append(all, problem.At("", "schema", "the body does not have the documented form"))
	}
	return all
}

func fieldsOfSchemaError(err *openapi3.SchemaError) []problem.Field {
	pointer := ""
	for _, name := range err.JSONPointer() {
		pointer += "/" + escape(name)
	}
	code, ok := codes[err.SchemaField]
	if !ok {
		code = "schema"
	}
	switch code {
	case "unknown_field":
		return unknownFields(pointer, err)
	case "required":
		return []problem.Field{problem.At(pointer, code, "the field is missing")}
	case "pattern":
		return []problem.Field{problem.At(pointer, code, want(err.Schema))}
	}
	return []problem.Field{problem.At(pointer, code, err.Reason)}
}

// codes are ours for the keywords of a schema.
var codes = map[string]string{
	"properties": "unknown_field", "required": "required", "pattern": "pattern", "format": "pattern", "type": "type",
	"enum": "not_allowed", "nullable": "null", "minimum": "out_of_range", "maximum": "out_of_range",
	"minLength": "length", "maxLength": "length", "minProperties": "field_count", "maxProperties": "field_count",
}

// unknownFields names those at one place; the library's own errors name them
// only in their text.
func unknownFields(pointer string, err *openapi3.SchemaError) (all []problem.Field) {
	object, _ := err.Value.(map[string]any)
	for name := range object {
		if _, known := err.Schema.Properties[name]; !known {
			all = append(all, problem.At(pointer+"/"+escape(name), "unknown_field", "there is no such field"))
		}
	}
	slices.SortFunc(all, func(a, b problem.Field) int { return strings.Compare(*a.Pointer, *b.Pointer) })
	return all[:min(len(all), errorMax)]
}

// want says what a pattern asks for, in the document's own words.
func want(s *openapi3.Schema) string {
	words := strings.TrimSpace(s.Description)
	if words == "" {
		return fmt.Sprintf("must match %s", s.Pattern)
	}
	return fmt.Sprintf("%s Must match %s", words, s.Pattern)
}
