package chaincode

import (
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// Balances calls visit for every account of a programme in ascending order of
// account and stops at the first error, which it returns. A member's balance
// includes what is on hold. It returns [ledger.ErrNotFound] for an unknown
// programme.
func Balances(r Reader, code string, visit func(ledger.Balance) error) error {
	a, err := Alliance(r)
	if err != nil {
		return err
	}
	if code == a.Hub {
		return hubBalances(r, visit)
	}
	n, ok, err := read[programme](r, keyProgramme(code))
	if err == nil && !ok {
		err = notFound("programme %s", code)
	}
	if err != nil {
		return err
	}
	all, err := booksOfAll(r, []string{n.partner})
	if err != nil {
		return err
	}
	b, err := together(all[n.partner])
	if err != nil {
		return err
	}
	return visitBalances(visit, []ledger.Balance{
		{Account: "clearing/" + n.partner, Amount: b.clearingTo},
		{Account: "members/" + n.partner, Amount: b.members},
		{Account: "residue/" + n.partner, Amount: b.residueTo},
	})
}

// together adds the books of all lanes up.
func together(all []books) (b books, err error) {
	for i := range all {
		more := all[i].numbers()
		for j, n := range b.numbers() {
			if err := sum(n, *more[j]); err != nil {
				return b, err
			}
		}
	}
	return b, nil
}

func visitBalances(visit func(ledger.Balance) error, all []ledger.Balance) error {
	for _, b := range all {
		if err := visit(b); err != nil {
			return err
		}
	}
	return nil
}

// hubBalances merges the members' accounts, of which there are many, with the
// house accounts, which are few.
func hubBalances(r Reader, visit func(ledger.Balance) error) error {
	rest, err := houseBalances(r)
	if err != nil {
		return err
	}
	err = each(r, prefixAccount, prefixAccount, func(name string, a *account) (bool, error) {
		i, _ := slices.BinarySearchFunc(rest, name, func(b ledger.Balance, name string) int { return strings.Compare(b.Account, name) })
		if err := visitBalances(visit, rest[:i]); err != nil {
			return false, err
		}
		rest = rest[i:]
		return true, visit(ledger.Balance{Account: name, Amount: a.hub()})
	})
	if err != nil {
		return err
	}
	return visitBalances(visit, rest)
}

// houseBalances returns all house accounts of electricity points.
func houseBalances(r Reader) (all []ledger.Balance, err error) {
	at := map[string]int{}
	err = each(r, prefixHouse, prefixHouse, func(name string, h *house) (bool, error) {
		s, err := shardOf(name)
		if i, ok := at[s.name]; ok && err == nil {
			return true, sum(&all[i].Amount, h.amount)
		}
		at[s.name] = len(all)
		all = append(all, ledger.Balance{Account: s.name, Amount: h.amount})
		return true, err
	})
	if err != nil {
		return nil, err
	}
	err = eachPair(r, func(code string, b *books) error {
		all = append(all, ledger.Balance{Account: "clearing/" + code, Amount: b.clearing},
			ledger.Balance{Account: "fee/" + code, Amount: b.fee},
			ledger.Balance{Account: "residue/" + code, Amount: b.residue})
		return nil
	})
	slices.SortFunc(all, func(a, b ledger.Balance) int { return strings.Compare(a.Account, b.Account) })
	return all, err
}

// eachPair visits the books of every pair, those of its lanes added up.
func eachPair(r Reader, visit func(code string, b *books) error) error {
	kept := map[string]uint32{} // lanes besides lane 0
	var codes []string
	all := map[string][]books{}
	err := each(r, prefixSeries, prefixSeries, func(name string, s *series) (bool, error) {
		if code, ok := strings.CutSuffix(name, "/"+ledger.In.String()); ok {
			kept[code] = s.more
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	err = each(r, prefixBooks, prefixBooks, func(name string, b *books) (bool, error) {
		s, err := shardOf(name)
		if s.lane == 0 {
			codes = append(codes, s.name)
		}
		if s.lane <= kept[s.name] {
			all[s.name] = append(all[s.name], *b)
		}
		return true, err
	})
	for i := 0; i < len(codes) && err == nil; i++ {
		var b books
		if b, err = together(all[codes[i]]); err == nil {
			err = visit(codes[i], &b)
		}
	}
	return err
}
