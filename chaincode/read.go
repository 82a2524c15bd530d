package chaincode

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

func notFound(format string, args ...any) error {
	return fmt.Errorf("chaincode: %w: %s", ledger.ErrNotFound, fmt.Sprintf(format, args...))
}

// read returns the value of a key; false when it has none.
func read[T any, P content[T]](r Reader, key string) (v T, ok bool, err error) {
	values, err := r.Get(key)
	if err != nil || len(values) != 1 || values[0] == nil {
		return v, false, err
	}
	err = decode[T, P](key, values[0], &v)
	return v, err == nil, err
}

// each calls visit with every value of a prefix, from a key on, until it
// returns false or an error.
func each[T any, P content[T]](r Reader, prefix, from string, visit func(key string, v *T) (bool, error)) error {
	var fault error
	err := r.Range(prefix, from, func(key string, value []byte) bool {
		var v T
		if fault = decode[T, P](key, value, &v); fault != nil {
			return false
		}
		var more bool
		more, fault = visit(key[len(prefix):], &v)
		return more && fault == nil
	})
	return errors.Join(err, fault)
}

// Alliance returns what Initialise set and the open window, or
// [ledger.ErrNotFound] before it.
func Alliance(r Reader) (ledger.Alliance, error) {
	a, ok, err := read[alliance](r, keyAlliance)
	if err == nil && !ok {
		err = notFound("the ledger is not initialised")
	}
	return ledger.Alliance{Hub: a.programme, MSP: a.msp, Window: a.window, Lanes: a.lanes()}, err
}

