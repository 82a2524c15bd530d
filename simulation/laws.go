package simulation

import (
	"context"
	"fmt"
	"slices"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/recompute"
)

func settlementID(d ledger.Date, partner string) string { return settlement.ID(d, partner) }

// checkLedger holds after every batch: each programme sums to zero and no member has
// less than nothing.
func (w *world) checkLedger(s *ledgertest.Store) {
	if w.o.lax {
		return
	}
	if _, err := chaincode.Alliance(s); err != nil {
		return
	}
	for _, programme := range programmes {
		var sum int64
		err := chaincode.Balances(s, programme, func(b ledger.Balance) error {
			sum += b.Amount
			if len(b.Account) == 32 && b.Amount < 0 {
				w.violate("account %s has %d %s", b.Account, b.Amount, programme)
			}
			return nil
		})
		if sum != 0 || err != nil && len(w.chain.entries) > 20 {
			w.violate("the accounts of %s sum to %d, %v", programme, sum, err)
		}
	}
}

// checkRest holds once everything has ended.
func (w *world) checkRest() {
	r := &rest{world: w, moved: map[ledger.ID]int64{}, recorded: map[ledger.ID]int{}, residues: map[ledger.ID]int64{}}
	r.readLedger()
	r.readStore()
	r.checkWindows()
	r.checkResidues()
	r.checkConversions()
	r.checkPartners()
	r.checkPushed()
	r.checkSettlements()
}

// rest is what is compared at rest.
type rest struct {
	*world
	conversions []*exchange.Conversion
	reversals   map[ledger.ID][]*exchange.Reversal // by conversion
	agreements  map[ledger.ID]*ledger.Agreement
	moved       map[ledger.ID]int64 // net of what was reversed, by conversion, on the ledger
	recorded    map[ledger.ID]int   // conversions recorded, by root
	residues    map[ledger.ID]int64 // by agreement
	windows     map[ledger.ID]ledger.Date
}

func (r *rest) readLedger() {
	all, err := r.chain.Agreements(context.Background())
	if err != nil {
		r.violate("agreements: %v", err)
	}
	r.agreements, r.windows = map[ledger.ID]*ledger.Agreement{}, map[ledger.ID]ledger.Date{}
	for i := range all {
		r.agreements[all[i].ID] = &all[i]
	}
	for i := range r.chain.entries {
		t := &r.chain.entries[i].Transfer
		r.windows[t.ID] = t.Window
		switch t.Kind {
		case ledger.KindConvertIn, ledger.KindConvertOut, ledger.KindCrossConvert, ledger.KindPost:
			r.recorded[t.ID.Root()]++
			r.moved[t.ID.Root()] += t.Amount
		case ledger.KindReverse:
			r.moved[t.Related.Root()] -= t.Amount
		default:
			continue
		}
		for _, l := range []*ledger.Leg{t.Source, t.Destination} {
			if l != nil {
				r.residues[l.Agreement] += l.Residue
			}
		}
	}
}

func (r *rest) readStore() {
	ctx := context.Background()
	for f := (exchange.Filter{Limit: 200}); ; {
		page, err := r.store.Conversions(ctx, f)
		if err != nil {
			r.violate("conversions: %v", err)
		}
		if len(page) == 0 {
			break
		}
		r.conversions, f.Before = append(r.conversions, page...), page[len(page)-1].ID
	}
	r.reversals = map[ledger.ID][]*exchange.Reversal{}
	for _, c := range r.conversions {
		all, err := r.store.Reversals(ctx, c.ID)
		if err != nil {
			r.violate("reversals: %v", err)
		}
		r.reversals[c.ID] = all
	}
}

// checkWindows: each transfer lies in exactly one window, the one that was open when it
// was written.
func (r *rest) checkWindows() {
	seen := map[ledger.ID]int{}
	for d := ledger.DateOf(begins); d <= r.chain.open; d++ {
		all, err := r.chain.transfers(d)
		if err != nil {
			r.violate("transfers of %s: %v", d, err)
		}
		for i := range all {
			seen[all[i].Transfer.ID]++
			if all[i].Transfer.Window != d {
				r.violate("transfer %s of window %s is found in %s", all[i].Transfer.ID, all[i].Transfer.Window, d)
			}
		}
	}
	for i := range r.chain.entries {
		t := &r.chain.entries[i].Transfer
		if n := seen[t.ID]; n != 1 {
			r.violate("transfer %s lies in %d windows", t.ID, n)
		}
		if t.Window != r.chain.windows[i] {
			r.violate("transfer %s lies in window %s, while %s was open", t.ID, t.Window, r.chain.windows[i])
		}
	}
}

