package api

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) createConversion(r *request, body conversionBody) (reply, error) {
	key, err := r.idempotency()
	if err != nil {
		return reply{}, err
	}
	asked, err := body.request()
	if err != nil {
		return reply{}, err
	}
	asked.Idempotency = key
	if asked.Evidence, err = r.evidence(r.body); err != nil {
		return reply{}, err
	}
	wait, preferred := preferredWait(r.c.Request.Header)
	c, replayed, err := a.o.Exchange.Convert(r.context(), r.party, asked, wait)
	answer, err := conversionReply(exchange.Outcome{Conversion: c, Replayed: replayed, Err: err})
	if err != nil {
		return reply{}, withWait(err, preferred)
	}
	answer.waited, answer.location, answer.body = preferred, conversionPath(c.ID), renderCreated(c)
	return answer, nil
}

// conversionReply says how a request for a conversion is answered, without the
// conversion itself.
func conversionReply(o exchange.Outcome) (reply, error) {
	if o.Err != nil {
		return reply{}, o.Err
	}
	c, answer := o.Conversion, reply{status: http.StatusCreated, replayed: o.Replayed}
	switch outcome(c) {
	case exchange.Completed:
	case exchange.Processing:
		answer.status = http.StatusAccepted
	default:
		answer.location = conversionPath(c.ID)
		return reply{}, failed(c.Failure, answer, func(p *problem.Problem) { p.ConversionID = c.ID.String() })
	}
	return answer, nil
}

// withWait adds the wait that was asked for to the answer about a workflow that
// ended without success.
func withWait(err error, preferred *time.Duration) error {
	var ended *endedWithout
	if errors.As(err, &ended) {
		ended.reply.waited = preferred
	}
	return err
}

// request reads a body that the form has accepted.
func (b *conversionBody) request() (r exchange.ConvertRequest, err error) {
	if r.LinkID, err = ledger.ParseID(b.LinkID); err != nil {
		return r, err
	}
	if b.Reference != nil {
		r.Reference = *b.Reference
	}
	if b.QuoteID != nil {
		r.QuoteID, err = ledger.ParseID(*b.QuoteID)
		return r, err
	}
	r.Source, r.Destination = *b.Source, *b.Destination
	r.From, err = ledger.ParseAmount(*b.Amount)
	return r, err
}

// failed is the answer about a workflow that ended without success.
func failed(f *exchange.Failure, answer reply, name func(*problem.Problem)) error {
	if f == nil {
		f = &exchange.Failure{Code: "refused"}
	}
	p := problem.New(http.StatusUnprocessableEntity, f.Code, f.Detail)
	name(p)
	return &endedWithout{problem: p, reply: answer}
}

func (a *API) getConversion(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	c, err := a.o.Exchange.Conversion(r.context(), r.party, id)
	if err != nil {
		return reply{}, err
	}
	out := renderConversion(c)
	if out.Bonus, err = a.bonusOf(r, c); err != nil {
		return reply{}, err
	}
	return ok(out), nil
}

func (a *API) listConversions(r *request) (reply, error) {
	query, err := r.query("programme", "status", "created_from", "created_until", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	filter, wrong := conversionFilter(query)
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	filter.Limit, filter.Before = page.limit, page.afterID()
	found, err := a.o.Exchange.Conversions(r.context(), r.party, filter)
	if err != nil {
		return reply{}, err
	}
	return turned(r, page, found, func(c *exchange.Conversion) (Conversion, ledger.ID) { return *renderConversion(c), c.ID },
		func(all []Conversion, next string) any { return &ConversionPage{Conversions: all, NextCursor: next} }), nil
}

func conversionFilter(query url.Values) (f exchange.Filter, wrong []problem.Field) {
	if f.Programme = query.Get("programme"); query.Has("programme") && !ledger.ValidProgramme(f.Programme) {
		wrong = append(wrong, problem.Parameter("programme", "pattern", "must be the code of a programme, for example EPT"))
	}
	status, bad := oneOf(query, "status", "processing", "completed", "failed", "reversed")
	f.Status, wrong = exchange.Status(status), append(wrong, bad...)
	for name, into := range map[string]*int64{"created_from": &f.CreatedFrom, "created_until": &f.CreatedUntil} {
		if !query.Has(name) {
			continue
		}
		ms, detail := parseInstant(query.Get(name))
		if detail != "" {
			wrong = append(wrong, problem.Parameter(name, "instant", detail))
		}
		*into = ms
	}
	return f, wrong
}

func (a *API) getReceipt(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	receipt, err := a.o.Exchange.Receipt(r.context(), r.party, id)
	if err != nil {
		return reply{}, err
	}
	return ok(&receipt), nil
}

const (
	conversionsRoute = "/v1/conversions"
	conversionsPath  = conversionsRoute + "/"
)

func conversionPath(id ledger.ID) string { return conversionsPath + id.String() }

// outcome is how a conversion ended, or that it has not. A later reversal does
// not change it.
func outcome(c *exchange.Conversion) exchange.Status {
	if c.Outcome == "" {
		return exchange.Processing
	}
	return c.Outcome
}

// renderCreated is the answer to the request that made the conversion: only
// what never changes after the end, so that a repeat gets the same bytes.
func renderCreated(c *exchange.Conversion) *Conversion {
	id := c.ID.String()
	path := conversionsPath + id
	out := &Conversion{ID: id, Status: ConversionStatus(outcome(c)), Source: c.Source, Destination: c.Destination,
		Amount: points(c.From), DestinationAmount: points(c.To), Fee: points(c.Fee), Agreements: make([]AgreementReference, 0, 2),
		SourceReference: c.SourceReference, DestinationReference: c.DestinationReference, CreatedAt: at(c.CreatedAt), FinishedAt: at(c.FinishedAt),
		Links: ConversionLinks{Self: path, Receipt: path + "/receipt", Reversals: path + "/reversals"}}
	if !c.QuoteID.IsZero() {
		out.QuoteID = c.QuoteID.String()
	}
	if c.In != nil {
		out.Agreements = append(out.Agreements, renderReference(DirectionIn, c.In))
	}
	if c.Out != nil {
		out.Agreements = append(out.Agreements, renderReference(DirectionOut, c.Out))
	}
	if out.Review = renderReview(c); out.Review == nil {
		out.Failure = renderFailure(c.Failure)
	}
	return out
}

func renderReference(d Direction, l *ledger.LegTerms) AgreementReference {
	return AgreementReference{Direction: d, Partner: l.Partner, ID: l.Agreement.String(), Hash: l.Hash.String()}
}

func renderFailure(f *exchange.Failure) *Failure {
	if f == nil {
		return nil
	}
	return &Failure{Code: f.Code, Detail: f.Detail}
}

// renderConversion is the conversion as it stands now.
func renderConversion(c *exchange.Conversion) *Conversion {
	out := renderCreated(c)
	out.Status, out.ReversedAmount = ConversionStatus(c.Status), points(c.Reversed)
	return out
}
