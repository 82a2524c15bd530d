package api

import (
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

func (a *API) createQuote(r *request, body QuoteRequest) (reply, error) {
	from, err := ledger.ParseAmount(body.Amount)
	if err != nil {
		return reply{}, err
	}
	q, err := a.o.Exchange.Quote(r.context(), r.party, exchange.QuoteRequest{Source: body.Source, Destination: body.Destination, From: from})
	if err != nil {
		return reply{}, err
	}
	return created("/v1/quotes/"+q.ID.String(), renderQuote(q)), nil
}

func (a *API) getQuote(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	q, err := a.o.Quotes.Quote(r.context(), id)
	if err != nil {
		return reply{}, err
	}
	if !r.party.Utility() && q.Party.Partner != r.party.Partner {
		return reply{}, exchange.ErrNotFound
	}
	return ok(renderQuote(q)), nil
}

func renderQuote(q *exchange.Quote) *Quote {
	out := &Quote{ID: q.ID.String(), Source: q.Source, Destination: q.Destination, Amount: points(q.From), DestinationAmount: points(q.To),
		Fee: points(q.Fee), Legs: []Leg{}, Residues: []Residue{}, CreatedAt: at(q.CreatedAt), ExpiresAt: at(q.ExpiresAt)}
	if q.In != nil {
		out.Legs = append(out.Legs, renderLeg(DirectionIn, q.In))
	}
	if q.Out != nil {
		out.Legs = append(out.Legs, renderLeg(DirectionOut, q.Out))
	}
	for _, residue := range q.Residues {
		out.Residues = append(out.Residues, Residue{Programme: residue.Programme, Numerator: points(residue.Numerator), Denominator: points(residue.Denominator)})
	}
	return out
}

func renderLeg(d Direction, l *ledger.LegTerms) Leg {
	return Leg{Direction: d, Partner: l.Partner, AgreementID: l.Agreement.String(), AgreementHash: l.Hash.String(),
		Amount: points(l.From), DestinationAmount: points(l.To)}
}
