package chaincode_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// spread is a bed with four lanes.
func spread(t *testing.T) *bed {
	b := newBed(t)
	b.ok(b.command(&ledger.SetLanes{Lanes: 4}))
	return b
}

// inLane gives a batch to a lane.
func (b *bed) inLane(lane uint32, batch ...ledger.Command) []ledger.Result {
	b.Helper()
	was := b.lane
	b.lane = lane
	defer func() { b.lane = was }()
	_, results := b.apply(utility, batch...)
	return results
}

// okIn gives a command to its account's lane; it must be carried out.
func (b *bed) okIn(lane uint32, c ledger.Command) *ledger.Transfer {
	b.Helper()
	r := b.inLane(lane, c)[0]
	if r.Code != ledger.CodeOK {
		b.Fatalf("a %s in lane %d ended with %s: %s", c.Body.Kind(), lane, r.Code, r.Message)
	}
	return &r.Entry.Transfer
}

func TestTheNumberOfLanesOnlyRises(t *testing.T) {
	b := newBed(t)
	lanes := func(want uint32) {
		t.Helper()
		if a, err := chaincode.Alliance(b.store); err != nil || a.Lanes != want {
			t.Errorf("there are %d lanes, %v, want %d", a.Lanes, err, want)
		}
	}
	lanes(1)
	_, results := b.apply(airline, b.command(&ledger.SetLanes{Lanes: 2}))
	if results[0].Code != ledger.CodeNotPermitted {
		t.Errorf("given by a partner it ended with %s", results[0].Code)
	}
	b.codes([]ledger.Command{b.command(&ledger.SetLanes{Lanes: 1})}, ledger.CodeInvalid)
	b.codes([]ledger.Command{b.command(&ledger.SetLanes{Lanes: ledger.LanesMax + 1})}, ledger.CodeInvalid)
	b.codes([]ledger.Command{b.command(&ledger.SetLanes{Lanes: 2}), b.issue(member(1), 1)}, ledger.CodeNotAlone, ledger.CodeOK)
	b.ok(b.command(&ledger.SetLanes{Lanes: 2}))
	lanes(2)
	b.codes([]ledger.Command{b.command(&ledger.SetLanes{Lanes: 2})}, ledger.CodeInvalid)
	b.ok(b.command(&ledger.SetLanes{Lanes: ledger.LanesMax}))
	lanes(ledger.LanesMax)
}

func TestACommandBelongsToOneLane(t *testing.T) {
	b := spread(t)
	a := b.memberOf(2)
	for lane := range uint32(5) {
		want := ledger.CodeWrongLane
		if lane == 2 {
			want = ledger.CodeOK
		}
		if r := b.inLane(lane, b.issue(a, 1)); r[0].Code != want {
			t.Errorf("in lane %d an issue ended with %s %s, want %s", lane, r[0].Code, r[0].Message, want)
		}
	}
	if r := b.inLane(2, b.command(&ledger.SuspendPartner{Partner: "sky", Suspended: true})); r[0].Code != ledger.CodeWrongLane {
		t.Errorf("suspending a partner in lane 2 ended with %s", r[0].Code)
	}
	for lane, want := range map[uint32]ledger.Code{2: ledger.CodeOK, 3: ledger.CodeNothingToCheckpoint, 4: ledger.CodeWrongLane} {
		if r := b.inLane(lane, b.command(&ledger.Checkpoint{})); r[0].Code != want {
			t.Errorf("a checkpoint in lane %d ended with %s, want %s", lane, r[0].Code, want)
		}
	}
}

func TestAnIDStandsForOneCommandInAllLanes(t *testing.T) {
	b := newBed(t)
	before := b.issue(b.memberOf(3), 5)
	b.ok(before) // in lane 0, while it was the only one
	b.ok(b.command(&ledger.SetLanes{Lanes: 4}))
	if r := b.inLane(3, before)[0]; r.Code != ledger.CodeOK || !r.Replayed || r.Entry.Locator.Lane != 0 {
		t.Errorf("given again in the account's new lane it ended with %+v", r)
	}
	one := b.issue(b.memberOf(1), 5)
	b.okIn(1, one)
	other := b.issue(b.memberOf(2), 5)
	other.ID = one.ID
	if r := b.inLane(2, other)[0]; r.Code != ledger.CodeIDConflict {
		t.Errorf("an ID that another lane has used ended with %s", r.Code)
	}
	e, err := chaincode.Find(b.store, one.ID)
	if err != nil || e.Locator.Lane != 1 || e.Transfer.ID != one.ID {
		t.Errorf("it is found at %+v, %v", e.Locator, err)
	}
}

