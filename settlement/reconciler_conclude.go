package settlement

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Conclude puts on the ledger how the breaks of a settlement stand now, so that it
// can be proposed for signing, and returns that. It returns [*UnresolvedError] while
// a break keeps the window from being signed, [ErrNotReconciled] before it was
// compared, [ErrState] when it has come further and the breaks have changed since, or
// [ErrNotFound]. Concluding twice changes nothing.
func (r *Reconciler) Conclude(ctx context.Context, settlementID string) (ledger.SettlementBreaks, error) {
	s, err := r.o.Store.Settlement(ctx, settlementID)
	if err != nil {
		return ledger.SettlementBreaks{}, err
	}
	mine := r.one(s.Partner)
	mine.Lock()
	defer mine.Unlock()
	_, err = r.o.Runs.Reconciliation(ctx, s.Partner, s.Window)
	if errors.Is(err, ErrNotFound) {
		return ledger.SettlementBreaks{}, fmt.Errorf("%w: %s; its statement is not there, or was not compared yet", ErrNotReconciled, settlementID)
	}
	if err != nil {
		return ledger.SettlementBreaks{}, err
	}
	if err := r.o.Desk.Follow(ctx); err != nil {
		return ledger.SettlementBreaks{}, err
	}
	n, err := r.o.Desk.Blocking(ctx, s.Partner, s.Window)
	if err == nil && n > 0 {
		err = &UnresolvedError{Settlement: settlementID, Breaks: n}
	}
	if err != nil {
		return ledger.SettlementBreaks{}, err
	}
	return r.put(ctx, s)
}

// breaks counts the cases of a settlement and computes the root over them with
// their resolutions.
func (r *Reconciler) breaks(ctx context.Context, s *Settlement) (ledger.SettlementBreaks, error) {
	var b ledger.SettlementBreaks
	var tree ledger.Frontier
	err := r.eachCase(ctx, s.Partner, s.Window, func(c *desk.Case) {
		b.Found++
		if !c.State.Ended() {
			b.Open++
		}
		tree.Push(ledger.LeafHash(encodeCase(c)))
	})
	b.Root = tree.Root()
	return b, err
}

// encodeCase is what the ledger attests of a case: what it is about, where it
// stands, and who resolved it how.
func encodeCase(c *desk.Case) []byte {
	e := wire.NewEncoder([]byte("pointgrid/break/v1\x00"))
	for _, text := range []string{c.ID, c.Type, c.Movement, string(c.State)} {
		e.String(text)
	}
	e.Raw(c.Transfer[:])
	e.Int(c.Value)
	e.Bool(c.Tolerated)
	e.Bool(c.Resolution != nil)
	if d := c.Resolution; d != nil {
		for _, text := range []string{string(d.Action), d.Reason, d.Maker.Company, d.Maker.ID, d.Checker.Company, d.Checker.ID} {
			e.String(text)
		}
		e.Int(d.Value)
		e.Int(d.ProposedAt)
		e.Int(d.DecidedAt)
		e.Raw(d.Adjustment[:])
	}
	return e.Bytes()
}

// putTries bounds how often it is looked again when somebody else takes a step at
// the same time.
const putTries = 5

// put sees to it that the ledger has the breaks as they are, and the store what the
// ledger has.
func (r *Reconciler) put(ctx context.Context, s *Settlement) (ledger.SettlementBreaks, error) {
	for range putTries {
		breaks, err := r.breaks(ctx, s)
		if err != nil {
			return breaks, err
		}
		standing, err := r.o.Ledger.Settlement(ctx, s.Partner, s.Window)
		if err != nil {
			return breaks, err
		}
		stands := standing.Breaks == breaks && standing.Step != ledger.SettlementNetted
		if stands && standing.Step != ledger.SettlementDisputed {
			_, err := r.follow(ctx, s)
			return breaks, err
		}
		if !reconcilable(State(standing.Step.String())) {
			return breaks, fmt.Errorf("%w: %s is %s", ErrState, s.ID, standing.Step)
		}
		step := &ledger.AdvanceSettlement{Partner: s.Partner, Window: s.Window, Step: ledger.SettlementReconciled, Breaks: &breaks}
		// Where somebody else took a step meanwhile it is looked again.
		if err := Advance(ctx, r.o.Ledger, r.o.Identity, &standing, step); err != nil && !errors.Is(err, ErrState) {
			return breaks, err
		}
	}
	return ledger.SettlementBreaks{}, fmt.Errorf("settlement: %s does not come to rest; try again", s.ID)
}

// follow brings the stored settlement up to what the ledger has, and returns it.
func (r *Reconciler) follow(ctx context.Context, s *Settlement) (*Settlement, error) {
	for range putTries {
		one, err := r.o.Store.Settlement(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		on, err := r.o.Ledger.Settlement(ctx, s.Partner, s.Window)
		if errors.Is(err, ledger.ErrNotFound) { // closed, and not netted yet
			return one, nil
		}
		if err != nil {
			return nil, err
		}
		passed, err := one.Since(&on, r.o.Now())
		if err != nil || len(passed) == 0 {
			return one, err
		}
		// Somebody who read the ledger before may store after this: it is looked again.
		if err := r.o.Store.SaveSettlements(ctx, passed); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("settlement: %s does not come to rest; try again", s.ID)
}
