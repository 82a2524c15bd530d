package bonus

import (
	"context"
	"fmt"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// payAll asks the ledger for all that is due.
func (f *Follower) payAll(ctx context.Context) error {
	for after := (ledger.ID{}); ; {
		page, err := f.o.Store.DueBonuses(ctx, after, f.o.GroupMax)
		if err != nil {
			return fmt.Errorf("bonus: what is due: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		if err := f.pay(ctx, page); err != nil {
			return err
		}
		after = page[len(page)-1].Conversion
	}
}

// asking is a move about which the ledger is asked.
type asking struct {
	bonus *Bonus
	move  int
}

// pay asks the ledger for what is due of some bonuses, and stores what it said.
// Moves of one bonus go in their order: a part is taken back after the issue.
func (f *Follower) pay(ctx context.Context, all []*Bonus) error {
	var asked []asking
	var commands []ledger.Command
	for _, b := range all {
		for i := range b.Moves {
			if b.Moves[i].State == Due {
				asked, commands = append(asked, asking{b, i}), append(commands, b.command(i))
			}
		}
	}
	if len(commands) == 0 {
		return nil
	}
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.o.LedgerPatience)
	defer cancel()
	results, err := f.o.Ledger.Submit(patient, f.o.Identity, commands...)
	if err != nil { // the same commands will be given again
		return fmt.Errorf("bonus: the ledger's answer: %w", err)
	}
	sample := Sample{}
	for i, a := range asked {
		if a.bonus.Moves[a.move].State != Due {
			continue // given up with its issue
		}
		a.bonus.ended(a.move, &results[i])
		sample.add(a)
		f.tellRefusal(a, &results[i])
	}
	if err := f.o.Store.SettleBonuses(context.WithoutCancel(ctx), slices.Clone(all)); err != nil {
		return fmt.Errorf("bonus: store what the ledger said: %w", err)
	}
	f.o.Observe(sample)
	return nil
}

func (s *Sample) add(a asking) {
	switch m := &a.bonus.Moves[a.move]; {
	case m.State == Refused:
		s.Refused++
	case m.State == Due:
	case a.move == 0:
		s.Issued += m.Amount
		s.Filled -= m.Debt
	default:
		s.Taken += m.Amount - m.Debt
		s.Debt += m.Debt
	}
}

// tellRefusal logs what an operator should know; the ledger's words name no person.
func (f *Follower) tellRefusal(a asking, r *ledger.Result) {
	m := &a.bonus.Moves[a.move]
	if m.State == Refused && r.Code != ledger.CodeLotExpired {
		f.o.Logger.Error("the ledger refused a bonus for good", "conversion", a.bonus.Conversion.Root(), "code", r.Code, "message", r.Message)
	}
}
