package projection

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// positions compares every partner's position for every window that has rows.
func (v *verification) positions(ctx context.Context) error {
	partners, err := v.partners(ctx)
	if err != nil {
		return err
	}
	for _, w := range slices.Sorted(maps.Keys(v.tally.windows)) {
		for _, p := range partners {
			want, err := v.ledger.Position(ctx, p.Code, w)
			if err != nil && !errors.Is(err, ledger.ErrNotFound) {
				return err
			}
			got := v.tally.positions[positionKey{p.Code, w}]
			if got == nil {
				got = &ledger.Position{}
			}
			v.report.Positions++
			for i, f := range flows(&want) {
				if g := flows(got)[i]; *g != *f {
					v.report.differ(fmt.Sprintf("position of %s for %s, %s", p.Code, w, flowNames[i]), fmt.Sprintf("%+v", *g), fmt.Sprintf("%+v", *f))
				}
			}
			if got.Adjusted != want.Adjusted {
				v.report.differ(fmt.Sprintf("position of %s for %s, adjusted", p.Code, w), fmt.Sprintf("%+v", got.Adjusted), fmt.Sprintf("%+v", want.Adjusted))
			}
		}
	}
	return nil
}

var flowNames = [4]string{"in", "out", "reversed in", "reversed out"}

func flows(p *ledger.Position) [4]*ledger.Flow {
	return [4]*ledger.Flow{&p.In, &p.Out, &p.ReversedIn, &p.ReversedOut}
}

