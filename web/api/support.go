package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Support is what staff do for members; [support.Service] is one, and says which
// errors the methods return.
type Support interface {
	Open(ctx context.Context, r support.OpenRequest) (d *support.Dispute, replayed bool, err error)
	Say(ctx context.Context, member string, id ledger.ID, text string) (*support.Dispute, error)
	Dispute(ctx context.Context, id ledger.ID) (*support.Dispute, error)
	Disputes(ctx context.Context, f support.Filter) ([]*support.Dispute, error)
	Story(ctx context.Context, id ledger.ID) (*support.Dispute, []*support.Entry, error)
	Message(ctx context.Context, p support.Person, id ledger.ID, version int64, to support.To, text string) (*support.Dispute, error)
	Propose(ctx context.Context, p support.Person, id ledger.ID, version int64, proposal support.Proposal) (*support.Dispute, error)
	Approve(ctx context.Context, p support.Person, id ledger.ID, version int64) (*support.Dispute, error)
	Reject(ctx context.Context, p support.Person, id ledger.ID, version int64, reason string) (*support.Dispute, error)
	Do(ctx context.Context, p support.Person, r support.ActRequest) (a *support.Act, replayed bool, err error)
	Act(ctx context.Context, id ledger.ID) (*support.Act, error)
	Acts(ctx context.Context, f support.ActFilter) ([]*support.Act, error)
	ApproveAct(ctx context.Context, p support.Person, id ledger.ID) (*support.Act, error)
	DeclineAct(ctx context.Context, p support.Person, id ledger.ID, reason string) (*support.Act, error)
	Review(ctx context.Context, p support.Person, conversion ledger.ID, release bool, reason string) (*support.Act, error)
}

// Held finds conversions that are held for review; [exchange.Service] does.
type Held interface {
	Held(ctx context.Context, before ledger.ID, limit int) ([]*exchange.Conversion, error)
}

func (a *API) supportOperations() []operation {
	const disputes, actions, reviews = disputesPath, actionsPath, "/v1/reviews"
	get, post := http.MethodGet, http.MethodPost
	all := []operation{
		{method: post, path: disputes, handle: withExplained(a.forms.dispute, a.openDispute)},
		{method: get, path: disputes, handle: a.listDisputes},
		{method: get, path: disputes + "/:id", handle: a.getDispute},
		{method: post, path: disputes + "/:id/messages", handle: withExplained(a.forms.disputeMessage, saved(a, a.addDisputeMessage))},
		{method: post, path: disputes + "/:id/resolution", handle: withExplained(a.forms.disputeResolution, saved(a, a.proposeResolution))},
		{method: post, path: disputes + "/:id/resolution/approval", handle: withExplained(a.forms.disputeApproval, saved(a, a.approveResolution))},
		{method: post, path: disputes + "/:id/resolution/rejection", handle: withExplained(a.forms.disputeRejection, saved(a, a.rejectResolution))},
		{method: post, path: actions, handle: withExplained(a.forms.accountAction, a.createAccountAction)},
		{method: get, path: actions, handle: a.listAccountActions},
		{method: get, path: actions + "/:id", handle: a.getAccountAction},
		{method: post, path: actions + "/:id/approval", handle: withExplained(a.forms.actionApproval, saved(a, a.approveAccountAction))},
		{method: post, path: actions + "/:id/rejection", handle: withExplained(a.forms.supportReason, saved(a, a.rejectAccountAction))},
		{method: get, path: reviews, handle: a.listReviews},
		{method: post, path: reviews + "/:id/release", handle: withExplained(a.forms.supportReason, saved(a, a.decideReview(true)))},
		{method: post, path: reviews + "/:id/refusal", handle: withExplained(a.forms.supportReason, saved(a, a.decideReview(false)))},
	}
	for i := range all {
		all[i].scope = partners.ScopeSupport
		all[i].handle = a.withSupport(all[i].handle)
	}
	return all
}

const (
	disputesPath = "/v1/disputes"
	actionsPath  = "/v1/account_actions"
)

// withSupport answers what only support can when there is none.
func (a *API) withSupport(handle func(*request) (reply, error)) func(*request) (reply, error) {
	return func(r *request) (reply, error) {
		if a.o.Support == nil {
			return reply{}, later("unavailable", "this gateway has no support", time.Minute)
		}
		return handle(r)
	}
}

// helper is whom a client stands for. A program that may do this may approve what
// another proposed; who wants four eyes gives its people clients of their own.
func (r *request) helper() support.Person {
	return support.Person{ID: r.party.Client, Checker: true}
}

func (r *request) supportKey() (support.Idempotency, error) {
	k, err := r.idempotency()
	return support.Idempotency{Key: k.Key, Hash: k.Hash}, err
}

