package ledgertest

import (
	"context"
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"pgregory.net/rapid"
)

// RunProperties gives random histories to new ledgers and to a model, and
// compares codes, lots, balances, positions, usage and what is owed after each
// call of Submit. It closes each ledger.
func RunProperties(t *testing.T, open func(t *testing.T) Target) {
	rapid.Check(t, func(rt *rapid.T) {
		target := open(t)
		defer target.Ledger.Close()
		h := newHistory(rt, target)
		calls := rapid.IntRange(1, 40).Draw(rt, "calls")
		raised := calls
		if target.Lanes > 1 {
			raised = rapid.IntRange(0, calls/2).Draw(rt, "calls with one lane")
		}
		for n := range calls {
			if n == raised {
				h.raise()
			}
			h.call()
		}
	})
}

// history is a random history under way.
type history struct {
	*rapid.T
	Target
	m      *model
	count  uint64 // of IDs
	draws  uint64
	past   []ledger.Command
	holds  map[ledger.Account][]ledger.ID // ever made
	done   map[ledger.Account][]ledger.ID // other transfers
	issues map[ledger.Account][]ledger.ID
	offers []ledger.ID
	spread bool // over several lanes
}

// newHistory opens the alliance with two partners and an agreement for each
// direction of both.
func newHistory(rt *rapid.T, target Target) *history {
	h := &history{T: rt, Target: target, holds: map[ledger.Account][]ledger.ID{}, done: map[ledger.Account][]ledger.ID{}, issues: map[ledger.Account][]ledger.ID{}}
	window := ledger.Date(rapid.IntRange(20_000, 20_400).Draw(rt, "window"))
	h.m = newModel("EPT", target.Utility.MSP, window)
	results, err := target.Ledger.Submit(context.Background(), target.Utility, h.command(&ledger.Initialise{Hub: "EPT", Window: window}))
	if err != nil || results[0].Code != ledger.CodeOK {
		rt.Fatalf("initialise: %+v, %v", results, err)
	}
	for i, code := range []string{"sky", "star"} {
		scale := uint8(h.pick(0, ledger.ScaleMax, "scale"))
		h.submit(target.Utility, h.command(&ledger.RegisterPartner{Partner: code, Programme: []string{"SKY", "STAR"}[i], Scale: scale, MSP: target.Partners[i].MSP}))
		for _, dir := range []ledger.Direction{in, out} {
			offer := h.command(&ledger.ProposeAgreement{Terms: h.terms(code, dir, 1)})
			h.submit(target.Utility, offer)
			h.submit(target.Partners[i], h.command(&ledger.AcceptAgreement{Agreement: offer.ID, Hash: h.m.agreements[offer.ID].Hash}))
		}
	}
	return h
}

func (h *history) command(body ledger.Body) ledger.Command {
	var random [10]byte
	h.count++
	binary.BigEndian.PutUint64(random[2:], h.count)
	return ledger.Command{ID: ledger.NewID(h.Now(), random), Body: body}
}

// call moves the clock, makes some commands and submits them.
func (h *history) call() {
	h.Advance(time.Duration(one(h, []int{0, 1, 20, 1000, 20_000}, "ms")) * time.Millisecond)
	caller := h.Utility
	if h.chance(10) {
		caller = one(h, h.Partners[:2], "caller")
	}
	var commands []ledger.Command
	for range rapid.IntRange(1, 12).Draw(h.T, "commands") {
		commands = append(commands, h.next())
	}
	h.submit(caller, commands...)
}

// next makes a command, or repeats one, or uses its ID for something else.
func (h *history) next() ledger.Command {
	if len(h.past) > 0 && h.chance(12) {
		return one(h, h.past, "repeated")
	}
	c := h.command(h.body())
	if len(h.past) > 0 && h.chance(3) {
		c.ID = one(h, h.past, "conflicting").ID
	}
	return c
}

// submit gives commands to the ledger and the model and compares.
func (h *history) submit(caller ledger.Identity, commands ...ledger.Command) {
	results := h.give(caller, commands)
	at := h.Now().UnixMilli()
	for i, c := range commands {
		next, want := h.m.apply(caller, at, c)
		h.m = next
		r := results[i]
		if r.Code != want.code || r.Replayed != want.replayed {
			h.Fatalf("%s %+v ended with %s (replayed %t) %s, want %s (%t)", c.Body.Kind(), c.Body, r.Code, r.Replayed, r.Message, want.code, want.replayed)
		}
		if got := r.Entry.Transfer.Lots; !r.Replayed && !slices.Equal(got, want.lots) {
			h.Fatalf("%s %+v moved %v, want %v", c.Body.Kind(), c.Body, got, want.lots)
		}
		h.remember(c, r)
	}
	h.compare()
}

// give gives commands in their order, which lanes would not keep among each other.
func (h *history) give(caller ledger.Identity, commands []ledger.Command) (results []ledger.Result) {
	for len(commands) > 0 {
		n := len(commands)
		for i := 1; i < n && h.spread; i++ {
			if ledger.RouteOf(commands[i].Body, h.Lanes) != ledger.RouteOf(commands[0].Body, h.Lanes) {
				n = i
			}
		}
		some, err := h.Ledger.Submit(context.Background(), caller, commands[:n]...)
		if err != nil {
			h.Fatalf("submit: %v", err)
		}
		results, commands = append(results, some...), commands[n:]
	}
	return results
}

