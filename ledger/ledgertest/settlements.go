package ledgertest

import (
	"errors"
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// bill is a settlement on its way.
type bill struct {
	s      *suite
	p      *pair
	window ledger.Date
}

// person returns another identity of a company.
func person(of ledger.Identity, name string) ledger.Identity {
	return ledger.Identity{MSP: of.MSP, Subject: name}
}

// figures returns what the partner's position comes to, paid to the fen.
func (b *bill) figures() ledger.SettlementFigures {
	b.s.Helper()
	pos, err := b.s.Ledger.Position(b.s.ctx, b.p.code, b.window)
	b.s.check(err)
	due, err := b.s.Ledger.Due(b.s.ctx, b.p.code)
	b.s.check(err)
	f := ledger.SettlementFigures{Lines: pos.Lines(), Root: ledger.Hash{1}, Net: pos.Net(), Brought: due.Brought}
	sum := f.Net + f.Brought
	f.Pay, f.Receive, f.Carried = max(sum, 0)/ledger.FenMillionths, max(-sum, 0)/ledger.FenMillionths, sum%ledger.FenMillionths
	return f
}

func (b *bill) step(step ledger.SettlementStep) *ledger.AdvanceSettlement {
	return &ledger.AdvanceSettlement{Partner: b.p.code, Window: b.window, Step: step}
}

func (b *bill) net() *ledger.AdvanceSettlement {
	b.s.Helper()
	c, f := b.step(ledger.SettlementNetted), b.figures()
	c.Figures = &f
	return c
}

func (b *bill) reconcile() *ledger.AdvanceSettlement {
	c := b.step(ledger.SettlementReconciled)
	c.Breaks = &ledger.SettlementBreaks{Found: 2, Open: 1, Root: ledger.Hash{2}}
	return c
}

// digested returns a step with the digest of the settlement as it stands.
func (b *bill) digested(step ledger.SettlementStep) *ledger.AdvanceSettlement {
	b.s.Helper()
	c := b.step(step)
	now := b.now()
	c.Digest = now.Digest()
	return c
}

func (b *bill) text(step ledger.SettlementStep, text string) *ledger.AdvanceSettlement {
	c := b.step(step)
	c.Text = text
	return c
}

func (b *bill) now() ledger.Settlement {
	b.s.Helper()
	now, err := b.s.Ledger.Settlement(b.s.ctx, b.p.code, b.window)
	b.s.check(err)
	return now
}

// stands checks at which step the settlement is.
func (b *bill) stands(want ledger.SettlementStep) {
	b.s.Helper()
	if got := b.now(); got.Step != want {
		b.s.Errorf("the settlement is %s, want %s", got.Step, want)
	}
}

// billed makes a partner with one conversion of 7 points at 1.2345 fen, and
// closes the window.
func (s *suite) billed() *bill {
	s.Helper()
	p := s.partner(0, 0)
	b := &bill{s: s, p: p, window: s.window()}
	s.ok(p.agree(in, func(t *ledger.Terms) { t.Price = 12_345 }).in(s.member(), 7))
	s.closeUntil(b.window + 2)
	return b
}

// proposed takes a settlement as far as the maker does.
func (b *bill) proposed(maker ledger.Identity) {
	b.s.Helper()
	b.s.ok(b.net())
	b.s.ok(b.reconcile())
	b.s.okAs(maker, b.digested(ledger.SettlementProposed))
}

func testSettlement(s *suite) {
	b := s.billed()
	maker, checker, stranger := person(s.Utility, "maker"), person(s.Utility, "checker"), s.Partners[1]
	if _, err := s.Ledger.Settlement(s.ctx, b.p.code, b.window); !errors.Is(err, ledger.ErrNotFound) {
		s.Errorf("before it is netted the settlement is %v", err)
	}
	s.refused(ledger.CodeSettlementStep, b.reconcile())
	s.refusedAs(b.p.company, ledger.CodeNotPermitted, b.net())
	first := b.net()
	s.ok(first)
	s.refused(ledger.CodeSettlementStep, first)
	unsigned := b.digested(ledger.SettlementSigned)
	s.refused(ledger.CodeSettlementStep, unsigned)
	s.ok(b.reconcile())
	s.refusedAs(maker, ledger.CodeSettlementDigest, &ledger.AdvanceSettlement{Partner: b.p.code, Window: b.window,
		Step: ledger.SettlementProposed, Digest: unsigned.Digest}) // before the breaks were known
	s.okAs(maker, b.digested(ledger.SettlementProposed))

	sign := b.digested(ledger.SettlementSigned)
	s.refusedAs(maker, ledger.CodeSameIdentity, sign)
	s.refusedAs(stranger, ledger.CodeNotPermitted, sign)
	s.refusedAs(b.p.company, ledger.CodeSettlementDigest, &ledger.AdvanceSettlement{Partner: b.p.code, Window: b.window,
		Step: ledger.SettlementSigned, Digest: ledger.Hash{9}})
	s.okAs(b.p.company, sign)
	b.stands(ledger.SettlementProposed)
	s.refusedAs(b.p.company, ledger.CodeSettlementStep, sign)
	s.refusedAs(b.p.company, ledger.CodeSettlementStep, b.text(ledger.SettlementDisputed, "changed our mind"))
	s.refused(ledger.CodeSettlementStep, b.text(ledger.SettlementPaid, "P-1"))
	s.okAs(checker, sign)
	b.stands(ledger.SettlementSigned)

	s.refused(ledger.CodeSettlementStep, b.text(ledger.SettlementSettled, "B-1"))
	s.ok(b.text(ledger.SettlementPaid, "P-1"))
	s.ok(b.text(ledger.SettlementPaid, "P-2")) // the bank returned the first
	s.refused(ledger.CodeInvalid, b.step(ledger.SettlementSettled))
	before := b.p.state().Owed
	s.ok(b.text(ledger.SettlementSettled, "B-2"))
	b.stands(ledger.SettlementSettled)
	// 7 × 12,345 millionths are 8 fen and 6,415 millionths.
	if got := b.p.state().Owed; before != 86_415 || got != 6_415 {
		s.Errorf("the partner owed %d and then %d", before, got)
	}
	marks := b.now().Marks
	var steps []ledger.SettlementStep
	for _, m := range marks {
		steps = append(steps, m.Step)
	}
	want := []ledger.SettlementStep{1, 2, 3, 4, 4, 6, 7}
	if !reflect.DeepEqual(steps, want) || marks[5].Text != "P-2" || marks[2].By != maker {
		s.Errorf("the marks are %+v", marks)
	}
}

func testSettlementFigures(s *suite) {
	s.each("also when the next window has begun in the same batch", func() {
		c := s.billed()
		d := c.p.agree(out, nil)
		a := s.funded(5)
		for _, r := range s.submit(s.Utility, s.command(d.out(a, 5)), s.command(c.net())) {
			if r.Code != ledger.CodeOK {
				s.Errorf("ended with %s: %s", r.Code, r.Message)
			}
		}
		c.stands(ledger.SettlementNetted)
	})
	b := s.billed()
	for name, change := range map[string]func(*ledger.SettlementFigures){
		"a line more":          func(f *ledger.SettlementFigures) { f.Lines++ },
		"a fen less":           func(f *ledger.SettlementFigures) { f.Net -= ledger.FenMillionths; f.Pay-- },
		"something brought in": func(f *ledger.SettlementFigures) { f.Brought++; f.Carried++ },
	} {
		s.each(name, func() {
			c := b.net()
			change(c.Figures)
			s.refused(ledger.CodeSettlementFigures, c)
		})
	}
	c := b.net()
	c.Figures.Carried++
	s.refused(ledger.CodeInvalid, c)
	later := &bill{s: s, p: b.p, window: b.window + 2}
	s.refused(ledger.CodeWindowOrder, later.net())
	s.ok(b.net())
	s.refused(ledger.CodeWindowOrder, later.net()) // it is open
	s.closeUntil(later.window + 1)
	s.ok(later.net())
	if f := later.now().Figures; f.Brought != 6_415 || f.Carried != 6_415 || f.Lines != 0 || f.Pay != 0 {
		s.Errorf("an empty window comes to %+v", f)
	}
	s.ok(later.reconcile())
	s.ok(later.digested(ledger.SettlementProposed))
	s.okAs(b.p.company, later.digested(ledger.SettlementSigned))
	s.okAs(person(s.Utility, "checker"), later.digested(ledger.SettlementSigned))
	s.refused(ledger.CodeSettlementStep, later.text(ledger.SettlementPaid, "P-1"))
	s.ok(later.step(ledger.SettlementSettled))
	s.refused(ledger.CodePartnerUnknown, &ledger.AdvanceSettlement{Partner: "nobody", Window: b.window, Step: ledger.SettlementSettled})
	_, err := s.Ledger.Due(s.ctx, "nobody")
	s.missing("the settlement due of nobody", err)
}

func testDispute(s *suite) {
	b := s.billed()
	b.proposed(person(s.Utility, "maker"))
	s.okAs(person(s.Utility, "checker"), b.digested(ledger.SettlementSigned))
	s.refused(ledger.CodeNotPermitted, b.text(ledger.SettlementDisputed, "we do not dispute ourselves"))
	s.okAs(b.p.company, b.text(ledger.SettlementDisputed, "line 7 is not ours"))
	b.stands(ledger.SettlementDisputed)
	if _, ok := func() (ledger.SettlementMark, bool) {
		now := b.now()
		return now.Mark(ledger.SettlementSigned, s.Utility.MSP)
	}(); ok {
		s.Error("the utility's signature outlived the dispute")
	}
	s.refusedAs(b.p.company, ledger.CodeSettlementStep, b.digested(ledger.SettlementSigned))
	again := b.reconcile()
	again.Breaks.Found = 3
	s.ok(again)
	s.okAs(person(s.Utility, "checker"), b.digested(ledger.SettlementProposed)) // the roles may change
	s.refusedAs(person(s.Utility, "checker"), ledger.CodeSameIdentity, b.digested(ledger.SettlementSigned))
	s.okAs(person(s.Utility, "maker"), b.digested(ledger.SettlementSigned))
	s.okAs(b.p.company, b.digested(ledger.SettlementSigned))
	b.stands(ledger.SettlementSigned)
}

func testAdjustments(s *suite) {
	p, stranger := s.partner(0, 0), s.Partners[1]
	day := s.window()
	propose := &ledger.ProposeAdjustment{Partner: p.code, Value: -150, Window: day, Reference: "break-1", Reason: "counted twice"}
	s.refusedAs(stranger, ledger.CodeNotPermitted, propose)
	s.refused(ledger.CodeWindowOrder, &ledger.ProposeAdjustment{Partner: p.code, Value: 1, Window: day + 1, Reference: "r", Reason: "r"})
	id := s.ok(propose).ID
	accept := &ledger.AcceptAdjustment{Adjustment: id, Partner: p.code, Value: -150}
	s.refused(ledger.CodeSameIdentity, accept)
	s.refusedAs(p.company, ledger.CodeAdjustmentMismatch, &ledger.AcceptAdjustment{Adjustment: id, Partner: p.code, Value: 150})
	s.refusedAs(p.company, ledger.CodeAdjustmentUnknown, &ledger.AcceptAdjustment{Adjustment: s.id(), Partner: p.code, Value: -150})
	s.refusedAs(stranger, ledger.CodeNotPermitted, accept)
	accepted := s.okAs(p.company, accept)
	s.refusedAs(p.company, ledger.CodeAdjustmentDecided, accept)
	s.refused(ledger.CodeAdjustmentDecided, &ledger.RejectAdjustment{Adjustment: id, Partner: p.code})

	byPartner := s.okAs(p.company, &ledger.ProposeAdjustment{Partner: p.code, Value: 7, Window: day, Reference: "break-2", Reason: "missing"}).ID
	s.ok(&ledger.RejectAdjustment{Adjustment: byPartner, Partner: p.code, Reason: "it is there"})
	if pos := p.position(); pos.Adjusted != (ledger.Adjusted{Count: 1, Value: -150}) || pos.Net() != -150 || p.state().Owed != -150 {
		s.Errorf("the position is %+v, the partner owes %d", pos, p.state().Owed)
	}
	all, err := s.Ledger.Adjustments(s.ctx)
	s.check(err)
	for _, a := range all {
		want := ledger.Adjustment{ID: id, Partner: p.code, Value: -150, Window: day, Reference: "break-1", Reason: "counted twice",
			Status: ledger.AdjustmentAccepted, ProposedBy: s.Utility, ProposedAt: a.ProposedAt, DecidedBy: p.company, DecidedAt: accepted.At}
		if a.ID == id && a != want {
			s.Errorf("the adjustment is %+v, want %+v", a, want)
		}
		if a.ID == byPartner && a.Status != ledger.AdjustmentRejected {
			s.Errorf("the other adjustment is %s", a.Status)
		}
	}
}
