package settlement

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Conclude puts on the ledger how the breaks of a settlement stand now, so that it
// can be proposed for signing, and returns that. It returns [*UnresolvedError] while
// a break keeps the window from being signed, [ErrNotReconciled] before it was
// compared, [ErrStep] when it has come further and the breaks have changed since, or
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
			return breaks, fmt.Errorf("%w: %s is %s", ErrStep, s.ID, standing.Step)
		}
		step := &ledger.AdvanceSettlement{Partner: s.Partner, Window: s.Window, Step: ledger.SettlementReconciled, Breaks: &breaks}
		results, err := r.o.Ledger.Submit(ctx, r.o.Identity, ledger.Command{ID: againID(step, &standing), Body: step})
		if err != nil {
			return breaks, err
		}
		if result := results[0]; result.Code != ledger.CodeOK && result.Code != ledger.CodeSettlementStep {
			return breaks, fmt.Errorf("%s: %s", result.Code, result.Message)
		}
	}
	return ledger.SettlementBreaks{}, fmt.Errorf("settlement: %s does not come to rest; try again", s.ID)
}

// againID is the same for every attempt at a step with the same content from where
// the settlement stands, and another one when it stands there anew: breaks may come
// to be as they were once before.
func againID(c *ledger.AdvanceSettlement, from *ledger.Settlement) ledger.ID {
	d := ledger.Command{Body: c}.Digest()
	b := append([]byte("pointgrid/reconcile-settlement/"), d[:]...)
	b = append(b, byte(from.Step))
	root := from.Digest()
	b = append(b, root[:]...)
	for _, m := range from.Marks {
		b = binary.BigEndian.AppendUint64(append(b, byte(m.Step)), uint64(m.At))
	}
	sum := sha256.Sum256(b)
	return ledger.NewID(time.Unix(int64(c.Window)*86400, 0), [10]byte(sum[:10]))
}

// follow brings the stored settlement up to what the ledger has, and returns it.
func (r *Reconciler) follow(ctx context.Context, s *Settlement) (*Settlement, error) {
	return Refresh(ctx, r.o.Ledger, r.o.Store, s.ID, r.o.Now)
}

// Refresh brings a stored settlement up to what the ledger has, and returns it. It
// may be called at any time, by anybody who took a step. It returns [ErrNotFound].
func Refresh(ctx context.Context, l interface {
	Settlement(ctx context.Context, partner string, window ledger.Date) (ledger.Settlement, error)
}, store Store, id string, now func() time.Time) (*Settlement, error) {
	for range putTries {
		s, err := store.Settlement(ctx, id)
		if err != nil {
			return nil, err
		}
		on, err := l.Settlement(ctx, s.Partner, s.Window)
		if errors.Is(err, ledger.ErrNotFound) { // closed, and not netted yet
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if s.State == State(on.Step.String()) && s.Breaks == on.Breaks && slices.Equal(s.Marks, on.Marks) {
			return s, nil
		}
		s.Follow(&on)
		s.UpdatedAt = now().UnixMilli()
		// Somebody who read the ledger before may store after this: look again.
		if err := store.SaveSettlements(ctx, []Settlement{*s}); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("settlement: %s does not come to rest; try again", id)
}
