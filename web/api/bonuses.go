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
	query, err := r.query("limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	var account ledger.Account
	if _, err := r.member(); err != nil {
		return reply{}, err
	}
	if err := account.UnmarshalText([]byte(r.c.Param("account"))); err != nil {
		return reply{}, rewards.ErrNotFound
	}
	found, err := a.o.Bonuses.OfAccount(r.context(), account, page.afterID(), page.limit)
	if err != nil {
		return reply{}, err
	}
	out := ConversionBonusPage{Bonuses: make([]ConversionBonus, 0, len(found))}
	var last ledger.ID
	for _, b := range found {
		out.Bonuses = append(out.Bonuses, *renderBonus(b))
		last = b.Conversion
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), last[:])
	return answer, nil
}

func renderBonus(b *bonus.Bonus) *ConversionBonus {
	return &ConversionBonus{ConversionID: b.Conversion.Root().String(), Tier: b.Tier, Bps: b.BPS, Converted: points(b.Converted), Stays: points(b.Stays),
		Points: points(b.Rest()), State: ConversionBonusState(b.State()), Expiry: b.Expiry.String(), TransferID: b.Moves[0].Command.String(),
		ConvertedAt: at(b.RecordedAt)}
}
