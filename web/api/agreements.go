package api

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) listAgreements(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	found, err := a.o.Exchange.Agreements(r.context(), r.party)
	if err != nil {
		return reply{}, err
	}
	out := AgreementList{Agreements: make([]Agreement, 0, len(found))}
	for i := range found {
		out.Agreements = append(out.Agreements, *renderAgreement(&found[i]))
	}
	return ok(&out), nil
}

func (a *API) getAgreement(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	found, err := a.o.Exchange.Agreement(r.context(), r.party, id)
	if err != nil {
		return reply{}, err
	}
	return ok(renderAgreement(found)), nil
}

func (a *API) proposeAgreement(r *request, body Terms) (reply, error) {
	terms, wrong := parseTerms(&body)
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	made, err := a.o.Exchange.Propose(r.context(), r.party, terms)
	if err != nil {
		return reply{}, err
	}
	return created("/v1/agreements/"+made.ID.String(), renderAgreement(made)), nil
}

func (a *API) acceptAgreement(r *request, body Acceptance) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	var hash ledger.Hash
	if err := hash.UnmarshalText([]byte(body.Hash)); err != nil {
		return reply{}, err
	}
	decided, err := a.o.Exchange.Accept(r.context(), r.party, id, hash)
	if err != nil {
		return reply{}, err
	}
	return ok(renderAgreement(decided)), nil
}

func (a *API) rejectAgreement(r *request, body Rejection) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	if wrong := checkReason(body.Reason); wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	decided, err := a.o.Exchange.Reject(r.context(), r.party, id, body.Reason)
	if err != nil {
		return reply{}, err
	}
	return ok(renderAgreement(decided)), nil
}

func renderAgreement(g *ledger.Agreement) *Agreement {
	out := &Agreement{ID: g.ID.String(), Status: AgreementStatus(g.Status.String()), Hash: g.Hash.String(), Terms: RenderTerms(&g.Terms),
		ProposedBy: Identity{Msp: g.ProposedBy.MSP, Subject: g.ProposedBy.Subject}, ProposedAt: at(g.ProposedAt), DecidedAt: at(g.DecidedAt)}
	if g.DecidedAt != 0 {
		out.DecidedBy = &Identity{Msp: g.DecidedBy.MSP, Subject: g.DecidedBy.Subject}
	}
	return out
}
