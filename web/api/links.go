package api

import (
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
	query, err := r.query("limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	found, err := a.o.Exchange.Links(r.context(), r.party, page.afterID(), page.limit)
	if err != nil {
		return reply{}, err
	}
	out := LinkPage{Links: make([]Link, 0, len(found))}
	var last ledger.ID
	for _, l := range found {
		out.Links = append(out.Links, *renderLink(l))
		last = l.ID
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), last[:])
	return answer, nil
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
