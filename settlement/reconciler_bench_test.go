package settlement_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// BenchmarkReconcile compares a night of many transfers: blocks of the embedded
// ledger, rows of SQLite and a CSV file, with an unmatched line in every thousand.
func BenchmarkReconcile(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkReconcile(b, n) })
	}
}

func benchmarkReconcile(b *testing.B, transfers int) {
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	zone, err := calendar.Parse("Asia/Shanghai", "00:00")
	must(b, err)
	clock := time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
	now := func() time.Time { return clock }
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(b, err)
	l, err := embedded.Open(embedded.Options{Dir: b.TempDir(), Clock: now, Timer: time.Now, Logger: logger, Signer: embedded.Signer{KeyID: "k", Key: key},
		CheckpointEvery: time.Minute, Checkpointer: settlementtest.Utility})
	must(b, err)
	defer l.Close()
	store, err := sqlstore.Open(ctx, sqlstore.Options{Path: filepath.Join(b.TempDir(), "store.db"), Logger: logger})
	must(b, err)
	defer store.Close()
	file := fillNight(b, l, store, clock, transfers)
	clock = clock.Add(24 * time.Hour)
	night := settlement.New(settlement.Options{Ledger: l, Identity: settlementtest.Utility, Store: store, Dir: b.TempDir(), Calendar: zone, Now: now, Logger: logger})
	_, err = night.RunDue(ctx)
	must(b, err)
	root := func() *os.Root {
		r, err := os.OpenRoot(b.TempDir())
		must(b, err)
		b.Cleanup(func() { _ = r.Close() })
		return r
	}
	received, err := statements.New(statements.Options{Store: store, Ledger: l, Calendar: zone, Dir: root(), Now: now, Random: rand.Reader, Logger: logger,
		Layout: func(string) (statementfile.Layout, bool) {
			return statementfile.Layout{Zone: zone.Location, NoTotals: true}, true
		}})
	must(b, err)
	began := time.Now()
	r, err := received.Receive(ctx, statements.Delivery{Partner: "sky", Day: zone.Date(clock) - 1, Source: statements.API, By: "bench"}, bytes.NewReader(file))
	must(b, err)
	if r.Statement.Refused {
		b.Fatalf("%+v", r.Statement.Problems)
	}
	b.Logf("%d lines, %d bytes received and checked in %v", r.Statement.Totals.Lines, len(file), time.Since(began))
	reconciler := settlement.NewReconciler(settlement.ReconcilerOptions{Ledger: l, Identity: settlementtest.Utility, Store: store, Runs: store, Records: store, Links: store,
		Statements: received, Desk: desk.New(desk.Options{Store: store, Ledger: l, MSP: settlementtest.Utility.MSP, DueDays: 3, Now: now, Random: rand.Reader}),
		Calendar: zone, Dir: root(), SpillDir: b.TempDir(), Due: func(string) time.Duration { return 0 }, Now: now, Random: rand.Reader, Logger: logger,
		Tolerance: func(string) reconcile.Tolerance { return reconcile.Tolerance{} }})
	b.ResetTimer()
	for range b.N {
		o, err := reconciler.Reconcile(ctx, settlement.ID(zone.Date(clock)-1, "sky"))
		must(b, err)
		if want := int64(transfers / 1000); o.Breaks.Found != want || o.Report.Matched != int64(transfers)-want {
			b.Fatalf("%+v, want %d breaks", o, want)
		}
	}
	b.ReportMetric(float64(3*transfers*b.N)/b.Elapsed().Seconds(), "rows/s")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys>>20), "MiB")
}

// fillNight puts conversions on the ledger and into the store, and returns the
// partner's statement of them.
func fillNight(b *testing.B, l ledger.Ledger, store *sqlstore.Store, at time.Time, transfers int) []byte {
	ctx := context.Background()
	serial := 0
	id := func() ledger.ID {
		serial++
		var random [10]byte
		binary.BigEndian.PutUint32(random[4:], uint32(serial))
		// Spread over the morning, as a contract's page of IDs holds so many only.
		return ledger.NewID(at.Add(time.Duration(serial)*100*time.Millisecond), random).Root()
	}
	give := func(who ledger.Identity, all ...ledger.Command) {
		results, err := l.Submit(ctx, who, all...)
		must(b, err)
		for _, r := range results {
			if r.Code != ledger.CodeOK {
				b.Fatalf("%s: %s", r.Code, r.Message)
			}
		}
	}
	terms := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 1e6, ToUnits: 1e6}, Step: 1, Min: 1, Max: 1e9,
		Price: 10_000, FeePayer: ledger.FeePartner, ExposureCap: 1e17, LockSeconds: 86_400, LotMonths: 12}
	give(settlementtest.Utility, ledger.Command{ID: id(), Body: &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(at)}})
	give(settlementtest.Utility, ledger.Command{ID: id(), Body: &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: settlementtest.Airline.MSP}})
	agreement := id()
	give(settlementtest.Utility, ledger.Command{ID: agreement, Body: &ledger.ProposeAgreement{Terms: terms}})
	give(settlementtest.Airline, ledger.Command{ID: id(), Body: &ledger.AcceptAgreement{Agreement: agreement, Hash: terms.Hash()}})
	must(b, store.CreateLink(ctx, &exchange.Link{ID: id(), Partner: "sky", Member: "M", Membership: "SKY-1", CreatedAt: 1}))
	var file bytes.Buffer
	file.WriteString("transfer_id,membership,kind,amount,date\n")
	const batch = 500
	for first := 0; first < transfers; first += batch {
		commands, rows := make([]ledger.Command, batch), make([]*exchange.Conversion, batch)
		for i := range batch {
			leg := ledger.LegTerms{Partner: "sky", Agreement: agreement, Hash: terms.Hash(), LockedAt: at.UnixMilli(), From: 300, To: 300}
			one := id()
			account := ledger.Account{1, byte((first + i) >> 8), byte(first + i)}
			commands[i] = ledger.Command{ID: one, Body: &ledger.ConvertIn{Account: account, Leg: leg, Reference: "R"}}
			rows[i] = &exchange.Conversion{ID: one, Party: exchange.Party{Client: "c"}, Request: exchange.Idempotency{Key: one.String()}, Member: "M", Account: account,
				Source: "SKY", Destination: "EPT", SourceMembership: "SKY-1", SourceMode: partners.Callback, From: 300, To: 300, In: &leg,
				CreatedAt: one.Milli(), Status: exchange.Processing, Step: exchange.StepDebit}
			if (first+i)%1000 != 0 {
				fmt.Fprintf(&file, "%s,SKY-1,debit,300,2026-11-21 12:00:00\n", one)
			}
		}
		give(settlementtest.Utility, commands...)
		_, err := store.CreateConversions(ctx, rows)
		must(b, err)
		for _, c := range rows {
			c.Status, c.Step, c.Outcome, c.FinishedAt, c.Window = exchange.Completed, exchange.StepDone, exchange.Completed, at.UnixMilli(), ledger.DateOf(at)
		}
		must(b, store.UpdateConversions(ctx, rows))
	}
	return file.Bytes()
}