// checkResidues: what rounding left, counted from the transfers, is what the pairs'
// accounts have in whole units.
func (r *rest) checkResidues() {
	want := map[string]int64{}
	for id, numerator := range r.residues {
		t := &r.agreements[id].Terms
		p, _ := r.registry.Partner(t.Partner)
		programme, _, denominator := "EPT", int64(0), int64(0)
		if t.Direction == ledger.In {
			_, denominator = t.Rate.Ratio(p.Scale, 0)
		} else {
			programme = p.Programme
			_, denominator = t.Rate.Ratio(0, p.Scale)
		}
		want[programme+" residue/"+p.Code] += numerator / denominator
	}
	for _, programme := range programmes {
		all, err := r.chain.balances(programme)
		if err != nil {
			r.violate("balances: %v", err)
		}
		for _, b := range all {
			if key := programme + " " + b.Account; len(b.Account) > 8 && b.Account[:8] == "residue/" && want[key] != b.Amount {
				r.violate("%s is %d, the transfers left %d", key, b.Amount, want[key])
			}
		}
	}
}

// checkConversions: every conversion has ended, as it was acknowledged, and is on the
// ledger exactly once or not at all.
func (r *rest) checkConversions() {
	byKey := map[string]*exchange.Conversion{}
	known := map[ledger.ID]bool{}
	for _, c := range r.conversions {
		if other := byKey[c.Request.Key]; other != nil {
			r.violate("%s and %s were made for one request", c.ID, other.ID)
		}
		byKey[c.Request.Key], known[c.ID] = c, true
		r.checkEnd(c)
	}
	for id, n := range r.recorded {
		if !known[id] {
			r.violate("the ledger has %d transfers of a conversion %s that nobody made", n, id)
		}
	}
	for _, o := range r.model.orders {
		c := byKey[o.name]
		switch {
		case c == nil && o.heard != "":
			r.violate("%s was told %s, and there is no conversion", o.name, o.heard)
		case c != nil && o.heard == "" && c.Outcome != exchange.Failed && o.refused:
			r.violate("%s was refused, and its conversion %s is %s", o.name, c.ID, c.Outcome)
		case c != nil && o.heard != "" && (c.ID != o.id || c.Outcome != o.heard):
			r.violate("%s was told that %s is %s; it is %s, %s", o.name, o.id, o.heard, c.ID, c.Outcome)
		}
	}
}

func (r *rest) checkEnd(c *exchange.Conversion) {
	var back int64
	for _, rev := range r.reversals[c.ID] {
		if rev.Status == exchange.Completed {
			back += rev.Amount
			if w, ok := r.windows[rev.ID]; !ok || w != rev.Window {
				r.violate("reversal %s says that it lies in window %s, it lies in %s", rev.ID, rev.Window, w)
			}
		}
	}
	stands, recorded := c.From-c.Reversed, 1
	switch c.Outcome {
	case exchange.Completed:
		if w := r.windows[c.RecordID()]; w != c.Window {
			r.violate("conversion %s says that it lies in window %s, it lies in %s", c.ID, c.Window, w)
		}
	case exchange.Reversed:
		stands = 0
	default:
		stands, recorded = 0, 0
	}
	switch {
	case c.Step != exchange.StepDone || c.FinishedAt == 0 || c.EscalatedAt != 0:
		r.violate("conversion %s is at %s, finished at %d, escalated at %d", c.ID, c.Step, c.FinishedAt, c.EscalatedAt)
	case (c.Outcome == exchange.Completed) != (c.Failure == nil):
		r.violate("conversion %s ended %s with %v", c.ID, c.Outcome, c.Failure)
	case back != c.Reversed:
		r.violate("conversion %s has %d reversed, its reversals come to %d", c.ID, c.Reversed, back)
	case r.recorded[c.ID] != recorded:
		r.violate("conversion %s is %s, and the ledger has it %d times", c.ID, c.Outcome, r.recorded[c.ID])
	case r.moved[c.ID] != stands:
		r.violate("conversion %s is %s and %d of it stand, on the ledger %d", c.ID, c.Outcome, stands, r.moved[c.ID])
	}
}

