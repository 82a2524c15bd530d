package jsonbody

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-playground/validator/v10"

	"github.com/pointgrid/pointgrid/web/problem"
)

// Form is what a body looks like: T for the fast path, a schema for the slow
// one. Both must say the same.
type Form[T any] struct {
	fields *fields
	checks *validator.Validate
	schema func(body map[string]any) *openapi3.Schema
}

// NewForm returns the form of bodies that decode into T, a struct of strings,
// integers, booleans, pointers to them and structs of such. The schema may
// depend on the body where the document says oneOf, so that the explanation is
// about the alternative that was meant. It returns an error when T has a field
// that it cannot promise to read strictly.
func NewForm[T any](checks *validator.Validate, schema func(body map[string]any) *openapi3.Schema) (*Form[T], error) {
	f, err := fieldsOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("jsonbody: %s: %w", reflect.TypeFor[T](), err)
	}
	return &Form[T]{fields: f, checks: checks, schema: schema}, nil
}

// Decode returns what a body says, or everything that is wrong with it.
func (f *Form[T]) Decode(data []byte) (body T, wrong []problem.Field) {
	if f.accepts(data, &body) {
		return body, nil
	}
	wrong = f.Explain(data)
	if len(wrong) == 0 {
		// The paths disagree, which a test forbids. Refusing is the safe side.
		wrong = []problem.Field{problem.At("", "not_accepted", "the body is not accepted")}
	}
	var none T
	return none, wrong
}

// Explain is the slow path by itself: everything that is wrong with a body, or
// nothing. It is there for tests that hold the two paths to the same verdict.
func (f *Form[T]) Explain(data []byte) []problem.Field { return explain(data, f.schema) }

// accepts is the fast path.
func (f *Form[T]) accepts(data []byte, body *T) bool {
	if !f.fields.scan(data) || json.Unmarshal(data, body) != nil {
		return false
	}
	return f.checks.Struct(body) == nil
}
