package exchange

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// route is a conversion's way, seen from the hub.
type route struct {
	in, out *partners.Partner // the side of electricity points is nil
}

func (r *route) involves(partner string) bool {
	return r.in != nil && r.in.Code == partner || r.out != nil && r.out.Code == partner
}

// route finds the companies between two programmes, and refuses a party that is
// none of them.
func (s *Service) route(p Party, source, destination string) (r route, err error) {
	if source == destination {
		return r, refuse(CodeSameProgramme, "source and destination are both %q", source)
	}
	if r.in, err = s.side(source); err != nil {
		return r, err
	}
	if r.out, err = s.side(destination); err != nil {
		return r, err
	}
	if !p.Utility() && !r.involves(p.Partner) {
		return r, refuse(CodeNotYours, "neither %q nor %q is a programme of the client's company", source, destination)
	}
	return r, nil
}

func (s *Service) side(programme string) (*partners.Partner, error) {
	if programme == s.o.Hub {
		return nil, nil
	}
	p, ok := s.o.Registry.ByProgramme(programme)
	if !ok {
		return nil, refuse(CodeProgrammeUnknown, "there is no programme %q; GET /v1/programmes lists them", bounded(programme, 32))
	}
	return p, nil
}

// price is what a conversion gives at the agreements in force.
type price struct {
	in, out  *ledger.LegTerms
	to, fee  int64
	residues []Residue
	// until is when the locks expire, milliseconds since 1970.
	until int64
}

// price locks rates at an instant and computes both exact amounts with the
// contract's own function. A request that the contract would refuse whatever
// the member has is refused here.
func (s *Service) price(cards *rateCards, r route, from, at int64) (price, error) {
	p := price{to: from, until: at + s.o.QuoteTTL.Milliseconds()}
	if r.in != nil {
		leg, err := s.leg(cards, r.in, ledger.In, from, at, true, &p)
		if err != nil {
			return price{}, err
		}
		p.in = leg
	}
	if r.out != nil {
		// What reaches a second leg is whatever the first gave, so no step is asked for.
		leg, err := s.leg(cards, r.out, ledger.Out, p.to, at, r.in == nil, &p)
		if err != nil {
			return price{}, err
		}
		p.out = leg
	}
	return p, nil
}

func (s *Service) leg(cards *rateCards, partner *partners.Partner, dir ledger.Direction, from, at int64, stepped bool, p *price) (*ledger.LegTerms, error) {
	agreement, refusal := cards.inForce(partner.Code, dir, at)
	if refusal != nil {
		return nil, refusal
	}
	t, scale := &agreement.Terms, cards.partners[partner.Code].Scale
	if refusal := fits(t, from, stepped); refusal != nil {
		return nil, refusal
	}
	a, code := t.Convert(from, scale)
	if code != ledger.CodeOK {
		return nil, refuse(string(code), "a conversion of %d gives no amount that can be paid at the agreement's rate", from)
	}
	p.add(s.o.Hub, partner, t, scale, a)
	p.until = min(p.until, at+int64(t.LockSeconds)*1000)
	return &ledger.LegTerms{Partner: partner.Code, Agreement: agreement.ID, Hash: agreement.Hash, LockedAt: at, From: from, To: a.To}, nil
}

func (p *price) add(hub string, partner *partners.Partner, t *ledger.Terms, scale uint8, a ledger.Amounts) {
	residue := Residue{Programme: hub, Numerator: a.Residue}
	if t.Direction == ledger.In {
		_, residue.Denominator = t.Rate.Ratio(scale, 0)
	} else {
		residue.Programme = partner.Programme
		_, residue.Denominator = t.Rate.Ratio(0, scale)
	}
	p.residues = append(p.residues, residue)
	p.to = a.To
	if t.FeePayer == ledger.FeeMember {
		p.fee += a.Fee
	}
}

// fits checks an amount against the limits of one conversion.
func fits(t *ledger.Terms, from int64, stepped bool) *Refusal {
	switch {
	case from < 1 || from > ledger.AmountMax:
		return refuse(string(ledger.CodeAmountOutOfRange), "amount must be 1 to %d", ledger.AmountMax)
	case from < t.Min:
		return refuse(string(ledger.CodeBelowMinimum), "%d is below the minimum of %d", from, t.Min)
	case from > t.Max:
		return refuse(string(ledger.CodeAboveMaximum), "%d is above the maximum of %d", from, t.Max)
	case stepped && from%t.Step != 0:
		return refuse(string(ledger.CodeOffStep), "%d is not a multiple of %d", from, t.Step)
	}
	return nil
}