// checkPartners: the books of those that we call have exactly what the conversions say.
func (r *rest) checkPartners() {
	want := map[string]int64{} // by membership
	for _, c := range r.conversions {
		if c.Outcome != exchange.Completed {
			continue
		}
		in, out := r.gives(c, c.From-c.Reversed)
		if c.SourceMode == partners.Callback {
			want[c.SourceMembership] -= in
		}
		if c.DestinationMode == partners.Callback {
			want[c.DestinationMembership] += out
		}
	}
	for _, code := range []string{"sky", "shop"} {
		b := r.books[code]
		for _, m := range r.members {
			who := membership(code, m.number)
			if have, should := b.balances[who], milesOpened+want[who]-r.model.spent[who]; have != should || have < 0 {
				r.violate("%s has %d, the conversions say %d", who, have, should)
			}
		}
		r.checkBooks(b)
	}
	r.checkPoints()
}

// checkBooks: a partner did nothing that belongs to no conversion.
func (r *rest) checkBooks(b *books) {
	ours := map[ledger.ID]bool{}
	for _, c := range r.conversions {
		ours[c.ID] = true
		for _, rev := range r.reversals[c.ID] {
			ours[rev.ID] = true
		}
	}
	for id, e := range b.transfers {
		if !ours[ledger.ID(id).Root()] && e.declined == "" && e.reversed < e.amount {
			r.violate("partner %s moved %d for %s, which nobody made", b.code, e.amount, id)
		}
	}
}

// checkPoints: members have the electricity points that the conversions say.
func (r *rest) checkPoints() {
	for _, m := range r.members {
		want := m.points
		for _, c := range r.conversions {
			if c.Account != m.account || c.Outcome != exchange.Completed {
				continue
			}
			from, to := r.gives(c, c.From-c.Reversed)
			if c.Source == "EPT" {
				want -= from
			}
			if c.Destination == "EPT" {
				want += to
			}
		}
		a, err := r.chain.Account(context.Background(), m.account)
		if have := a.Available(); err != nil || have != want || len(a.Holds) > 0 || a.Debt != 0 {
			r.violate("%s has %d EPT with %d holds, the conversions say %d; %v", m.number, have, len(a.Holds), want, err)
		}
	}
}

// gives is what so much of a conversion takes at its source and gives at its destination.
func (r *rest) gives(c *exchange.Conversion, amount int64) (from, to int64) {
	from, to = amount, amount
	for _, l := range []*ledger.LegTerms{c.In, c.Out} {
		if l == nil {
			continue
		}
		p, _ := r.registry.Partner(l.Partner)
		a, code := r.agreements[l.Agreement].Terms.Amounts(to, p.Scale)
		if code != ledger.CodeOK {
			r.violate("%d of %s: %s", to, c.ID, code)
		}
		to = a.To
	}
	return from, to
}

// checkPushed: what the partner that pushes moved by itself is what its conversions say.
func (r *rest) checkPushed() {
	byKey := map[string]*exchange.Conversion{}
	for _, c := range r.conversions {
		byKey[c.Request.Key] = c
	}
	for _, o := range r.model.orders {
		var want int64
		if c := byKey[o.name]; c != nil && c.Outcome == exchange.Completed {
			from, to := r.gives(c, c.From-c.Reversed)
			switch "TELE" {
			case c.Source:
				want = -from
			case c.Destination:
				want = to
			}
		}
		if have := r.model.pushed[o.name]; have != want {
			r.violate("tele moved %d for %s, the conversion says %d", have, o.name, want)
		}
	}
}

// checkSettlements: every closed window is settled with everybody as an independent
// computation over the blocks says.
func (r *rest) checkSettlements() {
	batches := r.batches()
	for d := ledger.DateOf(begins); d < r.chain.open; d++ {
		for _, p := range companies {
			if err := r.checkSettlement(batches, d, p.Code); err != nil {
				r.violate("settlement %s: %v", settlementID(d, p.Code), err)
			}
		}
	}
}

func (r *rest) checkSettlement(batches []ledger.Batch, d ledger.Date, partner string) error {
	audit := recompute.New(d, partner)
	for i := range batches {
		if err := audit.Add(&batches[i]); err != nil {
			return err
		}
	}
	report := audit.Finish()
	if !report.OK() {
		return fmt.Errorf("computed from the blocks it is another: %v", report.Findings)
	}
	stored, err := r.settlements.Settlement(context.Background(), settlementID(d, partner))
	if err != nil {
		return err
	}
	if stored.Figures != report.Computed || stored.Position != report.Position {
		return fmt.Errorf("the figures are %+v, the blocks say %+v", stored.Figures, report.Computed)
	}
	return nil
}

// batches are the blocks as they were written.
func (r *rest) batches() (all []ledger.Batch) {
	for chunk := range slices.Chunk(r.chain.entries, 16) {
		b := ledger.Batch{}
		for i := range chunk {
			b.Transfers = append(b.Transfers, chunk[i].Transfer)
		}
		all = append(all, b)
	}
	return all
}
