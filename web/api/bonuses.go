package api

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

// Bonuses is what conversions brought by members' tiers; [bonus.Follower] is one, and
// says which errors the methods return.
type Bonuses interface {
	Of(ctx context.Context, conversion ledger.ID) (*bonus.Bonus, error)
	OfAccount(ctx context.Context, account ledger.Account, before ledger.ID, limit int) ([]*bonus.Bonus, error)
}

// bonusOf is the bonus of a conversion into electricity points, which only the
// utility is told of; nil when there is none.
func (a *API) bonusOf(r *request, c *exchange.Conversion) (*ConversionBonus, error) {
	if !r.party.Utility() || c.In == nil || c.Out != nil {
		return nil, nil
	}
	b, err := a.o.Bonuses.Of(r.context(), c.ID)
	if errors.Is(err, bonus.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return renderBonus(b), nil
}

func (a *API) listConversionBonuses(r *request) (reply, error) {
	return listed(r, func(ctx context.Context, before ledger.ID, limit int) ([]*bonus.Bonus, error) {
		if _, err := r.member(); err != nil {
			return nil, err
		}
		var account ledger.Account
		if err := account.UnmarshalText([]byte(r.c.Param("account"))); err != nil {
			return nil, rewards.ErrNotFound
		}
		return a.o.Bonuses.OfAccount(ctx, account, before, limit)
	}, func(b *bonus.Bonus) (ConversionBonus, ledger.ID) { return *renderBonus(b), b.Conversion },
		func(all []ConversionBonus, next string) any {
			return &ConversionBonusPage{Bonuses: all, NextCursor: next}
		})
}

func renderBonus(b *bonus.Bonus) *ConversionBonus {
	return &ConversionBonus{ConversionID: b.Conversion.Root().String(), Tier: b.Tier, Bps: b.BPS, Converted: points(b.Converted), Stays: points(b.Stays),
		Points: points(b.Rest()), State: ConversionBonusState(b.State()), Expiry: b.Expiry.String(), TransferID: b.Moves[0].Command.String(),
		ConvertedAt: at(b.RecordedAt)}
}
