package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Proposal is what a maker wants done.
type Proposal struct {
	Action Action
	Value  int64 // of an adjustment or write-off, millionths of a yuan; see [Finding.Value]
	Reason string
}

func (p *Proposal) check(writeOffMax int64) error {
	if !slices.Contains(Actions(), p.Action) {
		return fmt.Errorf("%w: action %q is none of %v", ErrInvalid, p.Action, Actions())
	}
	if err := checkText("reason", p.Reason, true); err != nil {
		return err
	}
	if len(p.Reason) > ledger.ReasonMax && p.Action == Adjust {
		return fmt.Errorf("%w: the reason of an adjustment has %d bytes, at most %d, because it goes on the ledger", ErrInvalid, len(p.Reason), ledger.ReasonMax)
	}
	money := p.Action == Adjust || p.Action == WriteOff
	switch {
	case money == (p.Value == 0):
		return fmt.Errorf("%w: an adjustment or write-off has a value, and nothing else does", ErrInvalid)
	case p.Value > ledger.ValueMax || p.Value < -ledger.ValueMax:
		return fmt.Errorf("%w: value %d is out of range", ErrInvalid, p.Value)
	case p.Action == WriteOff && (p.Value > writeOffMax || p.Value < -writeOffMax):
		return fmt.Errorf("%w: %d millionths of a yuan, at most %d either way", ErrLimit, p.Value, writeOffMax)
	}
	return nil
}

// Propose says what should be done. By the utility's maker.
func (d *Desk) Propose(ctx context.Context, maker Person, id string, version int64, p Proposal) (*Case, error) {
	return d.step(ctx, maker, id, version, func(c *Case) (change, error) {
		if maker.Company != "" {
			return change{}, ErrForbidden
		}
		if c.State != Open && c.State != Returned && c.State != MovedOn {
			return change{}, fmt.Errorf("%w: the case is %s; a resolution is proposed while it is open", ErrState, c.State)
		}
		if err := p.check(d.o.WriteOffMax); err != nil {
			return change{}, err
		}
		if c.Partner == "" && (p.Action == Adjust || p.Action == Return) {
			return change{}, fmt.Errorf("%w: nobody knows whose it is, so there is no partner to adjust with or to return it to", ErrInvalid)
		}
		c.State = Proposed
		c.Resolution = &Resolution{Action: p.Action, Value: p.Value, Reason: p.Reason, Maker: maker, ProposedAt: d.o.Now().UnixMilli()}
		return change{what: "proposed " + string(p.Action), text: p.Reason}, nil
	})
}

// Approve lets a proposal happen. By another person of the utility than the
// maker. An adjustment then waits for the counterparty; see [Desk.Follow].
func (d *Desk) Approve(ctx context.Context, checker Person, id string, version int64) (*Case, error) {
	c, err := d.decidable(ctx, checker, id, version)
	if err != nil {
		return nil, err
	}
	if c.Resolution.Action != Adjust {
		return d.step(ctx, checker, id, version, func(c *Case) (change, error) {
			d.decide(c, checker, map[Action]State{Accept: Resolved, WriteOff: Resolved, Return: Returned, MoveOn: MovedOn}[c.Resolution.Action])
			return change{what: "approved " + string(c.Resolution.Action)}, nil
		})
	}
	// The ID is stored before the ledger is asked, so that it is asked once however
	// often this is interrupted.
	c, err = d.step(ctx, checker, id, version, func(c *Case) (change, error) {
		adjustment, err := d.newID()
		d.decide(c, checker, Adjusting)
		c.Resolution.Adjustment = adjustment
		return change{what: "approved " + string(Adjust)}, err
	})
	if err != nil {
		return nil, err
	}
	return c, d.submit(ctx, c)
}

// Decline sends a proposal back. By another person of the utility than the maker,
// or by the maker.
func (d *Desk) Decline(ctx context.Context, p Person, id string, version int64, reason string) (*Case, error) {
	return d.step(ctx, p, id, version, func(c *Case) (change, error) {
		if p.Company != "" {
			return change{}, ErrForbidden
		}
		if c.State != Proposed {
			return change{}, fmt.Errorf("%w: the case is %s, nothing is proposed", ErrState, c.State)
		}
		what := "declined " + string(c.Resolution.Action)
		c.State, c.Resolution = Open, nil
		return change{what: what, text: reason}, checkText("reason", reason, true)
	})
}

func (d *Desk) decidable(ctx context.Context, checker Person, id string, version int64) (*Case, error) {
	c, err := d.Case(ctx, checker, id)
	switch {
	case err != nil:
		return nil, err
	case checker.Company != "":
		return nil, ErrForbidden
	case c.Version != version:
		return nil, ErrChanged
	case c.State != Proposed:
		return nil, fmt.Errorf("%w: the case is %s, nothing is proposed", ErrState, c.State)
	case c.Resolution.Maker == checker:
		return nil, ErrSamePerson
	}
	return c, nil
}

func (d *Desk) decide(c *Case, checker Person, to State) {
	r := *c.Resolution
	r.Checker, r.DecidedAt = checker, d.o.Now().UnixMilli()
	c.Resolution, c.State = &r, to
}

