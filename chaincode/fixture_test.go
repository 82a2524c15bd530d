package chaincode_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	airline = ledger.Identity{MSP: "AirlineMSP", Subject: "loyalty"}
)

const (
	epoch  = 1768003200000      // the time of every transaction, 2026-01-10
	today  = ledger.Date(20463) // its date, the first window
	expiry = ledger.Month(700)  // May 2028
)

// bed is a store with one partner and its two agreements, for tests of what
// cannot be seen through the port.
type bed struct {
	testing.TB
	store   *ledgertest.Store
	lane    uint32
	count   int
	in, out ledger.ID
	terms   map[ledger.ID]ledger.Terms
	annals  *annalist // nil when nothing is written down
}

func newBed(tb testing.TB) *bed {
	tb.Helper()
	return newBedOf(tb, nil)
}

// newBedOf is newBed with all that happens written down.
func newBedOf(tb testing.TB, annals *annalist) *bed {
	tb.Helper()
	b := &bed{TB: tb, store: ledgertest.NewStore(), terms: map[ledger.ID]ledger.Terms{}, annals: annals}
	b.ok(b.command(&ledger.Initialise{Hub: "EPT", Window: today}),
		b.command(&ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: airline.MSP}))
	b.in, b.out = b.agree(ledger.In), b.agree(ledger.Out)
	return b
}

func (b *bed) agree(dir ledger.Direction) ledger.ID {
	b.Helper()
	terms := ledger.Terms{
		Partner: "sky", Direction: dir, Version: 1, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 2_000_000},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeeBPS: 50, FeePayer: ledger.FeeMember,
		ExposureCap: ledger.ValueMax, LockSeconds: 3600, DayCap: 500_000_000_000,
	}
	if dir == ledger.In {
		terms.LotMonths = 24
	}
	offer := b.command(&ledger.ProposeAgreement{Terms: terms})
	b.ok(offer)
	b.apply(airline, b.command(&ledger.AcceptAgreement{Agreement: offer.ID, Hash: terms.Hash()}))
	b.terms[offer.ID] = terms
	return offer.ID
}

// command makes a command; IDs are made 50 to the millisecond.
func (b *bed) command(body ledger.Body) ledger.Command {
	var random [10]byte
	binary.BigEndian.PutUint64(random[2:], uint64(b.count)*0x9e3779b97f4a7c15)
	at := time.UnixMilli(epoch + int64(b.count/50))
	b.count++
	return ledger.Command{ID: ledger.NewID(at, random), Body: body}
}

func (b *bed) leg(agreement ledger.ID, from int64) ledger.LegTerms {
	t := b.terms[agreement]
	a, _ := t.Convert(from, 0)
	return ledger.LegTerms{Partner: "sky", Agreement: agreement, Hash: t.Hash(), LockedAt: epoch, From: from, To: a.To}
}

func (b *bed) convertIn(account ledger.Account, from int64) ledger.Command {
	return b.command(&ledger.ConvertIn{Account: account, Leg: b.leg(b.in, from), Reference: "4711-0815-2026"})
}

func (b *bed) issue(account ledger.Account, amount int64) ledger.Command {
	return b.command(&ledger.Issue{Account: account, Amount: amount, Expiry: expiry})
}

func (b *bed) hold(account ledger.Account, amount int64) ledger.Command {
	l := b.leg(b.out, amount)
	return b.command(&ledger.Hold{Account: account, Amount: amount, Leg: &l})
}

func member(n int) (a ledger.Account) {
	binary.BigEndian.PutUint64(a[:], uint64(n+1)*0x9e3779b97f4a7c15)
	return a
}

// apply executes a batch and commits it.
func (b *bed) apply(caller ledger.Identity, batch ...ledger.Command) (*ledgertest.Transaction, []ledger.Result) {
	b.Helper()
	t := b.store.Begin()
	tx := chaincode.Tx{ID: "tx", At: epoch, Caller: caller, Lane: b.lane}
	if b.annals != nil {
		tx.ID = b.annals.tx()
	}
	results, err := chaincode.Apply(tx, t, batch)
	if err != nil {
		b.Fatal(err)
	}
	if b.annals != nil {
		b.annals.write(tx, t, batch, results)
	}
	t.Commit()
	return t, results
}

// ok executes a batch of the utility of which nothing may be refused.
func (b *bed) ok(batch ...ledger.Command) *ledgertest.Transaction {
	b.Helper()
	t, results := b.apply(utility, batch...)
	for i, r := range results {
		if r.Code != ledger.CodeOK {
			b.Fatalf("command %d, a %s: %s: %s", i, batch[i].Body.Kind(), r.Code, r.Message)
		}
	}
	return t
}

// codes executes a batch of the utility and compares how its commands end.
func (b *bed) codes(batch []ledger.Command, want ...ledger.Code) *ledgertest.Transaction {
	b.Helper()
	t, results := b.apply(utility, batch...)
	for i, r := range results {
		if r.Code != want[i] {
			b.Errorf("command %d, a %s, ended with %s %s, want %s", i, batch[i].Body.Kind(), r.Code, r.Message, want[i])
		}
	}
	return t
}