// raise spreads the accounts over more lanes, of which the model knows nothing:
// whatever it says is true with any number.
func (h *history) raise() {
	h.spread = true
	r := h.give(h.Utility, []ledger.Command{h.command(&ledger.SetLanes{Lanes: h.Lanes})})
	if r[0].Code != ledger.CodeOK {
		h.Fatalf("raising the number of lanes ended with %s: %s", r[0].Code, r[0].Message)
	}
}

func (h *history) remember(c ledger.Command, r ledger.Result) {
	h.past = append(h.past, c)
	if r.Code != ledger.CodeOK || r.Replayed {
		return
	}
	switch b := c.Body.(type) {
	case *ledger.Hold:
		h.holds[b.Account] = append(h.holds[b.Account], c.ID)
	case *ledger.Issue:
		h.issues[b.Account] = append(h.issues[b.Account], c.ID)
	case *ledger.ProposeAgreement:
		h.offers = append(h.offers, c.ID)
	}
	if a := accountOf(c.Body); !a.IsZero() {
		h.done[a] = append(h.done[a], c.ID)
	}
}

// compare checks everything that can be read against the model.
func (h *history) compare() {
	ctx := context.Background()
	partners, err := h.Ledger.Partners(ctx)
	if err != nil {
		h.Fatal(err)
	}
	var want []ledger.Partner
	for _, code := range h.m.codesOf() {
		p := h.m.partners[code]
		p.Owed = h.m.owed(code)
		want = append(want, p)
		h.compareBalances(p.Programme)
		for _, w := range append(h.m.closed[max(0, len(h.m.closed)-1):], h.m.window) {
			pos, err := h.Ledger.Position(ctx, code, w)
			if expected := h.m.position(code, w); err != nil || pos != expected {
				h.Fatalf("the position is %+v, %v, want %+v", pos, err, expected)
			}
		}
	}
	if !reflect.DeepEqual(partners, want) {
		h.Fatalf("partners are %+v, want %+v", partners, want)
	}
	h.compareBalances(h.m.hub)
	for id := range h.m.accounts {
		h.compareAccount(id)
	}
}

func (h *history) compareBalances(programme string) {
	got, sum := map[string]int64{}, int64(0)
	err := h.Ledger.Balances(context.Background(), programme, func(b ledger.Balance) error {
		got[b.Account], sum = b.Amount, sum+b.Amount
		return nil
	})
	want := h.m.balances(programme)
	if h.spread {
		h.round(got, want)
	}
	if err != nil || sum != 0 || !reflect.DeepEqual(got, want) {
		h.Fatalf("balances of %s are %v with the sum %d, %v, want %v", programme, got, sum, err, want)
	}
}

// round takes over how many whole units the lanes' residues make, which is up to one
// less for every agreement and lane than they would make together.
func (h *history) round(got, want map[string]int64) {
	most := int64(len(h.m.agreements)) * int64(h.Lanes)
	for name, n := range got {
		code, ok := strings.CutPrefix(name, "residue/")
		if off := want[name] - n; ok && max(off, -off) <= most {
			want[name] -= off
			want["clearing/"+code] += off
		}
	}
}

func (h *history) compareAccount(id ledger.Account) {
	got, err := h.Ledger.Account(context.Background(), id)
	if err != nil {
		h.Fatal(err)
	}
	a := h.m.accounts[id]
	var lots []ledger.Lot
	for _, m := range a.months() {
		lots = append(lots, ledger.Lot{Expiry: m, Amount: a.lots[m]})
	}
	if got.Frozen != a.frozen || got.Debt != a.debt || !slices.Equal(got.Lots, lots) || len(got.Holds) != len(a.holds) {
		h.Fatalf("the account is %+v, want %+v", got, a)
	}
	for _, open := range got.Holds {
		want := a.holds[open.ID]
		if open.Amount != want.amount || !slices.Equal(open.Lots, want.lots) || open.To != want.to || (open.Leg == nil) != (want.leg == nil) {
			h.Fatalf("hold %+v is open, want %+v", open, want)
		}
	}
	h.compareUsage(&a, got.Usage)
}

// compareUsage leaves out counters of years gone by, which mean nothing.
func (h *history) compareUsage(a *modelAccount, usage []ledger.Usage) {
	thisYear := func(w ledger.Date) bool { return w.Year() == h.m.window.Year() }
	type card struct {
		partner string
		dir     ledger.Direction
	}
	counted := map[card]bool{}
	for _, u := range usage {
		if !thisYear(u.Day) {
			continue
		}
		counted[card{u.Partner, u.Direction}] = true
		day := a.spending(u.Partner, u.Direction, func(w ledger.Date) bool { return w == u.Day })
		if year := a.spending(u.Partner, u.Direction, thisYear); u.DayUsed != day || u.YearUsed != year {
			h.Fatalf("usage is %+v, want %d and %d", u, day, year)
		}
	}
	for _, s := range a.spent {
		if thisYear(s.window) && !counted[card{s.partner, s.dir}] {
			h.Fatalf("usage %+v is not counted", s)
		}
	}
}