func (d *Desk) newID() (ledger.ID, error) {
	var random [10]byte
	if _, err := io.ReadFull(d.o.Random, random[:]); err != nil {
		return ledger.ID{}, fmt.Errorf("desk: randomness: %w", err)
	}
	return ledger.NewID(d.o.Now().Truncate(time.Millisecond), random), nil
}

// submit proposes the adjustment of a case on the ledger. Doing it twice is
// doing it once.
func (d *Desk) submit(ctx context.Context, c *Case) error {
	r := c.Resolution
	command := ledger.Command{ID: r.Adjustment, Body: &ledger.ProposeAdjustment{Partner: c.Partner, Value: r.Value,
		Window: c.Finding.Window, Reference: c.ID, Reason: r.Reason}}
	results, err := d.o.Ledger.Submit(ctx, ledger.Identity{MSP: d.o.MSP, Subject: r.Checker.ID}, command)
	if err != nil {
		return fmt.Errorf("desk: adjustment of case %s: %w", c.ID, err)
	}
	if results[0].Code != ledger.CodeOK {
		return fmt.Errorf("desk: adjustment of case %s: %s: %s", c.ID, results[0].Code, results[0].Message)
	}
	return nil
}

// Follow looks at the ledger for what became of adjustments: an accepted one
// resolves its case, a rejected one opens it again, and one that the ledger does
// not have, because it was interrupted, is proposed again. It is run often.
func (d *Desk) Follow(ctx context.Context) error {
	var waiting []*Case
	for after := (*Place)(nil); ; {
		page, err := d.o.Store.Cases(ctx, Filter{State: Adjusting}, ByWindow, after, 100)
		if err != nil {
			return err
		}
		if waiting = append(waiting, page...); len(page) < 100 {
			break
		}
		after = ByWindow.After(page[len(page)-1])
	}
	if len(waiting) == 0 {
		return nil
	}
	all, err := d.o.Ledger.Adjustments(ctx)
	if err != nil {
		return err
	}
	known := make(map[ledger.ID]*ledger.Adjustment, len(all))
	for i := range all {
		known[all[i].ID] = &all[i]
	}
	var errs error
	for _, c := range waiting {
		errs = errors.Join(errs, d.follow(ctx, c, known[c.Resolution.Adjustment]))
	}
	return errs
}

func (d *Desk) follow(ctx context.Context, c *Case, a *ledger.Adjustment) error {
	switch {
	case a == nil:
		return d.submit(ctx, c)
	case a.Status == ledger.AdjustmentAccepted:
		c.State = Resolved
		return d.save(ctx, c, change{by: Person{Company: c.Partner, ID: a.DecidedBy.Subject}, what: "accepted on the ledger"})
	case a.Status == ledger.AdjustmentRejected:
		c.State, c.Resolution = Open, nil
		return d.save(ctx, c, change{by: Person{Company: c.Partner, ID: a.DecidedBy.Subject}, what: "rejected on the ledger"})
	}
	return nil
}

// LedgerRefusal is the error for what the ledger does not do.
type LedgerRefusal struct {
	Code    ledger.Code
	Message string
}

// Error implements error.
func (r *LedgerRefusal) Error() string { return "desk: " + string(r.Code) + ": " + r.Message }

// Answer accepts or rejects the adjustment of a case on the ledger, by the partner
// and under its own company there, and returns the case as it stands afterwards. A
// rejection has a reason. It returns [ErrState] when no adjustment waits for the
// partner, or a [*LedgerRefusal].
func (d *Desk) Answer(ctx context.Context, p Person, who ledger.Identity, id string, accept bool, reason string) (*Case, error) {
	c, err := d.Case(ctx, p, id)
	switch {
	case err != nil:
		return nil, err
	case p.Company == "":
		return nil, ErrForbidden
	case c.State != Adjusting:
		return nil, fmt.Errorf("%w: the case is %s, no adjustment waits for an answer", ErrState, c.State)
	case !accept && (reason == "" || len(reason) > ledger.ReasonMax):
		return nil, fmt.Errorf("%w: a rejection has a reason of at most %d bytes", ErrInvalid, ledger.ReasonMax)
	}
	command, err := d.newID()
	if err != nil {
		return nil, err
	}
	r := c.Resolution
	body := ledger.Body(&ledger.RejectAdjustment{Adjustment: r.Adjustment, Partner: c.Partner, Reason: reason})
	if accept {
		body = &ledger.AcceptAdjustment{Adjustment: r.Adjustment, Partner: c.Partner, Value: r.Value}
	}
	results, err := d.o.Ledger.Submit(ctx, who, ledger.Command{ID: command, Body: body})
	if err != nil {
		return nil, fmt.Errorf("desk: answer to the adjustment of case %s: %w", id, err)
	}
	// One that was decided before shows below what it came to.
	if result := results[0]; result.Code != ledger.CodeOK && result.Code != ledger.CodeAdjustmentDecided {
		return nil, &LedgerRefusal{result.Code, result.Message}
	}
	if err := d.Follow(ctx); err != nil {
		return nil, err
	}
	return d.Case(ctx, p, id)
}