// partners returns none for a ledger that is not initialised.
func (v *verification) partners(ctx context.Context) ([]ledger.Partner, error) {
	all, err := v.ledger.Partners(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	return all, err
}

// lots compares the lots with what the blocks make of them, all at once. Only if
// they differ is each account asked for.
func (v *verification) lots(ctx context.Context) error {
	var kept fingerprint
	if err := v.eachLot(ctx, kept.add); err != nil || kept == v.print {
		return err
	}
	differences := len(v.report.Differences)
	err := v.eachAccount(ctx, func(a ledger.Account, lots []Lot) error { return v.account(ctx, a, lots) })
	if err == nil && len(v.report.Differences) == differences {
		// An account that is missing altogether is found by its balance.
		v.report.differ("the sum of all lots", "another", "not that")
	}
	return err
}

// account compares an account's lots with the ledger's.
func (v *verification) account(ctx context.Context, a ledger.Account, got []Lot) error {
	state, err := v.ledger.Account(ctx, a)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	want := newSums()
	for _, l := range state.Lots {
		err = errors.Join(err, want.add(Lot{Account: a, Expiry: l.Expiry, Amount: l.Amount}, 1))
	}
	for _, h := range state.Holds {
		for _, l := range h.Lots {
			err = errors.Join(err, want.add(Lot{Account: a, Expiry: l.Expiry, Held: l.Amount}, 1))
		}
	}
	if all := want.take(); !slices.Equal(got, all) {
		v.report.differ("account "+a.String(), lotsText(got), lotsText(all))
	}
	return nil
}

func lotsText(lots []Lot) string {
	if len(lots) == 0 {
		return "empty"
	}
	var b []byte
	for _, l := range lots {
		b = fmt.Appendf(b, "%s: %d and %d held; ", l.Expiry, l.Amount, l.Held)
	}
	return string(b[:len(b)-2])
}

func (v *verification) eachLot(ctx context.Context, visit func(Lot) error) error {
	for after := (*Lot)(nil); ; {
		page, err := v.store.Lots(ctx, after, pageSize)
		if err != nil {
			return err
		}
		for _, l := range page {
			if err := visit(l); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
		after = &page[len(page)-1]
	}
}

// eachAccount visits the accounts that have lots, with those that are not empty.
func (v *verification) eachAccount(ctx context.Context, visit func(ledger.Account, []Lot) error) error {
	var account ledger.Account
	var lots []Lot
	flush := func() error {
		if len(lots) == 0 {
			return nil
		}
		defer func() { lots = lots[:0] }()
		return visit(account, lots)
	}
	err := v.eachLot(ctx, func(l Lot) error {
		if l.Account != account {
			if err := flush(); err != nil {
				return err
			}
			account = l.Account
		}
		if l.Amount != 0 || l.Held != 0 {
			lots = append(lots, l)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// balances compares every account of every programme.
func (v *verification) balances(ctx context.Context) error {
	alliance, err := v.ledger.Alliance(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	hub, programmes, err := v.houses(ctx, alliance.Hub)
	if err != nil {
		return err
	}
	for programme, want := range programmes {
		if err := v.compareHouses(ctx, programme, want); err != nil {
			return err
		}
	}
	return v.compareHub(ctx, alliance.Hub, hub)
}

// houses returns what the rows say of the house accounts of electricity points,
// and of those of each partner's programme.
func (v *verification) houses(ctx context.Context, code string) (hub map[string]int64, programmes map[string]map[string]int64, err error) {
	partners, err := v.partners(ctx)
	if err != nil {
		return nil, nil, err
	}
	agreements, err := v.ledger.Agreements(ctx)
	if err != nil {
		return nil, nil, err
	}
	hub, programmes = maps.Clone(v.tally.house), map[string]map[string]int64{}
	hub["issued"], hub["expired"] = v.tally.issued, v.tally.expired
	for _, p := range partners {
		var own pair
		for i := range agreements {
			if g := &agreements[i]; g.Terms.Partner == p.Code && v.tally.legs[g.ID] != nil {
				if err := own.add(&g.Terms, p.Scale, v.tally.legs[g.ID], v.tally.residues[g.ID]); err != nil {
					return nil, nil, err
				}
			}
		}
		hub["fee/"+p.Code], hub["clearing/"+p.Code], hub["residue/"+p.Code] = own.fee, own.clearing, own.residue
		programmes[p.Programme] = map[string]int64{"members/" + p.Code: own.members,
			"clearing/" + p.Code: own.clearingTo, "residue/" + p.Code: own.residueTo}
	}
	return hub, programmes, nil
}

func (v *verification) compareHouses(ctx context.Context, programme string, got map[string]int64) error {
	err := v.ledger.Balances(ctx, programme, func(b ledger.Balance) error {
		v.house(programme, b, got)
		return nil
	})
	v.unknown(programme, got)
	return err
}

func (v *verification) house(programme string, b ledger.Balance, got map[string]int64) {
	v.report.House++
	if got[b.Account] != b.Amount {
		v.report.differ(fmt.Sprintf("house account %s of %s", b.Account, programme), got[b.Account], b.Amount)
	}
	delete(got, b.Account)
}

// unknown reports house accounts that have something and are not on the ledger.
func (v *verification) unknown(programme string, got map[string]int64) {
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if got[name] != 0 {
			v.report.differ(fmt.Sprintf("house account %s of %s", name, programme), got[name], "missing")
		}
	}
}

// compareHub compares members' accounts as both sides come in ascending order.
func (v *verification) compareHub(ctx context.Context, programme string, got map[string]int64) error {
	next, stop := v.pullBalances(ctx)
	defer stop()
	kept, more, err := next()
	err = errors.Join(err, v.ledger.Balances(ctx, programme, func(b ledger.Balance) error {
		account, isMember := member(b.Account)
		if !isMember {
			v.house(programme, b, got)
			return nil
		}
		v.report.Accounts++
		var err error
		for more && slices.Compare(kept.account[:], account[:]) < 0 {
			v.report.differ("balance of account "+kept.account.String(), kept.amount, "missing")
			if kept, more, err = next(); err != nil {
				return err
			}
		}
		amount := int64(0)
		if more && kept.account == account {
			amount = kept.amount
			if kept, more, err = next(); err != nil {
				return err
			}
		}
		if amount != b.Amount {
			v.report.differ("balance of account "+b.Account, amount, b.Amount)
		}
		return nil
	}))
	for ; more && err == nil; kept, more, err = next() {
		v.report.differ("balance of account "+kept.account.String(), kept.amount, "missing")
	}
	v.unknown(programme, got)
	return err
}

// member reads the name of a member's account.
func member(name string) (a ledger.Account, ok bool) {
	if len(name) != 2*len(a) {
		return a, false
	}
	_, err := hex.Decode(a[:], []byte(name))
	return a, err == nil
}
