package api

import (
	"encoding/json"
	"fmt"

	"github.com/pointgrid/pointgrid/web/idempotency"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/problem"
)

// explainedForm is a body that is only ever checked against its schema: one with
// arrays, which the fast path of [jsonbody.Form] does not read, and of a request
// that is rare.
type explainedForm[T any] struct{ form *jsonbody.Form[struct{}] }

func newExplainedForm[T any](s schemas, name string) (explainedForm[T], error) {
	form, err := jsonbody.NewForm[struct{}](nil, s.always(name))
	return explainedForm[T]{form}, err
}

// withExplained is [withBody] for such a form.
func withExplained[T any](form explainedForm[T], work func(r *request, body T) (reply, error)) func(*request) (reply, error) {
	return func(r *request) (reply, error) {
		if _, err := r.query(); err != nil {
			return reply{}, err
		}
		var p *problem.Problem
		if r.body, p = jsonbody.Read(r.c.Writer, r.c.Request, jsonType); p != nil {
			return reply{}, p
		}
		if r.key, p = idempotency.Key(r.c.Request.Header); p != nil {
			return reply{}, p
		}
		if wrong := form.form.Explain(r.body); len(wrong) > 0 {
			return reply{}, problem.Invalid(wrong...)
		}
		var body T
		if err := json.Unmarshal(r.body, &body); err != nil {
			return reply{}, fmt.Errorf("api: a body that its schema accepts: %w", err)
		}
		return work(r, body)
	}
}
