package bonus

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/rewards"
)

// Of returns the bonus of a conversion, or [ErrNotFound]: there is none, or it was not
// decided about yet.
func (f *Follower) Of(ctx context.Context, conversion ledger.ID) (*Bonus, error) {
	found, err := f.o.Store.Bonuses(ctx, []ledger.ID{conversion.Root()})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	return found[0], nil
}

// OfAccount returns an account's bonuses; see [Store.BonusesOf].
func (f *Follower) OfAccount(ctx context.Context, account ledger.Account, before ledger.ID, limit int) ([]*Bonus, error) {
	return f.o.Store.BonusesOf(ctx, account, before, limit)
}

// CodeErased is why nothing more is paid to a member who is forgotten.
const CodeErased = "member_erased"

// Erase gives up what is due to a member who is being erased: the account stays frozen,
// and nobody would ever get it. What bonuses have stored names the account alone.
func (f *Follower) Erase(ctx context.Context, p *members.Person) error {
	return f.o.Store.ForgoBonuses(ctx, p.Account, CodeErased)
}

// Totals returns the sums of some windows; see [Store.BonusTotals].
func (f *Follower) Totals(ctx context.Context, from, to ledger.Date) ([]rewards.Totals, error) {
	return f.o.Store.BonusTotals(ctx, from, to)
}

// Backlog returns what waits for the ledger.
func (f *Follower) Backlog(ctx context.Context) (Backlog, error) { return f.o.Store.BonusBacklog(ctx) }
