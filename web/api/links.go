package api

import (
	"context"
	"net/http"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) createLink(r *request, body LinkRequest) (reply, error) {
	given, detail := parseInstant(body.Consent.GivenAt)
	if detail != "" {
		return reply{}, problem.Invalid(problem.At("/consent/given_at", "instant", detail))
	}
	asked := exchange.LinkRequest{Member: body.Member, Membership: body.Membership,
		Consent: exchange.Consent{TextVersion: body.Consent.TextVersion, GivenAt: given, Channel: string(body.Consent.Channel)}}
	if body.Partner != nil {
		asked.Partner = *body.Partner
	}
	l, err := a.o.Exchange.Link(r.context(), r.party, asked)
	if err != nil {
		return reply{}, err
	}
	return created("/v1/links/"+l.ID.String(), renderLink(l)), nil
}

func (a *API) listLinks(r *request) (reply, error) {
	return listed(r, func(ctx context.Context, before ledger.ID, limit int) ([]*exchange.Link, error) {
		return a.o.Exchange.Links(ctx, r.party, before, limit)
	}, func(l *exchange.Link) (Link, ledger.ID) { return *renderLink(l), l.ID },
		func(links []Link, next string) any { return &LinkPage{Links: links, NextCursor: next} })
}

func (a *API) getLink(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	l, err := a.o.Exchange.LinkByID(r.context(), r.party, id)
	if err != nil {
		return reply{}, err
	}
	return ok(renderLink(l)), nil
}

func (a *API) endLink(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	if err := a.o.Exchange.Unlink(r.context(), r.party, id); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

// renderLink leaves out the utility's number of the member: nobody who calls
// has use for it that they do not know already.
func renderLink(l *exchange.Link) *Link {
	return &Link{ID: l.ID.String(), Partner: l.Partner, Membership: l.Membership, CreatedAt: at(l.CreatedAt), EndedAt: at(l.EndedAt),
		Consent: ConsentRecord{TextVersion: l.Consent.TextVersion, GivenAt: at(l.Consent.GivenAt), Channel: l.Consent.Channel}}
}
