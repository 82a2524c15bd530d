package api

import (
	"net/http"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) createReversal(r *request, body ReversalRequest) (reply, error) {
	key, err := r.idempotency()
	if err != nil {
		return reply{}, err
	}
	asked, err := reverseRequest(r, &body)
	if err != nil {
		return reply{}, err
	}
	asked.Idempotency = key
	if asked.Evidence, err = r.evidence(r.body); err != nil {
		return reply{}, err
	}
	wait, preferred := preferredWait(r.c.Request.Header)
	v, replayed, err := a.o.Exchange.Reverse(r.context(), r.party, asked, wait)
	if err != nil {
		return reply{}, err
	}
	answer := reply{status: http.StatusCreated, replayed: replayed, waited: preferred,
		location: conversionPath(v.Conversion) + "/reversals/" + v.ID.String()}
	switch v.Status {
	case exchange.Completed:
	case exchange.Processing:
		answer.status = http.StatusAccepted
	default:
		return reply{}, failed(v.Failure, answer, func(p *problem.Problem) {
			p.ConversionID, p.ReversalID = v.Conversion.String(), v.ID.String()
		})
	}
	answer.body = renderReversal(v)
	return answer, nil
}

// reverseRequest reads a body that the form has accepted.
func reverseRequest(r *request, b *ReversalRequest) (out exchange.ReverseRequest, err error) {
	if out.Conversion, err = r.id("id"); err != nil {
		return out, err
	}
	if b.Reason != nil {
		out.Reason = *b.Reason
	}
	if b.Reference != nil {
		out.Reference = *b.Reference
	}
	if wrong := checkReason(out.Reason); wrong != nil {
		return out, problem.Invalid(wrong...)
	}
	out.Amount, err = ledger.ParseAmount(b.Amount)
	return out, err
}

// checkReason bounds the bytes; a schema can count characters only.
func checkReason(reason string) []problem.Field {
	if len(reason) > ledger.ReasonMax {
		return []problem.Field{problem.At("/reason", "length", "must have at most 200 bytes in UTF-8")}
	}
	return nil
}

func (a *API) listReversals(r *request) (reply, error) {
	found, err := a.reversals(r)
	if err != nil {
		return reply{}, err
	}
	out := ReversalList{Reversals: make([]Reversal, 0, len(found))}
	for _, v := range found {
		out.Reversals = append(out.Reversals, *renderReversal(v))
	}
	return ok(&out), nil
}

func (a *API) getReversal(r *request) (reply, error) {
	found, err := a.reversals(r)
	if err != nil {
		return reply{}, err
	}
	id, err := r.id("reversal_id")
	if err != nil {
		return reply{}, err
	}
	for _, v := range found {
		if v.ID == id {
			return ok(renderReversal(v)), nil
		}
	}
	return reply{}, exchange.ErrNotFound
}

func (a *API) reversals(r *request) ([]*exchange.Reversal, error) {
	if _, err := r.query(); err != nil {
		return nil, err
	}
	id, err := r.id("id")
	if err != nil {
		return nil, err
	}
	return a.o.Exchange.Reversals(r.context(), r.party, id)
}

// renderReversal holds nothing that changes after the end: it serves as the
// answer to the request that made it, too.
func renderReversal(v *exchange.Reversal) *Reversal {
	return &Reversal{ID: v.ID.String(), ConversionID: v.Conversion.String(), Status: ReversalStatus(v.Status), Source: v.Source,
		Amount: points(v.Amount), Reason: v.Reason, SourceReference: v.SourceReference, DestinationReference: v.DestinationReference,
		Failure: renderFailure(v.Failure), CreatedAt: at(v.CreatedAt), FinishedAt: at(v.FinishedAt)}
}
