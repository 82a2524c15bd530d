package bulkfile_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/exchange/bulkfile/bulkfiletest"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

var (
	gateway    = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	accountKey = []byte("an account key for tests, 32 bytes")
	companies  = []partners.Partner{
		{Code: "tele", Name: "Tele", Programme: "TELE", MSP: "TeleMSP", In: partners.Push, Out: partners.Push},
		{Code: "cafe", Name: "Cafe", Programme: "BEANS", MSP: "CafeMSP", In: partners.Push, Out: partners.Push},
		{Code: "sky", Name: "Sky", Programme: "MILES", MSP: "SkyMSP", In: partners.Callback, Out: partners.Callback, Connector: partners.Connector{URL: "http://sky.test"}},
	}
	tele  = exchange.Party{Client: "tele-1", Partner: "tele"}
	cafe  = exchange.Party{Client: "cafe-1", Partner: "cafe"}
	sky   = exchange.Party{Client: "sky-1", Partner: "sky"}
	staff = exchange.Party{Client: "utility-1"}
)

// world is an alliance with an exchange in memory, and a service of files over a
// folder of the test.
type world struct {
	t        testing.TB
	exchange *exchange.Service
	ledger   ledger.Ledger
	rows     *exchangetest.Memory
	store    bulkfile.Store
	now      func() time.Time
	ahead    atomic.Int64 // milliseconds
	dir      string
	link     ledger.ID // of the member with tele
	options  bulkfile.Options
	*bulkfile.Service
}

// watchful holds conversions that are large.
type watchful struct{}

const large = 150_000

func (watchful) Screen(_ context.Context, c *exchange.Conversion) (string, error) {
	if c.From >= large {
		return "review_large", nil
	}
	return "", nil
}

func (watchful) Drop(*exchange.Conversion) {}

// newWorld starts a service that takes turns of four lines.
func newWorld(t testing.TB, change ...func(*bulkfile.Options)) *world {
	t.Helper()
	w := &world{t: t, rows: exchangetest.NewMemory(), store: bulkfiletest.NewMemory(), dir: t.TempDir()}
	// No two moments are of the same millisecond: what a dead process had converted is
	// told from what came before it by when that was.
	w.now = func() time.Time {
		return time.Now().Add(time.Duration(w.ahead.Add(1)) * time.Millisecond)
	}
	w.ledger = ledgertest.NewMemory(w.now)
	w.found()
	registry, err := partners.NewRegistry(companies, nil)
	must(t, err)
	quiet := slog.New(slog.DiscardHandler)
	w.exchange, err = exchange.New(exchange.Options{Ledger: w.ledger, Identity: gateway, Store: w.rows, Registry: registry,
		Hosts: func(string) connector.Host { return nil }, Members: memberstest.NewKnown(accountKey), Screening: watchful{}, Now: w.now, Random: rand.Reader, Logger: quiet})
	must(t, err)
	must(t, w.exchange.Start(context.Background()))
	t.Cleanup(func() { _ = w.exchange.Close(context.Background()) })
	root, err := os.OpenRoot(w.dir)
	must(t, err)
	t.Cleanup(func() { _ = root.Close() })
	w.options = bulkfile.Options{Store: w.store, Exchange: w.exchange, Registry: registry, Dir: root, BatchMax: 4,
		RetryFirst: time.Millisecond, RetryMax: 2 * time.Millisecond, SweepEvery: time.Hour, Now: w.now, Random: rand.Reader, Logger: quiet}
	for _, c := range change {
		c(&w.options)
	}
	w.open()
	return w
}

// open begins a service on what an earlier one left.
func (w *world) open() {
	w.t.Helper()
	if w.Service != nil {
		w.Service.Close()
	}
	var err error
	w.Service, err = bulkfile.New(w.options)
	must(w.t, err)
	must(w.t, w.Start(context.Background()))
	w.t.Cleanup(w.Service.Close)
}

