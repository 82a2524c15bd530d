package mall

import (
	"errors"
	"net/http"

	"github.com/pointgrid/pointgrid/ledger"
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
	Purse purse
	Name  string
	Ways  []page.Link
}

func (m *Mall) showHome(v *visit) error {
	p, err := m.purse(v)
	if err != nil {
		return err
	}
	return m.show(v, "home", homeBody{Purse: p, Name: v.Name, Ways: m.links(v.r, tabs[1:4])})
}

// meBody is what the page "Me" shows.
type meBody struct {
	Name, Member string
	Ways         []page.Link
}

func (m *Mall) showMe(v *visit) error {
	return m.show(v, "me", meBody{Name: v.Name, Member: v.Member, Ways: m.links(v.r, mine)})
}
