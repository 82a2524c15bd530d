package bonus_test

import (
	"context"
	"os"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
	"pgregory.net/rapid"
)

// converted is what a history says of one conversion.
type converted struct {
	ledger.Transfer
	member      int
	stays, left int64 // electricity points, partner points
	bps         int64
}

// history draws what happens to a world, and remembers what bonuses must come to.
type history struct {
	*rapid.T
	*world
	bps    [4]int64
	frozen [4]bool
	spent  [4]int64
	all    []*converted
}

// Whatever is converted, reversed, spent, frozen and forgotten, and however often it
// is begun again: what the ledger has of bonuses is exactly what stays converted
// brings, and each member has what was converted and brought, less what was spent.
func TestTheBonusIsThatOfWhatStaysConverted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "bonus")
		must(t, err)
		defer os.RemoveAll(dir)
		w, done := newWorld(t, dir)
		defer done()
		h := &history{T: t, world: w}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			h.step()
		}
		h.settle()
		h.check()
		_, entries := w.onLedger()
		h.again()
		h.check()
		if _, now := w.onLedger(); now != entries {
			t.Fatalf("read again, %d entries of bonuses became %d", entries, now)
		}
	})
}

func (h *history) step() {
	member := rapid.IntRange(0, 3).Draw(h.T, "member")
	switch rapid.IntRange(0, 11).Draw(h.T, "what") {
	case 0, 1, 2:
		h.convert(member)
	case 3, 4, 5:
		h.reverse()
	case 6:
		h.spend(member)
	case 7:
		tier := rapid.SampledFrom(rewards.DefaultLadder()).Draw(h.T, "tier")
		h.rise(member, tier.Code)
		h.bps[member] = tier.ConversionBonus
	case 8:
		h.frozen[member] = !h.frozen[member]
		h.give(utility, &ledger.Freeze{Account: h.member(member), Frozen: h.frozen[member]})
	case 9:
		h.ledger.before, h.ledger.after = rapid.IntRange(0, 1).Draw(h.T, "busy"), rapid.IntRange(0, 1).Draw(h.T, "unheard")
	case 10:
		h.store.lost, h.store.unheard = rapid.IntRange(0, 1).Draw(h.T, "lost"), rapid.IntRange(0, 1).Draw(h.T, "unheard")
	default:
		_ = h.f.CatchUp(context.Background()) // as far as it comes
		h.start()
	}
}

func (h *history) convert(member int) {
	if h.frozen[member] {
		return
	}
	t := h.world.convert(member, rapid.Int64Range(1, 3000).Draw(h.T, "points"))
	h.all = append(h.all, &converted{Transfer: t, member: member, stays: t.Source.To, left: t.Amount, bps: h.bps[member]})
}

func (h *history) reverse() {
	if len(h.all) == 0 {
		return
	}
	c := rapid.SampledFrom(h.all).Draw(h.T, "conversion")
	if c.left == 0 {
		return
	}
	n := rapid.Int64Range(1, c.left).Draw(h.T, "part")
	if r := h.world.reverse(c.Transfer, n); r.Code == ledger.CodeOK { // not when the points were spent
		c.left -= n
		c.stays -= r.Entry.Transfer.Source.To
	}
}

func (h *history) spend(member int) {
	a := h.account(member)
	if h.frozen[member] || a.Available() == 0 {
		return
	}
	n := rapid.Int64Range(1, a.Available()).Draw(h.T, "spent")
	h.world.spend(member, n)
	h.spent[member] += n
}

// settle frees everybody and pays what is due.
func (h *history) settle() {
	h.ledger.before, h.ledger.after, h.store.lost, h.store.unheard = 0, 0, 0, 0
	for member, frozen := range h.frozen {
		if frozen {
			h.give(utility, &ledger.Freeze{Account: h.member(member)})
		}
	}
	h.start()
	h.catchUp()
}

// again reads the ledger from its beginning, as if nobody had remembered how far it
// was read.
func (h *history) again() {
	must(h.T, h.store.DecideBonuses(context.Background(), nil, []bonus.Mark{{}}))
	h.start()
	h.catchUp()
}

func (h *history) check() {
	sums, _ := h.onLedger()
	var want [4]int64
	for _, c := range h.all {
		rest := c.stays * c.bps / 10_000
		want[c.member] += c.stays + rest
		if got := sums[c.ID.String()]; got != rest {
			h.Fatalf("the bonus of a conversion of which %d stay at %d is %d, want %d", c.stays, c.bps, got, rest)
		}
		delete(sums, c.ID.String())
	}
	if len(sums) != 0 {
		h.Fatalf("bonuses of what was not converted: %v", sums)
	}
	for member := range want {
		if a := h.account(member); a.Available()-a.Debt != want[member]-h.spent[member] || a.Available() < 0 {
			h.Fatalf("member %d has %d and owes %d, want %d", member, a.Available(), a.Debt, want[member]-h.spent[member])
		}
	}
}
