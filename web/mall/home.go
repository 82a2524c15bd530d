package mall

import (
	"errors"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/page"
)

func (m *Mall) homeLeaves() []leaf {
	return []leaf{
		{http.MethodGet, "", m.showHome},
		{http.MethodGet, "/me", m.showMe},
	}
}

// purse is what a member has.
type purse struct {
	Usable int64        // points that can be spent today
	Held   int64        // set aside for what is under way
	Debt   int64        // taken back after it was spent; the next points fill it
	Lots   []ledger.Lot // that can be used, by expiry
	Frozen bool
}

// purse reads it off the ledger. An account that nothing was ever booked on is empty.
func (m *Mall) purse(v *visit) (p purse, _ error) {
	alliance, err := m.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return p, err
	}
	state, err := m.o.Ledger.Account(v.r.Context(), v.account)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return p, err
	}
	p.Debt, p.Frozen = state.Debt, state.Frozen
	for _, l := range state.Lots {
		if l.Expiry >= alliance.Window.Month() && l.Amount > 0 {
			p.Usable += l.Amount // no overflow: the ledger keeps the sum below the hub's
			p.Lots = append(p.Lots, l)
		}
	}
	for _, h := range state.Holds {
		p.Held += h.Amount
	}
	return p, nil
}

// homeBody is what the first page shows.
type homeBody struct {
	Purse   purse
	Name    string
	Ways    []page.Link
	Soon    []soon // what expires before long
	Tier    *tier  // nil when we know of none
	History bool
	Latest  []movement
}

// soon is a lot that expires before long.
type soon struct {
	ledger.Lot
	Days int64 // to the end of its month, at least 1
}

// soonDays is from when on the first page says that points expire.
const soonDays = 60

// tier is how a member stands.
type tier struct {
	rewards.Way
	Name, Next   string
	Earned, Goal int64 // within twelve months, and what the next one begins from
	Perks        []string
	Until        string // the last day on which the tier is kept without earning more; empty while it is safe
}

const latestShown = 5

func (m *Mall) showHome(v *visit) (err error) {
	b := homeBody{Name: v.Name, Ways: m.links(v.r, quick), History: m.o.History != nil}
	if b.Purse, err = m.purse(v); err != nil {
		return err
	}
	b.Soon = m.soon(b.Purse.Lots)
	if b.Tier, err = m.tier(v); err != nil {
		return err
	}
	if b.History {
		// Some entries change nothing that can be used, and are not shown.
		if b.Latest, _, _, err = m.historyPage(v, "", 3*latestShown); err != nil {
			return err
		}
		b.Latest = b.Latest[:min(len(b.Latest), latestShown)]
	}
	return m.show(v, "home", b)
}

// soon are the lots that expire within [soonDays].
func (m *Mall) soon(lots []ledger.Lot) (all []soon) {
	now := m.o.Now().In(m.o.Location)
	for _, l := range lots {
		// Months count from January 1970; the day before the next month begins.
		end := time.Date(1970, time.January+time.Month(l.Expiry)+1, 1, 0, 0, 0, 0, m.o.Location)
		if days := int64(end.Sub(now).Hours()/24) + 1; days <= soonDays {
			all = append(all, soon{l, max(days, 1)})
		}
	}
	return all
}

// tier is how the member stands; nil for somebody who is not registered.
func (m *Mall) tier(v *visit) (*tier, error) {
	if m.o.Rewards == nil {
		return nil, nil
	}
	way, err := m.o.Rewards.Way(v.r.Context(), v.Member)
	if errors.Is(err, rewards.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := &tier{Way: way, Name: tierName(v.lang, &way.Now), Earned: way.Earned}
	if way.Next != nil {
		t.Next, t.Goal = tierName(v.lang, way.Next), way.Next.From
	}
	if way.Until != 0 {
		t.Until = page.DateText(v.lang, way.Until.In(time.UTC))
	}
	t.Perks = m.perks(v, &way.Now)
	return t, nil
}

func tierName(l page.Language, t *rewards.Tier) string {
	if l == page.Chinese && t.NameZH != "" {
		return t.NameZH
	}
	return t.Name
}

// perks are what a tier brings, in words.
func (m *Mall) perks(v *visit, t *rewards.Tier) (all []string) {
	if t.ConversionBonus > 0 {
		all = append(all, m.say(v, "mall.tier.bonus", "percent", page.Millionths(t.ConversionBonus*10_000, 0)))
	}
	if t.Limits > 100 {
		all = append(all, m.say(v, "mall.tier.limits", "percent", t.Limits))
	}
	if t.Shelf {
		all = append(all, m.say(v, "mall.tier.shelf"))
	}
	if t.Fast {
		all = append(all, m.say(v, "mall.tier.fast"))
	}
	return all
}

// meBody is what the page "Me" shows.
type meBody struct {
	Name, Member string
	Ways         []page.Link
	Tier         *tier
}

func (m *Mall) showMe(v *visit) error {
	t, err := m.tier(v)
	if err != nil {
		return err
	}
	return m.show(v, "me", meBody{Name: v.Name, Member: v.Member, Ways: m.links(v.r, mine), Tier: t})
}

// monthAt is the month of an instant in the alliance's time zone.
func (m *Mall) monthAt(ms int64) ledger.Month {
	at := time.UnixMilli(ms).In(m.o.Location)
	return ledger.MonthOf(at.Year(), at.Month())
}
