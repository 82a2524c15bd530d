package chaincode

import (
	"cmp"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// Lists of lots are values: these functions return new ones.

func total(lots []ledger.Lot) (sum int64) {
	for _, l := range lots {
		sum += l.Amount
	}
	return sum
}

// lotsFault names what must never be in a list of lots, or is empty. Sums are
// checked on the way, so that total is safe afterwards.
func lotsFault(lots []ledger.Lot) string {
	var sum int64
	for i, l := range lots {
		if l.Amount <= 0 {
			return "lot without points"
		}
		if i > 0 && lots[i-1].Expiry >= l.Expiry {
			return "lots out of order"
		}
		s, ok := ledger.Add(sum, l.Amount)
		if !ok {
			return "sum of lots does not fit"
		}
		sum = s
	}
	return ""
}

func findLot(lots []ledger.Lot, m ledger.Month) (int, bool) {
	return slices.BinarySearchFunc(lots, m, func(l ledger.Lot, m ledger.Month) int { return cmp.Compare(l.Expiry, m) })
}

// addLot adds points of an expiry month. The sum must fit, see [account.room].
func addLot(lots []ledger.Lot, l ledger.Lot) []ledger.Lot {
	i, found := findLot(lots, l.Expiry)
	if found {
		lots = slices.Clone(lots)
		lots[i].Amount += l.Amount
		return lots
	}
	out := make([]ledger.Lot, 0, len(lots)+1)
	return append(append(append(out, lots[:i]...), l), lots[i:]...)
}

// addLots adds points of several expiry months.
func addLots(lots, more []ledger.Lot) []ledger.Lot {
	for _, l := range more {
		lots = addLot(lots, l)
	}
	return lots
}

// takeLots takes points first-expiring-first, from lots that expire in a month
// or later, and returns what is left and what was taken; false when there are
// not enough.
func takeLots(lots []ledger.Lot, amount int64, from ledger.Month) (rest, taken []ledger.Lot, ok bool) {
	first, _ := findLot(lots, from)
	i := first
	for ; i < len(lots) && amount > 0; i++ {
		n := min(amount, lots[i].Amount)
		taken = append(taken, ledger.Lot{Expiry: lots[i].Expiry, Amount: n})
		amount -= n
	}
	if amount > 0 {
		return nil, nil, false
	}
	rest = slices.Concat(lots[:first], lots[i:])
	if n := len(taken); n > 0 {
		if left := lots[i-1].Amount - taken[n-1].Amount; left > 0 {
			rest = addLot(rest, ledger.Lot{Expiry: lots[i-1].Expiry, Amount: left})
		}
	}
	return rest, taken, true
}

// takeBack takes points from the lot of one month first, whether it has passed
// or not, and the rest first-expiring-first from any.
func takeBack(lots []ledger.Lot, amount int64, m ledger.Month) (rest, taken []ledger.Lot, ok bool) {
	if i, found := findLot(lots, m); found && amount > 0 {
		n := min(amount, lots[i].Amount)
		taken = append(taken, ledger.Lot{Expiry: m, Amount: n})
		amount -= n
		left := lots[i].Amount - n
		lots = slices.Concat(lots[:i], lots[i+1:])
		if left > 0 {
			lots = addLot(lots, ledger.Lot{Expiry: m, Amount: left})
		}
	}
	rest, more, ok := takeLots(lots, amount, 0)
	return rest, append(taken, more...), ok
}

// lastTaken returns the part of a list of taken lots, last taken first, that
// lies above `after` of its first `before` points: what to give back when no
// more than `after` of them stay taken.
func lastTaken(taken []ledger.Lot, before, after int64) (back []ledger.Lot) {
	end := total(taken)
	for i := len(taken) - 1; i >= 0 && end > after; i-- {
		start := end - taken[i].Amount
		lo, hi := max(start, after), min(end, before)
		if lo < hi {
			back = append(back, ledger.Lot{Expiry: taken[i].Expiry, Amount: hi - lo})
		}
		end = start
	}
	return back
}