func (w *world) found() {
	w.give(gateway, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(w.now())})
	for _, p := range companies {
		w.give(gateway, &ledger.RegisterPartner{Partner: p.Code, Programme: p.Programme, MSP: p.MSP})
		terms := ledger.Terms{Partner: p.Code, Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 1_000_000}, Step: 30, Min: 30,
			Max: 300_000, Price: 50_000, FeeBPS: 100, FeePayer: ledger.FeeMember, ExposureCap: 1_000_000_000_000, LockSeconds: 3600, LotMonths: 24}
		id := w.give(gateway, &ledger.ProposeAgreement{Terms: terms})
		w.give(ledger.Identity{MSP: p.MSP, Subject: "finance"}, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
	}
	w.link = w.newID()
	must(w.t, w.rows.CreateLink(context.Background(), &exchange.Link{ID: w.link, Partner: "tele", Member: "M-1", Membership: "T-1",
		Consent: exchange.Consent{TextVersion: "1", GivenAt: 1, Channel: "app"}, CreatedAt: 1}))
}

func (w *world) give(who ledger.Identity, body ledger.Body) ledger.ID {
	w.t.Helper()
	id := w.newID()
	results, err := w.ledger.Submit(context.Background(), who, ledger.Command{ID: id, Body: body})
	must(w.t, err)
	if results[0].Code != ledger.CodeOK {
		w.t.Fatalf("%s: %s: %s", body.Kind(), results[0].Code, results[0].Message)
	}
	return id
}

func (w *world) newID() ledger.ID {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return ledger.NewID(w.now(), random).Root()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// csv is a file of lines with an amount each and references in order.
func (w *world) csv(amounts ...string) string {
	var b strings.Builder
	b.WriteString("link_id,amount,reference\n")
	for i, amount := range amounts {
		fmt.Fprintf(&b, "%s,%s,R-%d\n", w.link, amount, i+1)
	}
	return b.String()
}

// lines is as csv, of so many lines that convert.
func (w *world) lines(n int) string { return w.csv(strings.Fields(strings.Repeat("3000 ", n))...) }

func (w *world) create(format bulkfile.Format) ledger.ID {
	w.t.Helper()
	f, err := w.Create(context.Background(), tele, format, "")
	must(w.t, err)
	return f.ID
}

func (w *world) append(id ledger.ID, offset int64, text string) *bulkfile.File {
	w.t.Helper()
	f, err := w.Append(context.Background(), tele, id, offset, strings.NewReader(text))
	must(w.t, err)
	return f
}

func (w *world) complete(id ledger.ID, text string) (*bulkfile.File, error) {
	return w.Complete(context.Background(), tele, id, int64(len(text)), sha256.Sum256([]byte(text)))
}

// send uploads a whole file and has it converted.
func (w *world) send(format bulkfile.Format, text string) ledger.ID {
	w.t.Helper()
	id := w.create(format)
	w.append(id, 0, text)
	_, err := w.complete(id, text)
	must(w.t, err)
	return id
}

// finished waits for the end of a file and returns its results.
func (w *world) finished(id ledger.ID) (*bulkfile.File, string) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		f, r, err := w.Results(context.Background(), tele, id)
		if err == nil {
			text, err := io.ReadAll(r)
			must(w.t, err)
			must(w.t, r.Close())
			return f, string(text)
		}
		if time.Now().After(end) {
			w.t.Fatalf("file %+v: %v", f, err)
		}
	}
}

// conversions counts those there are, and what they converted.
func (w *world) conversions() (n int, points int64) {
	w.t.Helper()
	position, err := w.ledger.Position(context.Background(), "tele", ledger.DateOf(w.now()))
	if err == nil {
		points = position.In.From
		n = int(position.In.Count)
	}
	return n, points
}

// outcomes returns the column of a CSV of results by which a line went.
func outcomes(t testing.TB, text string) (all []string) {
	t.Helper()
	head, rest, _ := strings.Cut(text, "\r\n")
	if head != "line,reference,outcome,conversion_id,destination_amount,code,detail" {
		t.Fatalf("results begin with %q", head)
	}
	for line := range strings.Lines(rest) {
		fields := strings.Split(line, ",")
		what := fields[2]
		if fields[5] != "" {
			what += " " + fields[5]
		}
		all = append(all, fields[0]+" "+what)
	}
	return all
}

// cut is content that ends too soon.
type cut struct{ from io.Reader }

func (c cut) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
