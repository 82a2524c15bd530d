package chaincode_test

import (
	"encoding/binary"
	"fmt"
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

// epoch is the time of every transaction here, 2026-01-10.
const epoch = 1768003200000

// identifier returns the n-th of a series of IDs, 50 to the millisecond.
func identifier(series byte, n int) ledger.ID {
	var random [10]byte
	random[2] = series
	binary.BigEndian.PutUint64(random[2:], uint64(series)<<56|uint64(n)*0x9e3779b97f4a7c15>>8)
	return ledger.NewID(time.UnixMilli(epoch+int64(n/50)), random)
}

func member(n int) (a ledger.Account) {
	binary.BigEndian.PutUint64(a[:], uint64(n+1)*0x9e3779b97f4a7c15)
	return a
}

// alliance returns a store with one partner and its agreement, and the terms.
func alliance(tb testing.TB) (*ledgertest.Store, ledger.ID, ledger.Terms) {
	tb.Helper()
	store := ledgertest.NewStore()
	terms := ledger.Terms{
		Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 2_000_000},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeeBPS: 50, FeePayer: ledger.FeeMember,
		ExposureCap: 1_000_000_000_000_000_000, LockSeconds: 3600, LotMonths: 24,
	}
	agreement := identifier(1, 2)
	apply(tb, store, utility,
		ledger.Command{ID: identifier(1, 0), Body: &ledger.Initialise{Hub: "EPT", Window: 20463}},
		ledger.Command{ID: identifier(1, 1), Body: &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: airline.MSP}},
		ledger.Command{ID: agreement, Body: &ledger.ProposeAgreement{Terms: terms}})
	apply(tb, store, airline,
		ledger.Command{ID: identifier(1, 3), Body: &ledger.AcceptAgreement{Agreement: agreement, Hash: terms.Hash()}})
	return store, agreement, terms
}

func apply(tb testing.TB, store *ledgertest.Store, caller ledger.Identity, batch ...ledger.Command) *ledgertest.Transaction {
	tb.Helper()
	t := store.Begin()
	results, err := chaincode.Apply(chaincode.Tx{ID: "tx", At: epoch, Caller: caller}, t, batch)
	if err != nil {
		tb.Fatal(err)
	}
	for i, r := range results {
		if r.Code != ledger.CodeOK {
			tb.Fatalf("command %d, a %s: %s: %s", i, batch[i].Body.Kind(), r.Code, r.Message)
		}
	}
	t.Commit()
	return t
}

// BenchmarkApplyConvertIn measures the contract alone: no disk, no consensus.
func BenchmarkApplyConvertIn(b *testing.B) {
	for _, accounts := range []struct {
		name string
		n    int
	}{{"uniform", 10_000}, {"hot", 1}} {
		for _, size := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("%s/batch=%d", accounts.name, size), func(b *testing.B) {
				benchmark(b, size, accounts.n)
			})
		}
	}
}

func benchmark(b *testing.B, size, accounts int) {
	store, agreement, terms := alliance(b)
	amounts, _ := terms.Convert(1000, 0)
	hash := terms.Hash()
	batch := make([]ledger.Command, size)
	keys, bytes, n := 0, 0, 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range batch {
			batch[i] = ledger.Command{ID: identifier(2, n), Body: &ledger.ConvertIn{
				Account: member(n % accounts), Reference: "4711-0815-2026",
				Leg: ledger.LegTerms{Partner: "sky", Agreement: agreement, Hash: hash, LockedAt: epoch, From: 1000, To: amounts.To},
			}}
			n++
		}
		t := apply(b, store, utility, batch...)
		for _, w := range t.Writes {
			keys, bytes = keys+1, bytes+len(w.Key)+len(w.Value)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/transfer")
	b.ReportMetric(float64(keys)/float64(n), "keys/transfer")
	b.ReportMetric(float64(bytes)/float64(n), "bytes/transfer")
}
