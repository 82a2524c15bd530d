package chaincode

import (
	"errors"
	"fmt"

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
	return ledger.Alliance{Hub: a.programme, MSP: a.msp, Window: a.window}, err
}

// Partners returns all partners in ascending order of code.
func Partners(r Reader) (all []ledger.Partner, err error) {
	var keys []string
	err = each(r, prefixPartner, prefixPartner, func(code string, p *partner) (bool, error) {
		all = append(all, ledger.Partner{Code: code, Programme: p.programme, Scale: p.scale, MSP: p.msp})
		keys = append(keys, keyBooks(code), keyStanding(code))
		return true, nil
	})
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	values, err := r.Get(keys...)
	if err != nil {
		return nil, err
	}
	for i := range all {
		var b books
		if err := decode(keys[2*i], values[2*i], &b); err != nil {
			return nil, err
		}
		var s standing
		if v := values[2*i+1]; v != nil {
			if err := decode(keys[2*i+1], v, &s); err != nil {
				return nil, err
			}
		}
		all[i].Owed, all[i].Suspended = b.owed, s.suspended
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
	b, known, err := read[books](r, keyBooks(code))
	if err != nil {
		return ledger.Position{}, err
	}
	if date <= b.window { // the pair has none for a later one, whatever lies there
		p, ok, err := read[position](r, keyPosition(code, date))
		if err != nil || ok {
			return p.Position, err
		}
	}
	if _, err := Window(r, date); err != nil {
		return ledger.Position{}, err
	}
	if !known {
		return ledger.Position{}, notFound("partner %s", code)
	}
	return ledger.Position{Partner: code, Window: date}, nil
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
