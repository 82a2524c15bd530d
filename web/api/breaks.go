package api

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/web/problem"
)

const breaksPath = "/v1/breaks/"

// person is who the caller is at the desk.
func (r *request) person() desk.Person {
	return desk.Person{Company: r.party.Partner, ID: r.party.Client}
}

func (a *API) listBreaks(r *request) (reply, error) {
	query, err := r.query("window", "state", "type", "partner", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	var f desk.Filter
	var wrong, bad []problem.Field
	f.Partner, wrong = r.whose(query)
	f.Window, bad = day(query, "window")
	wrong = append(wrong, bad...)
	state, bad := oneOf(query, "state", caseStates()...)
	wrong = append(wrong, bad...)
	f.State = desk.State(state)
	f.Type, bad = oneOf(query, "type", caseTypes()...)
	if wrong = append(wrong, bad...); wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	found, err := a.o.Breaks.Cases(r.context(), r.person(), f, desk.ByWindow, placeOf(page.after), page.limit)
	if err != nil {
		return reply{}, err
	}
	out := BreakList{Breaks: make([]Case, 0, len(found)), Conversions: []Break{}, Reversals: []ReversalBreak{}}
	last := ""
	for _, c := range found {
		out.Breaks = append(out.Breaks, *renderCase(r, c))
		last = c.Window.String() + c.ID
	}
	if r.party.Utility() && len(page.after) == 0 {
		if err := a.addEscalated(r.context(), &out); err != nil {
			return reply{}, err
		}
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), []byte(last))
	return answer, nil
}

func caseStates() (names []string) {
	for _, s := range desk.States() {
		names = append(names, string(s))
	}
	return names
}

func caseTypes() (names []string) {
	for t := reconcile.MissingOnLedger; t <= reconcile.WrongWindow; t++ {
		names = append(names, t.String())
	}
	return append(names, payment.BreakType)
}

// placeOf reads where a page ended: a date and an ID. A cursor of ours is always
// both.
func placeOf(after []byte) *desk.Place {
	const date = len("2006-01-02")
	if len(after) < date {
		return nil
	}
	window, err := ledger.ParseDate(string(after[:date]))
	if err != nil {
		return nil
	}
	return &desk.Place{Key: -int64(window), ID: string(after[date:])}
}

// addEscalated adds what waits for the operator.
func (a *API) addEscalated(ctx context.Context, out *BreakList) error {
	conversions, reversals, err := a.o.Exchange.Escalated(ctx)
	if err != nil {
		return err
	}
	for _, c := range conversions {
		out.Conversions = append(out.Conversions, Break{Conversion: *renderConversion(c), Client: c.Party.Client, Partner: c.Party.Partner,
			Step: string(c.Step), EscalatedAt: at(c.EscalatedAt)})
	}
	for _, v := range reversals {
		out.Reversals = append(out.Reversals, ReversalBreak{Reversal: *renderReversal(v), Client: v.Party.Client, Partner: v.Party.Partner,
			Step: string(v.Step), EscalatedAt: at(v.EscalatedAt)})
	}
	return nil
}

func (a *API) getBreak(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id := r.c.Param("break_id")
	c, err := a.o.Breaks.Case(r.context(), r.person(), id)
	if err != nil {
		return reply{}, err
	}
	trail, err := a.o.Breaks.Trail(r.context(), r.person(), id)
	if err != nil {
		return reply{}, err
	}
	out := renderCase(r, c)
	for _, e := range trail {
		out.Trail = append(out.Trail, CaseEntry{Number: e.Number, At: at(e.At), By: byWhom(r, e.By), What: e.What, State: CaseState(e.State),
			Text: e.Text, Attachment: e.Name})
	}
	return ok(out), nil
}

// byWhom names who acted. Which of the other company's people it was is that
// company's business.
func byWhom(r *request, p desk.Person) string {
	switch {
	case p.Company == r.party.Partner && p.ID != "":
		return p.ID
	case p.Company != "":
		return p.Company
	case p.ID == "reconciliation":
		return p.ID
	}
	return "utility"
}

func (a *API) commentBreak(r *request, body CaseComment) (reply, error) {
	c, err := a.o.Breaks.Comment(r.context(), r.person(), r.c.Param("break_id"), body.Version, body.Text)
	if err != nil {
		return reply{}, err
	}
	return ok(renderCase(r, c)), nil
}

func (a *API) answerAdjustment(r *request, body AdjustmentAnswer) (reply, error) {
	msp, known := a.o.MSP(r.party.Partner)
	if !known {
		return reply{}, desk.ErrForbidden
	}
	who := ledger.Identity{MSP: msp, Subject: r.party.Client}
	c, err := a.o.Breaks.Answer(r.context(), r.person(), who, r.c.Param("break_id"), body.Decision == "accept", body.Reason)
	if err != nil {
		return reply{}, err
	}
	return ok(renderCase(r, c)), nil
}