// TestWhatOneLaneBeganAnotherEnds raises the number of lanes between a conversion
// and its reversal, and between a hold and its void.
func TestWhatOneLaneBeganAnotherEnds(t *testing.T) {
	b := newBed(t)
	a := b.memberOf(3)
	conversion, held := b.convertIn(a, 1000), b.hold(a, 100)
	b.ok(conversion, held)
	b.ok(b.command(&ledger.SetLanes{Lanes: 4}))
	b.okIn(3, b.command(&ledger.Void{Account: a, Hold: held.ID}))
	b.okIn(3, b.command(&ledger.Reverse{Original: conversion.ID, Account: a, Amount: 1000}))
	p, err := chaincode.Position(b.store, "sky", today)
	if err != nil || p.In.Count != 1 || p.ReversedIn.Count != 1 || p.Net() != 0 {
		t.Errorf("the position is %+v, %v", p, err)
	}
	partners, err := chaincode.Partners(b.store)
	if err != nil || partners[0].Owed != 0 {
		t.Errorf("the partners are %+v, %v", partners, err)
	}
	for _, programme := range []string{"EPT", "SKY"} {
		rounded := map[string]int64{} // the lanes round by themselves
		if err := chaincode.Balances(b.store, programme, func(balance ledger.Balance) error {
			name := balance.Account
			if name == "residue/sky" && max(balance.Amount, -balance.Amount) <= 1 {
				name = "clearing/sky"
			}
			rounded[name] += balance.Amount
			return nil
		}); err != nil {
			t.Error(err)
		}
		for name, sum := range rounded {
			if sum != 0 {
				t.Errorf("%s of %s has %d", name, programme, sum)
			}
		}
	}
}

// TestTheKeysOfALaneBelongToThePairLikeThoseBefore looks at who must endorse what a
// lane above 0 keeps.
func TestTheKeysOfALaneBelongToThePairLikeThoseBefore(t *testing.T) {
	b := spread(t)
	b.okIn(2, b.convertIn(b.memberOf(2), 1000))
	both := []string{utility.MSP, airline.MSP}
	for _, key := range []string{"b/sky", "b/sky/00000001", "b/sky/00000002", "b/sky/00000003", "gi/sky/in",
		"wp/" + today.String() + "/sky/00000002"} {
		if got := b.store.Endorsers(key); !slices.Equal(got, both) {
			t.Errorf("%s is endorsed by %v", key, got)
		}
	}
}

// TestBooksThatALaneDoesNotKeepCountForNothing puts books under the key of a lane
// that has none, as companies could that have no part in the pair.
func TestBooksThatALaneDoesNotKeepCountForNothing(t *testing.T) {
	honest, forged := spread(t), spread(t)
	honest.okIn(2, honest.convertIn(honest.memberOf(2), 1000))
	values, err := honest.store.Get("b/sky/00000002")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"b/sky/00000001", "b/sky/00000002"} {
		forged.store.Set(key, values[0])
	}
	owed := func(b *bed, want int64) {
		t.Helper()
		partners, err := chaincode.Partners(b.store)
		if err != nil || partners[0].Owed != want {
			t.Errorf("the partner owes %d, %v, want %d", partners[0].Owed, err, want)
		}
		var sum int64
		if err := chaincode.Balances(b.store, "EPT", func(balance ledger.Balance) error { sum += balance.Amount; return nil }); err != nil || sum != 0 {
			t.Errorf("the balances come to %d, %v", sum, err)
		}
	}
	owed(forged, 0)
	value := forged.okIn(2, forged.convertIn(forged.memberOf(2), 1000)).Source.Value
	owed(forged, value)
	owed(honest, value)
}

// capped gives a bed whose agreement for conversions in allows so many of 1000 to be
// owed together.
func capped(t *testing.T, fit int64) (b *bed, each int64) {
	b = spread(t)
	terms := b.terms[b.in]
	a, _ := terms.Convert(1000, 0)
	terms.Version, terms.ExposureCap, terms.From = 2, fit*a.Value+a.Value-1, epoch
	offer := b.command(&ledger.ProposeAgreement{Terms: terms})
	b.ok(offer)
	b.apply(airline, b.command(&ledger.AcceptAgreement{Agreement: offer.ID, Hash: terms.Hash()}))
	b.in, b.terms[offer.ID] = offer.ID, terms
	return b, a.Value
}

