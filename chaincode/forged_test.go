package chaincode_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

// On a network the utility and one partner can together create keys that should
// be those of the utility and another partner. These tests put such keys into the
// state and see that the contract, which the other partner's peer runs as it is,
// counts them for nothing.

// twin returns two beds that differ only in the rate of an agreement that the
// partner offers in both, under the same ID.
func twin(t *testing.T) (b, other *bed, offered ledger.ID) {
	t.Helper()
	for i, bed := range []**bed{&b, &other} {
		*bed = newBed(t)
		terms := (*bed).terms[(*bed).in]
		terms.Version, terms.Rate.ToUnits = 2, int64(2_000_000*(i+1))
		c := (*bed).command(&ledger.ProposeAgreement{Terms: terms})
		(*bed).apply(airline, c)
		(*bed).terms[c.ID], offered = terms, c.ID
	}
	return b, other, offered
}

// take puts what another store has under a key in the place of what this has.
func (b *bed) take(other *bed, key string) {
	b.Helper()
	values, err := other.store.Get(key)
	if err != nil || values[0] == nil {
		b.Fatalf("the other store has nothing under %s, %v", key, err)
	}
	b.store.Set(key, values[0])
}

// damaged gives a command that no honest company may endorse.
func (b *bed) damaged(c ledger.Command) {
	b.Helper()
	_, err := chaincode.Apply(chaincode.Tx{ID: "tx", At: epoch, Caller: utility}, b.store.Begin(), []ledger.Command{c})
	if !errors.Is(err, ledger.ErrDamaged) {
		b.Errorf("a %s on a forged state returned %v", c.Body.Kind(), err)
	}
}

func (b *bed) hash(agreement ledger.ID) ledger.Hash {
	t := b.terms[agreement]
	return t.Hash()
}

func keyOf(prefix string, id ledger.ID) string { return prefix + ledger.Account(id).String() }

func TestAnAgreementThatThePartnerNeverOfferedCannotBeAccepted(t *testing.T) {
	_, other, offered := twin(t)
	b := newBed(t)
	b.take(other, keyOf("g/", offered))
	accept := &ledger.AcceptAgreement{Agreement: offered, Hash: other.hash(offered)}
	b.codes([]ledger.Command{b.command(accept)}, ledger.CodeAgreementUnknown)
}

func TestAnOfferWithOtherTermsCannotBeAccepted(t *testing.T) {
	b, other, offered := twin(t)
	b.take(other, keyOf("g/", offered))
	accept := &ledger.AcceptAgreement{Agreement: offered, Hash: other.hash(offered)}
	b.codes([]ledger.Command{b.command(accept)}, ledger.CodeAgreementUnknown)
}

func TestAnAcceptedAgreementWithOtherTermsIsOfNoUse(t *testing.T) {
	b, other, offered := twin(t)
	for _, bed := range []*bed{b, other} {
		bed.ok(bed.command(&ledger.AcceptAgreement{Agreement: offered, Hash: bed.hash(offered)}))
	}
	leg := b.leg(offered, 300)
	leg.LockedAt = epoch + 1
	b.ok(b.command(&ledger.ConvertIn{Account: member(1), Leg: leg}))
	b.take(other, keyOf("g/", offered))
	b.damaged(b.command(&ledger.ConvertIn{Account: member(1), Leg: leg}))
}

func TestAHoldWithAmountsThatTheAgreementDoesNotGiveIsNotPosted(t *testing.T) {
	b, other := newBed(t), newBed(t)
	terms := other.terms[other.out]
	terms.Version, terms.Rate.ToUnits = 2, 6_000_000
	offer := other.command(&ledger.ProposeAgreement{Terms: terms})
	other.ok(offer)
	other.apply(airline, other.command(&ledger.AcceptAgreement{Agreement: offer.ID, Hash: terms.Hash()}))
	other.terms[offer.ID] = terms
	leg := other.leg(offer.ID, 100)
	leg.LockedAt = epoch + 1
	hold := other.command(&ledger.Hold{Account: member(1), Amount: 100, Leg: &leg})
	other.ok(other.issue(member(1), 500), hold)
	b.take(other, "a/"+member(1).String())
	b.damaged(b.command(&ledger.Post{Account: member(1), Hold: hold.ID}))
}

func TestAPositionOfAWindowToComeCountsForNothing(t *testing.T) {
	b, other := newBed(t), newBed(t)
	for range 2 {
		other.ok(other.convertIn(member(1), 500))
	}
	b.take(other, "wp/"+today.String()+"/sky")
	if p, err := chaincode.Position(b.store, "sky", today); err != nil || p.In.Count != 0 {
		t.Errorf("before the pair has one the position is %+v, %v", p, err)
	}
	b.ok(b.convertIn(member(1), 1000))
	p, err := chaincode.Position(b.store, "sky", today)
	if err != nil || p.In.Count != 1 || p.In.From != 1000 {
		t.Errorf("the position is %+v, %v", p, err)
	}
	if got := b.store.Endorsers("wp/" + today.String() + "/sky"); !slices.Equal(got, []string{utility.MSP, airline.MSP}) {
		t.Errorf("the position needs %v", got)
	}
}

func TestAWindowThatGoesBackIsOfNoUse(t *testing.T) {
	b := newBed(t)
	before, err := b.store.Get("alliance")
	if err != nil {
		t.Fatal(err)
	}
	b.ok(b.command(&ledger.CloseWindow{Window: today, Next: today + 1}))
	b.ok(b.convertIn(member(1), 1000))
	b.store.Set("alliance", before[0])
	b.damaged(b.convertIn(member(1), 1000))
}

func TestAPartnerBeginsWithWhatTheContractGivesIt(t *testing.T) {
	b := newBed(t)
	b.ok(b.convertIn(member(1), 1000))
	copied := func(from, to string) {
		values, err := b.store.Get(from)
		if err != nil {
			t.Fatal(err)
		}
		b.store.Set(to, values[0])
	}
	copied("gi/sky/in", "gi/star/in")
	copied("b/sky", "b/moon")
	b.ok(b.command(&ledger.RegisterPartner{Partner: "star", Programme: "STAR", MSP: "StarMSP"}))
	b.damaged(b.command(&ledger.RegisterPartner{Partner: "moon", Programme: "MOON", MSP: "MoonMSP"}))
	all, err := chaincode.Partners(b.store)
	if err != nil || len(all) != 2 || all[1].Code != "star" || all[1].Owed != 0 {
		t.Errorf("the partners are %+v, %v", all, err)
	}
	for _, key := range []string{"b/star", "gi/star/in", "gi/star/out", "p/star", "n/STAR"} {
		if got := b.store.Endorsers(key); !slices.Equal(got, []string{utility.MSP, "StarMSP"}) {
			t.Errorf("%s needs %v", key, got)
		}
	}
	terms := b.terms[b.in]
	terms.Partner, terms.Version = "star", 1
	b.ok(b.command(&ledger.ProposeAgreement{Terms: terms}))
}