// Partners returns all partners in ascending order of code.
func Partners(r Reader) (all []ledger.Partner, err error) {
	var codes, keys []string
	err = each(r, prefixPartner, prefixPartner, func(code string, p *partner) (bool, error) {
		all = append(all, ledger.Partner{Code: code, Programme: p.programme, Scale: p.scale, MSP: p.msp})
		codes, keys = append(codes, code), append(keys, keyStanding(code))
		return true, nil
	})
	if err != nil || len(codes) == 0 {
		return nil, err
	}
	kept, err := booksOfAll(r, codes)
	if err != nil {
		return nil, err
	}
	standings, err := readAll[standing](r, keys)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Suspended = standings[i].suspended
		for _, b := range kept[codes[i]] {
			if err := sum(&all[i].Owed, b.owed); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// readAll returns the values of keys, of one instant; empty for one without.
func readAll[T any, P content[T]](r Reader, keys []string) ([]T, error) {
	values, err := r.Get(keys...)
	if err != nil {
		return nil, err
	}
	all := make([]T, len(keys))
	for i, v := range values {
		if v == nil {
			continue
		}
		if err := decode[T, P](keys[i], v, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Agreements returns all agreements in ascending order of ID.
func Agreements(r Reader) (all []ledger.Agreement, err error) {
	err = each(r, prefixAgreement, prefixAgreement, func(_ string, a *agreement) (bool, error) {
		all = append(all, a.Agreement)
		return true, nil
	})
	return all, err
}

// Account returns a member's account, or [ledger.ErrNotFound].
func Account(r Reader, id ledger.Account) (ledger.AccountState, error) {
	a, ok, err := read[account](r, keyAccount(id))
	if err == nil && !ok {
		err = notFound("account")
	}
	s := ledger.AccountState{Account: id, Frozen: a.frozen, Lots: a.lots, Usage: a.usage, Debt: a.debt}
	for _, h := range a.holds {
		s.Holds = append(s.Holds, h.OpenHold)
	}
	return s, err
}

// Position returns what a partner owes for a window, all zero before its first
// conversion, or [ledger.ErrNotFound] for an unknown partner or window.
func Position(r Reader, code string, date ledger.Date) (ledger.Position, error) {
	all, err := booksOfAll(r, []string{code})
	if err != nil {
		return ledger.Position{}, err
	}
	var keys []string
	for lane, b := range all[code] {
		if date <= b.window { // the lane has none for a later one, whatever lies there
			keys = append(keys, keyPosition(shard{code, uint32(lane)}, date))
		}
	}
	total := ledger.Position{Partner: code, Window: date}
	found, err := positionsAt(r, keys, &total)
	if err != nil || found {
		return total, err
	}
	if _, err := Window(r, date); err != nil {
		return ledger.Position{}, err
	}
	if len(all[code]) == 0 {
		return ledger.Position{}, notFound("partner %s", code)
	}
	return total, nil
}

// positionsAt adds the positions at keys up, and tells whether there were any.
func positionsAt(r Reader, keys []string, total *ledger.Position) (found bool, err error) {
	if len(keys) == 0 {
		return false, nil
	}
	positions, err := readAll[position](r, keys)
	for i := range positions {
		found = found || positions[i].Partner != ""
		if err := addPosition(total, &positions[i].Position); err != nil {
			return false, err
		}
	}
	return found, err
}

// addPosition adds one lane's position to the sum of them.
func addPosition(total, p *ledger.Position) error {
	to, from := position{Position: *total}, position{Position: *p}
	flows, more := to.flows(), from.flows()
	for i := range flows {
		add := numbers(more[i])
		for j, n := range numbers(flows[i]) {
			if err := sum(n, *add[j]); err != nil {
				return err
			}
		}
	}
	err := errors.Join(sum(&to.Adjusted.Count, p.Adjusted.Count), sum(&to.Adjusted.Value, p.Adjusted.Value))
	*total = to.Position
	return err
}

// booksOfAll returns the books of pairs, lane by lane; none for a pair that there is
// not. Those of lanes that do not keep books of the pair count for nothing, whatever
// lies there.
func booksOfAll(r Reader, codes []string) (map[string][]books, error) {
	pins := make([]string, len(codes))
	for i, code := range codes {
		pins[i] = keySeries(card{code, ledger.In})
	}
	kept, err := readAll[series](r, pins)
	if err != nil {
		return nil, err
	}
	var keys []string
	for i, code := range codes {
		for lane := range kept[i].more + 1 {
			keys = append(keys, keyBooks(shard{code, lane}))
		}
	}
	return booksAt(r, keys)
}

func booksAt(r Reader, keys []string) (map[string][]books, error) {
	values, err := r.Get(keys...)
	if err != nil {
		return nil, err
	}
	all := map[string][]books{}
	for i, v := range values {
		if v == nil {
			continue
		}
		var b books
		if err := decode(keys[i], v, &b); err != nil {
			return nil, err
		}
		s, err := shardOf(strings.TrimPrefix(keys[i], prefixBooks))
		if err != nil {
			return nil, err
		}
		all[s.name] = append(all[s.name], b)
	}
	return all, nil
}

// Window returns a window, or [ledger.ErrNotFound].
func Window(r Reader, date ledger.Date) (ledger.Window, error) {
	w, ok, err := read[window](r, keyWindow(date))
	if err == nil && !ok {
		err = notFound("window %s", date)
	}
	return w.Window, err
}

// Settlement returns how far a partner's settlement of a window has come, or
// [ledger.ErrNotFound].
func Settlement(r Reader, partner string, date ledger.Date) (ledger.Settlement, error) {
	due, err := Due(r, partner)
	if err != nil {
		return ledger.Settlement{}, err
	}
	s, ok, err := read[settlement](r, keySettlement(night{partner, date}))
	if err == nil && (!ok || date >= due.Window) {
		err = notFound("settlement of %s for %s", partner, date)
	}
	return s.Settlement, err
}

// Due returns what a partner's next settlement builds on, or
// [ledger.ErrNotFound].
func Due(r Reader, partner string) (ledger.SettlementDue, error) {
	u, ok, err := read[due](r, keyDue(partner))
	if err == nil && !ok {
		err = notFound("partner %s", partner)
	}
	return ledger.SettlementDue{Window: u.window, Brought: u.brought}, err
}

// Adjustments returns all adjustments in ascending order of ID.
func Adjustments(r Reader) (all []ledger.Adjustment, err error) {
	err = each(r, prefixAdjustment, prefixAdjustment, func(_ string, a *adjustment) (bool, error) {
		all = append(all, a.Adjustment)
		return true, nil
	})
	return all, err
}
