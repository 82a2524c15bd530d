package chaincode

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// offersMax bounds the agreements of one card that are offered and not decided.
const offersMax = 64

// series is what the pair knows of the agreements of one card: those accepted, in
// the order of their acceptance, with no more than finding the one in force needs,
// and the offers for the next version. It exists before any of them, so that an
// agreement that only one of the companies has put on the ledger is none.
type series struct {
	plain
	accepted []ledger.Agreement
	offers   []offer
	// more is, for direction in, the number of lanes besides lane 0 that keep books of
	// the pair. Books of further lanes were made by somebody else.
	more uint32
}

// offer is an agreement that was proposed.
type offer struct {
	id   ledger.ID
	hash ledger.Hash
	by   string // MSP ID
}

func (s *series) encode(e *wire.Encoder) {
	e.Uint(uint64(len(s.accepted)))
	for i := range s.accepted {
		g := &s.accepted[i]
		e.Raw(g.ID[:])
		e.Raw(g.Hash[:])
		e.String(g.Terms.Partner)
		e.Byte(byte(g.Terms.Direction))
		e.Uint(uint64(g.Terms.Version))
		e.Int(g.Terms.From)
		e.Int(g.Terms.Until)
		e.Int(g.DecidedAt)
	}
	e.Uint(uint64(len(s.offers)))
	for i := range s.offers {
		o := &s.offers[i]
		e.Raw(o.id[:])
		e.Raw(o.hash[:])
		e.String(o.by)
	}
	if s.more != 0 { // with one lane a series is what it was before there were more
		e.Uint(uint64(s.more))
	}
}

func (s *series) decode(d *wire.Decoder) {
	s.accepted = make([]ledger.Agreement, d.Count(54))
	for i := range s.accepted {
		g := &s.accepted[i]
		copy(g.ID[:], d.Raw(len(g.ID)))
		copy(g.Hash[:], d.Raw(len(g.Hash)))
		g.Status = ledger.AgreementAccepted
		g.Terms.Partner, g.Terms.Direction = d.String(), ledger.Direction(d.Byte())
		g.Terms.Version = d.Uint32()
		g.Terms.From, g.Terms.Until, g.DecidedAt = d.Int(), d.Int(), d.Int()
	}
	s.offers = make([]offer, d.Count(49))
	for i := range s.offers {
		o := &s.offers[i]
		copy(o.id[:], d.Raw(len(o.id)))
		copy(o.hash[:], d.Raw(len(o.hash)))
		o.by = d.String()
	}
	if d.Len() == 0 {
		return
	}
	if s.more = d.Uint32(); s.more == 0 || s.more >= ledger.LanesMax {
		d.Fail("books in too few or too many lanes")
	}
}

// next is the version that the next agreement has.
func (s *series) next() uint32 {
	if len(s.accepted) == 0 {
		return 1
	}
	return s.accepted[len(s.accepted)-1].Terms.Version + 1
}

// offered reports whether a company offered an agreement.
func (s *series) offered(g *ledger.Agreement) bool {
	return slices.Contains(s.offers, offer{g.ID, g.Hash, g.ProposedBy.MSP})
}

// holds reports whether an agreement was accepted.
func (s *series) holds(id ledger.ID, hash ledger.Hash) bool {
	return slices.ContainsFunc(s.accepted, func(g ledger.Agreement) bool { return g.ID == id && g.Hash == hash })
}

// propose adds an offer.
func (s *series) propose(o offer) { s.offers = append(slices.Clone(s.offers), o) }

// withdraw drops an offer that was rejected. One for a version that another took
// was dropped already.
func (s *series) withdraw(id ledger.ID) {
	s.offers = slices.DeleteFunc(slices.Clone(s.offers), func(o offer) bool { return o.id == id })
}

// accept adds an agreement. No offer for the same version can be accepted any more.
func (s *series) accept(g ledger.Agreement) {
	s.accepted, s.offers = append(slices.Clone(s.accepted), g), nil
}
