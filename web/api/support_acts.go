package api

import (
	"net/http"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) createAccountAction(r *request, b AccountActionRequest) (reply, error) {
	key, err := r.supportKey()
	if err != nil {
		return reply{}, err
	}
	act, replayed, err := a.o.Support.Do(r.context(), r.helper(), support.ActRequest{Idempotency: key, Client: r.party.Client, Kind: support.ActKind(b.Kind), Member: b.Member,
		Points: digits(b.Points), Reason: b.Reason, Reference: b.Reference})
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, replayed: replayed, location: actionsPath + "/" + act.ID.String(), body: renderAct(act)}, nil
}

func (a *API) listAccountActions(r *request) (reply, error) {
	query, err := r.query("kind", "state", "limit", "cursor")
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
	kind, wrong := oneOf(query, "kind", "goodwill", "freeze", "unfreeze", "release", "refuse")
	state, bad := oneOf(query, "state", "awaiting", "proposed", "under_way", "done", "declined", "refused")
	if wrong = append(wrong, bad...); wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	found, err := a.o.Support.Acts(r.context(), support.ActFilter{Member: member, Kind: support.ActKind(kind), State: support.ActState(state), Before: page.afterID(), Limit: page.limit})
	if err != nil {
		return reply{}, err
	}
	return turned(r, page, found, func(act *support.Act) (AccountAction, ledger.ID) { return *renderAct(act), act.ID },
		func(items []AccountAction, next string) any {
			return &AccountActionPage{Actions: items, NextCursor: next}
		}), nil
}

func (a *API) getAccountAction(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	return a.onAct(r, func(id ledger.ID) (*support.Act, error) { return a.o.Support.Act(r.context(), id) })
}

// onAct does something about the act that the path names.
func (a *API) onAct(r *request, do func(id ledger.ID) (*support.Act, error)) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	act, err := do(id)
	if err != nil {
		return reply{}, err
	}
	return ok(renderAct(act)), nil
}

func (a *API) approveAccountAction(r *request, _ AccountActionApproval) (reply, error) {
	return a.onAct(r, func(id ledger.ID) (*support.Act, error) {
		return a.o.Support.ApproveAct(r.context(), r.helper(), id)
	})
}

func (a *API) rejectAccountAction(r *request, b SupportReason) (reply, error) {
	return a.onAct(r, func(id ledger.ID) (*support.Act, error) {
		return a.o.Support.DeclineAct(r.context(), r.helper(), id, b.Reason)
	})
}

func (a *API) decideReview(release bool) func(*request, SupportReason) (reply, error) {
	return func(r *request, b SupportReason) (reply, error) {
		return a.onAct(r, func(id ledger.ID) (*support.Act, error) {
			return a.o.Support.Review(r.context(), r.helper(), id, release, b.Reason)
		})
	}
}

func (a *API) listReviews(r *request) (reply, error) {
	return listed(r, a.o.Held.Held, func(c *exchange.Conversion) (HeldConversion, ledger.ID) { return renderHeld(c), c.ID },
		func(items []HeldConversion, next string) any {
			return &HeldConversionPage{Reviews: items, NextCursor: next}
		})
}

func renderHeld(c *exchange.Conversion) HeldConversion {
	rule, until := c.Review()
	return HeldConversion{ConversionID: c.ID.String(), Member: c.Member, Source: c.Source, Destination: c.Destination, Amount: points(c.From), DestinationAmount: points(c.To),
		Rule: ReviewRule(rule), Until: at(until), CreatedAt: at(c.CreatedAt)}
}

// renderReview says that a conversion is held, or is nil.
func renderReview(c *exchange.Conversion) *ConversionReview {
	rule, until := c.Review()
	if rule == "" {
		return nil
	}
	return &ConversionReview{Reason: ReviewRule(rule), Until: at(until)}
}

func someID(id ledger.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func renderAct(a *support.Act) *AccountAction {
	out := &AccountAction{ID: a.ID.String(), Kind: AccountActionKind(a.Kind), Member: a.Member, Account: a.Account.String(), ConversionID: someID(a.Subject), DisputeID: someID(a.Dispute),
		Points: some(a.Points), Reason: a.Reason, Reference: a.Reference, State: AccountActionState(a.State), Maker: a.Maker, Checker: a.Checker, Code: a.Code, Detail: a.Detail,
		CreatedAt: at(a.CreatedAt), DecidedAt: at(a.DecidedAt), FinishedAt: at(a.FinishedAt)}
	if a.Kind == support.Goodwill {
		out.Expiry = a.Expiry.String()
	}
	return out
}

func renderDispute(d *support.Dispute, trail []*support.Entry) *Dispute {
	out := &Dispute{ID: d.ID.String(), Member: d.Member, Kind: DisputeKind(d.Kind), SubjectID: d.Subject.String(), Reason: DisputeReason(d.Reason), State: DisputeState(d.State),
		Owner: d.Owner, Due: d.Due.String(), Version: d.Version, OpenedAt: at(d.OpenedAt), UpdatedAt: at(d.UpdatedAt)}
	if v := d.Resolution; v != nil {
		out.Resolution = &DisputeResolution{Outcome: DisputeOutcome(v.Outcome), Remedy: DisputeRemedy(v.Remedy), Amount: some(v.Amount), Goodwill: some(v.Goodwill), Text: v.Text,
			Maker: v.Maker, Checker: v.Checker, ActionID: someID(v.Act), Reference: v.Reference}
	}
	for _, e := range trail {
		out.Trail = append(out.Trail, DisputeEntry{Number: e.Number, At: at(e.At), Side: DisputeEntrySide(e.Side), By: e.By, What: e.What, State: DisputeState(e.State), Text: e.Text, Public: e.Public})
	}
	return out
}
