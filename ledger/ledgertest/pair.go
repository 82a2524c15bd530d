package ledgertest

import (
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// pair is a partner that the suite made.
type pair struct {
	s         *suite
	code      string
	programme string
	scale     uint8
	company   ledger.Identity
}

// partner registers a partner of the n-th of the target's companies.
func (s *suite) partner(n int, scale uint8) *pair {
	s.Helper()
	p := &pair{s: s, code: "p" + text(9), programme: "P" + strings.ToUpper(text(7)), scale: scale, company: s.Partners[n]}
	s.ok(p.registration())
	s.programmes[p.programme] = true
	return p
}

func (p *pair) registration() *ledger.RegisterPartner {
	return &ledger.RegisterPartner{Partner: p.code, Programme: p.programme, Scale: p.scale, MSP: p.company.MSP}
}

// state returns the partner as the ledger has it.
func (p *pair) state() ledger.Partner {
	p.s.Helper()
	all, err := p.s.Ledger.Partners(p.s.ctx)
	p.s.check(err)
	for _, q := range all {
		if q.Code == p.code {
			return q
		}
	}
	p.s.Fatalf("partner %s is not listed", p.code)
	return ledger.Partner{}
}

// position returns the partner's position for the open window.
func (p *pair) position() ledger.Position {
	p.s.Helper()
	pos, err := p.s.Ledger.Position(p.s.ctx, p.code, p.s.window())
	p.s.check(err)
	return pos
}

// house returns the pair's house accounts of electricity points and those of
// the partner's programme, by their names without the partner.
func (p *pair) house() (hub, own map[string]int64) {
	p.s.Helper()
	hub, own = map[string]int64{}, map[string]int64{}
	for into, programme := range map[*map[string]int64]string{&hub: p.s.hub, &own: p.programme} {
		for name, n := range p.s.balances(programme) {
			if name, ok := strings.CutSuffix(name, "/"+p.code); ok {
				(*into)[name] = n
			}
		}
	}
	return hub, own
}

// deal is an agreement.
type deal struct {
	p     *pair
	id    ledger.ID
	terms ledger.Terms
}

// million is one in the six decimal places of rates, prices and values.
const million = 1_000_000

// terms returns a rate card of one to one without fee or caps at one fen per
// point, and lets change alter it.
func (p *pair) terms(dir ledger.Direction, change func(*ledger.Terms)) ledger.Terms {
	t := ledger.Terms{
		Partner: p.code, Direction: dir, Version: 1, Rate: ledger.Rate{FromUnits: million, ToUnits: million},
		Step: 1, Min: 1, Max: ledger.AmountMax, Price: 10_000, FeePayer: ledger.FeeMember,
		ExposureCap: ledger.ValueMax, LockSeconds: 3600,
	}
	if dir == ledger.In {
		t.LotMonths = 24
	}
	if change != nil {
		change(&t)
	}
	return t
}

// agree makes an agreement that the utility proposes and the partner accepts.
func (p *pair) agree(dir ledger.Direction, change func(*ledger.Terms)) *deal {
	p.s.Helper()
	t := p.terms(dir, change)
	id := p.s.ok(&ledger.ProposeAgreement{Terms: t}).ID
	p.s.okAs(p.company, &ledger.AcceptAgreement{Agreement: id, Hash: t.Hash()})
	return &deal{p: p, id: id, terms: t}
}

// leg returns a leg with the rate locked now.
func (d *deal) leg(from int64) ledger.LegTerms {
	a, _ := d.terms.Amounts(from, d.p.scale)
	return ledger.LegTerms{
		Partner: d.p.code, Agreement: d.id, Hash: d.terms.Hash(), LockedAt: d.p.s.Now().UnixMilli(),
		From: from, To: max(a.To, 1),
	}
}

// changed returns a leg that differs from what it should be.
func (d *deal) changed(from int64, change func(*ledger.LegTerms)) ledger.LegTerms {
	l := d.leg(from)
	change(&l)
	return l
}

func (d *deal) in(a ledger.Account, from int64) *ledger.ConvertIn {
	return &ledger.ConvertIn{Account: a, Leg: d.leg(from), Reference: "debit-" + text(6)}
}

func (d *deal) out(a ledger.Account, from int64) *ledger.ConvertOut {
	return &ledger.ConvertOut{Account: a, Leg: d.leg(from), Reference: "credit-" + text(6)}
}

func (d *deal) hold(a ledger.Account, from int64) *ledger.Hold {
	l := d.leg(from)
	return &ledger.Hold{Account: a, Amount: from, Leg: &l}
}

// funded returns an account with points that expire in two years.
func (s *suite) funded(amount int64) ledger.Account {
	s.Helper()
	a := s.member()
	s.ok(&ledger.Issue{Account: a, Amount: amount, Expiry: s.window().Month() + 24, Reason: "test"})
	return a
}
