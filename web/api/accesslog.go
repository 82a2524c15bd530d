package api

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) listAccesses(r *request) (reply, error) {
	query, err := r.query("client", "kind", "problems", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	kind, wrong := oneOf(query, "kind", "request", "authentication", "credential")
	problems, bad := oneOf(query, "problems", "true")
	wrong = append(wrong, bad...)
	if len(query.Get("client")) > 64 {
		wrong = append(wrong, problem.Parameter("client", "pattern", "must be the ID of a client"))
	}
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	found, err := a.o.Access.Accesses(r.context(), partners.AccessFilter{Partner: r.party.Partner, All: a.administrator(r).Operator,
		Client: query.Get("client"), Kind: partners.AccessKind(kind), Problems: problems != "", Before: page.afterID(), Limit: page.limit})
	if err != nil {
		return reply{}, err
	}
	return turned(r, page, found, func(e *partners.Access) (AccessEntry, ledger.ID) { return renderAccess(e), e.ID },
		func(all []AccessEntry, next string) any { return &AccessPage{Entries: all, NextCursor: next} }), nil
}

func renderAccess(e *partners.Access) AccessEntry {
	out := AccessEntry{ID: e.ID.String(), At: e.At, Kind: AccessKind(e.Kind), Partner: e.Partner, Client: e.Client, KeyID: e.Key, TokenID: e.TokenID,
		Method: e.Method, Route: e.Route, Status: e.Status, Code: e.Code, Detail: e.Detail, TookUs: e.Took.Microseconds(), RequestID: e.RequestID}
	if e.From.IsValid() {
		out.From = e.From.String()
	}
	return out
}