func (a *API) openDispute(r *request, b DisputeRequest) (reply, error) {
	key, err := r.supportKey()
	if err != nil {
		return reply{}, err
	}
	subject, err := ledger.ParseID(b.SubjectID)
	if err != nil {
		return reply{}, support.ErrNotFound
	}
	d, replayed, err := a.o.Support.Open(r.context(), support.OpenRequest{Idempotency: key, Client: r.party.Client, Member: b.Member, Kind: support.SubjectKind(b.Kind), Subject: subject,
		Reason: support.Reason(b.Reason), Text: b.Text})
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, replayed: replayed, location: disputesPath + "/" + d.ID.String(), body: renderDispute(d, nil)}, nil
}

func (a *API) listDisputes(r *request) (reply, error) {
	query, err := r.query("state", "unended", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	member, err := r.memberNamed()
	if err != nil {
		return reply{}, err
	}
	state, wrong := oneOf(query, "state", "open", "waiting_member", "waiting_partner", "proposed", "carrying_out", "resolved")
	unended, bad := oneOf(query, "unended", "true", "false")
	if wrong = append(wrong, bad...); wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	f := support.Filter{Member: member, State: support.State(state), Unended: unended == "true", Limit: page.limit, Before: page.afterID()}
	if f.Unended && !f.Before.IsZero() {
		last, err := a.o.Support.Dispute(r.context(), f.Before)
		if err != nil {
			return reply{}, err
		}
		f.After = &support.Place{Due: last.Due, ID: last.ID}
	}
	found, err := a.o.Support.Disputes(r.context(), f)
	if err != nil {
		return reply{}, err
	}
	return turned(r, page, found, func(d *support.Dispute) (Dispute, ledger.ID) { return *renderDispute(d, nil), d.ID },
		func(items []Dispute, next string) any { return &DisputePage{Disputes: items, NextCursor: next} }), nil
}

func (a *API) getDispute(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	d, trail, err := a.o.Support.Story(r.context(), id)
	if err != nil {
		return reply{}, err
	}
	return ok(renderDispute(d, trail)), nil
}

// onDispute does something about the dispute that the path names.
func (a *API) onDispute(r *request, do func(id ledger.ID) (*support.Dispute, error)) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	d, err := do(id)
	if err != nil {
		return reply{}, err
	}
	return ok(renderDispute(d, nil)), nil
}

func (a *API) addDisputeMessage(r *request, b DisputeMessage) (reply, error) {
	return a.onDispute(r, func(id ledger.ID) (*support.Dispute, error) {
		if b.To != "said" {
			return a.o.Support.Message(r.context(), r.helper(), id, b.Version, support.To(b.To), b.Text)
		}
		d, err := a.o.Support.Dispute(r.context(), id)
		if err != nil {
			return nil, err
		}
		return a.o.Support.Say(r.context(), d.Member, id, b.Text)
	})
}

func (a *API) proposeResolution(r *request, b DisputeResolutionRequest) (reply, error) {
	return a.onDispute(r, func(id ledger.ID) (*support.Dispute, error) {
		return a.o.Support.Propose(r.context(), r.helper(), id, b.Version, support.Proposal{Outcome: support.Outcome(b.Outcome), Remedy: support.RemedyKind(b.Remedy),
			Amount: digits(b.Amount), Goodwill: digits(b.Goodwill), Text: b.Text})
	})
}

func (a *API) approveResolution(r *request, b DisputeApproval) (reply, error) {
	return a.onDispute(r, func(id ledger.ID) (*support.Dispute, error) {
		return a.o.Support.Approve(r.context(), r.helper(), id, b.Version)
	})
}

func (a *API) rejectResolution(r *request, b DisputeRejection) (reply, error) {
	return a.onDispute(r, func(id ledger.ID) (*support.Dispute, error) {
		return a.o.Support.Reject(r.context(), r.helper(), id, b.Version, b.Reason)
	})
}

// supportProblem returns the problem that a refusal of support is.
func supportProblem(r *support.Refusal) *problem.Problem {
	status := http.StatusUnprocessableEntity
	if r.Code == support.CodeDecided || r.Code == support.CodeDisputed {
		status = http.StatusConflict
	}
	return problem.New(status, r.Code, r.Detail)
}

// addSupport makes the forms of support.
func (f *forms) addSupport(s schemas) error {
	var errs [8]error
	f.dispute, errs[0] = newExplainedForm[DisputeRequest](s, "DisputeRequest")
	f.disputeMessage, errs[1] = newExplainedForm[DisputeMessage](s, "DisputeMessage")
	f.disputeResolution, errs[2] = newExplainedForm[DisputeResolutionRequest](s, "DisputeResolutionRequest")
	f.disputeApproval, errs[3] = newExplainedForm[DisputeApproval](s, "DisputeApproval")
	f.disputeRejection, errs[4] = newExplainedForm[DisputeRejection](s, "DisputeRejection")
	f.accountAction, errs[5] = newExplainedForm[AccountActionRequest](s, "AccountActionRequest")
	f.actionApproval, errs[6] = newExplainedForm[AccountActionApproval](s, "AccountActionApproval")
	f.supportReason, errs[7] = newExplainedForm[SupportReason](s, "SupportReason")
	return errors.Join(errs[:]...)
}