func renderCase(r *request, c *desk.Case) *Case {
	self := breaksPath + c.ID
	out := &Case{ID: c.ID, Partner: c.Partner, Window: c.Window.String(), Type: CaseType(c.Type), Movement: CaseMovement(c.Movement),
		State: CaseState(c.State), Reference: c.Reference, Value: millionths(c.Value), Tolerated: c.Tolerated, Blocking: c.Blocks(),
		Ledger: renderBook(c.Ledger), Ours: renderBook(c.Ours), Theirs: renderBook(c.Theirs), Version: c.Version,
		OpenedAt: at(c.OpenedAt), UpdatedAt: at(c.UpdatedAt), Links: CaseLinks{Self: self}}
	if !c.Transfer.IsZero() {
		out.TransferID = c.Transfer.String()
	}
	for _, d := range c.Differs {
		out.Differs = append(out.Differs, CaseDiffers(d))
	}
	if c.Due != 0 {
		out.Due = c.Due.String()
	}
	// What a maker proposed is between the utility's people until it is decided.
	if d := c.Resolution; d != nil && (r.party.Utility() || d.DecidedAt != 0) {
		out.Resolution = renderResolution(d)
	}
	if c.State == desk.Adjusting {
		out.Links.Adjustment = self + "/adjustment"
	}
	return out
}

func renderBook(b *desk.Book) (out CaseBook) {
	if b == nil {
		return out
	}
	out = CaseBook{Lines: b.Lines, Amount: points(b.Amount), At: at(b.At), Status: CaseBookStatus(b.Status), Line: b.Line, Membership: b.Membership}
	if b.Points != 0 {
		out.Points = points(b.Points)
	}
	if b.Window != 0 {
		out.Window = b.Window.String()
	}
	return out
}

func renderResolution(d *desk.Resolution) CaseResolution {
	out := CaseResolution{Action: CaseResolutionAction(d.Action), Reason: d.Reason, ProposedAt: at(d.ProposedAt), DecidedAt: at(d.DecidedAt)}
	if d.Value != 0 {
		out.Value = millionths(d.Value)
	}
	if !d.Adjustment.IsZero() {
		out.AdjustmentID = d.Adjustment.String()
	}
	return out
}

// reconcileDue does what the gateway does by itself.
func (a *API) reconcileDue(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	// Not the caller's context: who hangs up does not interrupt it.
	ctx := context.WithoutCancel(r.context())
	done, err := a.o.Reconciler.RunDue(ctx)
	var partial *settlement.PartialError
	if err != nil && !errors.As(err, &partial) {
		return reply{}, a.noneReconciled(r, err)
	}
	if partial != nil && len(done) == 0 && len(partial.Partners) == partial.Tried {
		return reply{}, a.noneReconciled(r, err)
	}
	waiting, err := a.o.Reconciler.Waiting(ctx)
	if err != nil {
		return reply{}, a.noneReconciled(r, err)
	}
	out := ReconciliationList{Errors: a.notReconciled(r, partial), Reconciliations: make([]Reconciliation, 0, len(done)), Waiting: make([]WaitingSettlement, 0, len(waiting))}
	for i := range done {
		out.Reconciliations = append(out.Reconciliations, renderOutcome(&done[i]))
	}
	for _, w := range waiting {
		out.Waiting = append(out.Waiting, WaitingSettlement{SettlementID: w.Settlement, Due: w.Due.UTC(), Overdue: w.Overdue})
	}
	return ok(&out), nil
}

// noneReconciled is the answer when nothing could be done.
func (a *API) noneReconciled(r *request, err error) error {
	a.o.Logger.ErrorContext(r.context(), "nothing could be reconciled", "error", err)
	return later("unavailable", "nothing could be reconciled; it is tried again by itself", 10*time.Second)
}

// notReconciled are those with whom it failed; the log has why where the reason is
// our own failure.
func (a *API) notReconciled(r *request, partial *settlement.PartialError) []ReconciliationError {
	all := []ReconciliationError{}
	if partial == nil {
		return all
	}
	add := func(partner, id string, err error) {
		p := a.problem(r.c, err)
		all = append(all, ReconciliationError{Partner: partner, SettlementID: id, Code: p.Code, Detail: cmp.Or(p.Detail, "it failed here and is tried again by itself; the log says why")})
	}
	if partial.Desk != nil {
		add("", "", partial.Desk)
	}
	for _, p := range partial.Partners {
		id := ""
		if p.Window != 0 {
			id = settlement.ID(p.Window, p.Partner)
		}
		add(p.Partner, id, p.Err)
	}
	return all
}

func renderOutcome(o *settlement.Outcome) Reconciliation {
	lines := func(s reconcile.Side) (n int64) {
		for _, of := range o.Report.Records[s] {
			n += of
		}
		return n
	}
	out := Reconciliation{SettlementID: o.Settlement, LedgerLines: lines(reconcile.Ledger), OurLines: lines(reconcile.Ours),
		PartnerLines: lines(reconcile.Partner), Matched: o.Report.Matched, Found: o.Breaks.Found, Open: o.Breaks.Open, Breaks: map[string]int64{}}
	for t, n := range o.Report.Opened {
		if n > 0 {
			out.Breaks[reconcile.Type(t).String()] = n
		}
	}
	return out
}