func TestNoConversionIsRefusedWhileTheAllianceHasRoom(t *testing.T) {
	for lane := range uint32(4) {
		b, _ := capped(t, 8)
		for n := range 8 { // all of it in one lane, wherever the room was
			if n == 3 {
				b.okIn((lane+1)%4, b.convertIn(b.memberOf((lane+1)%4), 1000))
				continue
			}
			b.okIn(lane, b.convertIn(b.memberOf(lane), 1000))
		}
		for other := range uint32(4) {
			if r := b.inLane(other, b.convertIn(b.memberOf(other), 1000)); r[0].Code != ledger.CodeExposureCap {
				t.Errorf("above the cap lane %d ended a conversion with %s", other, r[0].Code)
			}
		}
	}
}

// TestWhatIsOwedWithoutAskingForRoomTakesItFromAllLanes lets an adjustment use up
// what other lanes were given before.
func TestWhatIsOwedWithoutAskingForRoomTakesItFromAllLanes(t *testing.T) {
	b, each := capped(t, 8)
	b.okIn(2, b.convertIn(b.memberOf(2), 1000)) // shares the room among the lanes
	adjust := func(value int64) {
		t.Helper()
		offer := b.command(&ledger.ProposeAdjustment{Partner: "sky", Value: value, Window: today, Reference: "r", Reason: "r"})
		b.ok(offer)
		_, r := b.apply(airline, b.command(&ledger.AcceptAdjustment{Adjustment: offer.ID, Partner: "sky", Value: value}))
		if r[0].Code != ledger.CodeOK {
			t.Fatalf("accepting an adjustment ended with %s %s", r[0].Code, r[0].Message)
		}
	}
	adjust(7 * each) // now as much is owed as may be
	for lane := range uint32(4) {
		if r := b.inLane(lane, b.convertIn(b.memberOf(lane), 1000)); r[0].Code != ledger.CodeExposureCap {
			t.Errorf("lane %d ended a conversion with %s", lane, r[0].Code)
		}
	}
	adjust(-2 * each)
	b.okIn(1, b.convertIn(b.memberOf(1), 1000))
	b.okIn(3, b.convertIn(b.memberOf(3), 1000))
	if r := b.inLane(2, b.convertIn(b.memberOf(2), 1000)); r[0].Code != ledger.CodeExposureCap {
		t.Errorf("with nothing left a conversion ended with %s", r[0].Code)
	}
}

// TestLanesTouchNothingOfEachOther keeps batches of two lanes from getting into each
// other's way: neither reads what the other writes, once they have shared the room
// that there is.
func TestLanesTouchNothingOfEachOther(t *testing.T) {
	b := spread(t)
	for lane := range uint32(4) {
		a := b.memberOf(lane)
		b.okIn(lane, b.convertIn(a, 1000))
		b.okIn(lane, b.hold(a, 10))
	}
	touched := func(lane uint32) (reads []string, writes []ledgertest.Write) {
		a := b.memberOf(lane)
		state := &recorder{Transaction: b.store.Begin()}
		r, err := chaincode.Apply(chaincode.Tx{ID: "tx", At: epoch, Caller: utility, Lane: lane}, state,
			[]ledger.Command{b.convertIn(a, 1000), b.issue(a, 5), b.hold(a, 10)})
		if err != nil || r[0].Code != ledger.CodeOK || r[1].Code != ledger.CodeOK || r[2].Code != ledger.CodeOK {
			t.Fatal(r, err)
		}
		return state.reads, state.Writes
	}
	for lane := range uint32(4) {
		_, writes := touched(lane)
		for other := range uint32(4) {
			reads, _ := touched(other)
			for _, w := range writes {
				if other != lane && slices.Contains(reads, w.Key) {
					t.Errorf("lane %d writes %s, which lane %d reads", lane, w.Key, other)
				}
			}
		}
	}
}

// recorder notes which keys a transaction reads.
type recorder struct {
	*ledgertest.Transaction
	reads []string
}

func (r *recorder) Get(keys ...string) ([][]byte, error) {
	r.reads = append(r.reads, keys...)
	return r.Transaction.Get(keys...)
}

func (r *recorder) Range(string, string, func(string, []byte) bool) error {
	return errors.New("a batch reads by range")
}
