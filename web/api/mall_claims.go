package api

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/problem"
)

func renderClaim(c *mall.Claim) *MallClaim {
	return &MallClaim{ID: c.ID.String(), OrderID: c.Order.String(), State: MallClaimState(c.State), Quantity: int(c.Quantity), Reason: c.Reason,
		AskedAt: at(c.At), Checker: c.Checker, Answer: c.Answer, DecidedAt: at(c.DecidedAt)}
}

func (a *API) listClaims(r *request) (reply, error) {
	query, err := r.query("state", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	state, wrong := oneOf(query, "state", "open", "granted", "declined")
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	found, err := a.o.Mall.Claims(r.context(), mall.ClaimFilter{State: mall.ClaimState(state), Before: page.afterID(), Limit: page.limit})
	if err != nil {
		return reply{}, err
	}
	return turned(r, page, found, func(c *mall.Claim) (MallClaim, ledger.ID) { return *renderClaim(c), c.ID },
		func(items []MallClaim, next string) any { return &MallClaimPage{Claims: items, NextCursor: next} }), nil
}

func (a *API) grantClaim(r *request, b MallClaimGrant) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	wait, _ := preferredWait(r.c.Request.Header)
	return claimReply(a.o.Mall.Grant(r.context(), r.party.Client, id, b.Restock, wait))
}

func (a *API) declineClaim(r *request, b MallClaimRefusal) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	return claimReply(a.o.Mall.Decline(r.context(), r.party.Client, id, b.Answer))
}

func claimReply(c *mall.Claim, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(renderClaim(c)), nil
}
