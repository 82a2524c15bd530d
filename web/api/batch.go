package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/idempotency"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/problem"
)

// batchBytesMax bounds the body of a batch: as many conversions as it may have,
// each with the longest key, and room.
const batchBytesMax = 1 << 20

// batchItem is a ConversionBatchItem of the document.
type batchItem struct {
	IdempotencyKey string         `json:"idempotency_key" validate:"required,key"`
	Conversion     conversionBody `json:"conversion" validate:"required"`
}

func (a *API) createBatch(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	if len(r.c.Request.Header["Idempotency-Key"]) > 0 {
		return reply{}, problem.New(http.StatusBadRequest, "idempotency_key_invalid",
			"a batch has no key of its own: give each of its conversions an idempotency_key")
	}
	body, p := jsonbody.ReadMost(r.c.Writer, r.c.Request, jsonType, batchBytesMax)
	if p != nil {
		return reply{}, p
	}
	items, wrong := a.forms.batch.Decode(body)
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	if err := r.charge(int64(len(items)) - 1); err != nil { // one was charged before
		return reply{}, err
	}
	evidence, err := r.evidence(body)
	if err != nil {
		return reply{}, err
	}
	wait, preferred := preferredWait(r.c.Request.Header)
	return reply{status: http.StatusOK, raw: a.convertBatch(r, items, evidence, wait), waited: preferred}, nil
}

// convertBatch converts, as the company that signed the batch asked, what is
// well-formed and renders the answer to each item.
func (a *API) convertBatch(r *request, items []jsonbody.Element[batchItem], evidence *ledger.Evidence, wait time.Duration) []byte {
	asked := make([]exchange.ConvertRequest, 0, len(items))
	malformed := make([]error, len(items))
	for i := range items {
		one, err := batchRequest(&items[i])
		one.Evidence = evidence
		if malformed[i] = err; err == nil {
			asked = append(asked, one)
		}
	}
	outcomes := a.o.Exchange.ConvertMany(r.context(), r.party, asked, wait)
	out := make([]byte, 0, 64+768*len(items))
	out = append(out, `{"results":[`...)
	for i, err := range malformed {
		o := exchange.Outcome{Err: err}
		if err == nil {
			o, outcomes = outcomes[0], outcomes[1:]
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = a.appendResult(r, out, i, o)
	}
	return append(out, "]}\n"...)
}

// batchRequest reads an item. What was asked is identified as it would be on the
// single route, so that a key means the same on both.
func batchRequest(item *jsonbody.Element[batchItem]) (exchange.ConvertRequest, error) {
	if item.Wrong != nil {
		return exchange.ConvertRequest{}, problem.Invalid(item.Wrong...)
	}
	asked, err := item.Body.Conversion.request()
	asked.Idempotency = exchange.Idempotency{Key: item.Body.IdempotencyKey,
		Hash: idempotency.Hash(http.MethodPost, conversionsRoute, jsonbody.Member(item.Raw, "conversion"))}
	return asked, err
}

// appendResult writes what the single route would answer, as one result.
func (a *API) appendResult(r *request, out []byte, index int, o exchange.Outcome) []byte {
	answer, err := conversionReply(o)
	out = append(out, `{"index":`...)
	out = strconv.AppendInt(out, int64(index), 10)
	if err != nil {
		return a.appendRefusal(r, out, err)
	}
	out = append(out, `,"status":`...)
	out = strconv.AppendInt(out, int64(answer.status), 10)
	if answer.replayed {
		out = append(out, `,"replayed":true`...)
	}
	out = append(out, `,"conversion":`...)
	return append(appendCreated(out, o.Conversion), '}')
}

func (a *API) appendRefusal(r *request, out []byte, err error) []byte {
	p := a.problem(r.c, err)
	out = append(out, `,"status":`...)
	out = strconv.AppendInt(out, int64(p.Status), 10)
	if p.RetryAfter > 0 {
		out = append(out, `,"retry_after":`...)
		out = strconv.AppendInt(out, int64((p.RetryAfter+time.Second-1)/time.Second), 10)
	}
	out = append(out, `,"problem":`...)
	return append(append(out, p.Bytes()...), '}')
}
