package fabric_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// BenchmarkLane gives conversions from many callers, one command per transaction
// and batched, on one network of two companies.
func BenchmarkLane(b *testing.B) {
	ctx, n := networktest.Up(b, network.Options{Companies: network.Companies()[:2]})
	first := open(ctx, b, n, nil)
	d := found(ctx, b, first, "sky", sky)
	if err := first.Close(); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name          string
		batch         int // BatchMax
		callers, each int // commands of one call
	}{
		{"single", 1, 64, 1},
		{"batched/64x1", 4096, 64, 1},
		{"batched/512x1", 4096, 512, 1},
		{"batched/64x100", 4096, 64, 100},
		{"batched/16x512", 4096, 16, 512},
		{"batched/16x512max500", 500, 16, 512},
		{"batched/16x512max1000", 1000, 16, 512},
		{"batched/16x512max2000", 2000, 16, 512},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := &measure{}
			l := open(ctx, b, n, func(o *fabric.Options) { o.BatchMax, o.Observe = c.batch, m.observe })
			before := cpu(ctx, b, n)
			d.drive(ctx, b, l, c.callers, c.each, m)
			for role, after := range cpu(ctx, b, n) {
				b.ReportMetric(float64((after-before[role]).Microseconds())/float64(max(m.transfers, 1)), role+"_us")
			}
		})
	}
}

// BenchmarkLanes gives conversions from many callers with one lane, and then with
// two, on one network of two companies.
func BenchmarkLanes(b *testing.B) {
	ctx, n := networktest.Up(b, network.Options{Companies: network.Companies()[:2]})
	l := open(ctx, b, n, nil)
	d := found(ctx, b, l, "sky", sky)
	for _, lanes := range []uint32{1, 2} {
		if lanes > 1 {
			must(ctx, b, l, utility, &ledger.SetLanes{Lanes: lanes})
		}
		for _, c := range []struct{ callers, each int }{{64, 1}, {512, 1}, {16, 512}} {
			b.Run(fmt.Sprintf("lanes_%d/%dx%d", lanes, c.callers, c.each), func(b *testing.B) {
				m := &measure{}
				l := open(ctx, b, n, func(o *fabric.Options) { o.Observe = m.observe })
				d.drive(ctx, b, l, c.callers, c.each, m)
			})
		}
	}
}

// BenchmarkLight gives conversions one after the other, as when there is little to
// do, with blocks that are cut at once and with blocks that wait for more.
func BenchmarkLight(b *testing.B) {
	for _, most := range []int{1, 100} {
		b.Run(fmt.Sprintf("blocks_of_%d", most), func(b *testing.B) {
			ctx, n := networktest.Up(b, network.Options{Companies: network.Companies()[:2], Blocks: network.Blocks{MaxMessages: most}})
			m := &measure{}
			l := open(ctx, b, n, func(o *fabric.Options) { o.Observe = m.observe })
			d := found(ctx, b, l, "sky", sky)
			m.samples = nil
			d.drive(ctx, b, l, 1, 1, m)
		})
	}
}

// measure sums up what batches took.
type measure struct {
	mu        sync.Mutex
	samples   []fabric.Sample
	waits     []time.Duration
	transfers int
}

func (m *measure) observe(s fabric.Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.CarriedOut > 0 {
		m.samples = append(m.samples, s)
	}
}

// drive gives b.N commands.
func (d *deal) drive(ctx context.Context, b *testing.B, l ledger.Ledger, callers, each int, m *measure) {
	var given atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for given.Add(int64(each)) <= int64(max(b.N, each)) {
				begun := time.Now()
				if err := d.convert(ctx, l, each); err != nil {
					b.Error(err)
					return
				}
				m.mu.Lock()
				m.waits = append(m.waits, time.Since(begun))
				m.mu.Unlock()
			}
		})
	}
	wg.Wait()
	if !b.Failed() {
		m.report(b)
	}
}

func (m *measure) report(b *testing.B) {
	b.StopTimer()
	var sum fabric.Sample
	for _, s := range m.samples {
		sum.CarriedOut += s.CarriedOut
		sum.Bytes += s.Bytes
		sum.Endorse += s.Endorse
		sum.Order += s.Order
		sum.Commit += s.Commit
	}
	n := max(len(m.samples), 1)
	m.transfers = sum.CarriedOut
	slices.Sort(m.waits)
	b.ReportMetric(float64(sum.CarriedOut)/b.Elapsed().Seconds(), "transfers/s")
	b.ReportMetric(float64(sum.CarriedOut)/float64(n), "per_batch")
	b.ReportMetric(float64(sum.Bytes)/float64(max(sum.CarriedOut, 1)), "B/transfer")
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(sum.Endorse)/float64(n), "endorse_ms")
	b.ReportMetric(ms(sum.Order)/float64(n), "order_ms")
	b.ReportMetric(ms(sum.Commit)/float64(n), "commit_ms")
	b.ReportMetric(ms(m.waits[len(m.waits)/2]), "p50_ms")
	b.ReportMetric(ms(m.waits[len(m.waits)*99/100]), "p99_ms")
	b.ReportMetric(0, "ns/op")
}

// deal is an agreement with a partner, in force.
type deal struct {
	code    string
	id      ledger.ID
	hash    ledger.Hash
	company ledger.Identity
}

func newID() ledger.ID {
	var random [10]byte
	rand.Read(random[:])
	return ledger.NewID(time.Now(), random)
}

// found initialises the ledger if nobody has, registers a partner and makes an
// agreement for conversions in with it.
func found(ctx context.Context, t testing.TB, l ledger.Ledger, code string, company ledger.Identity) *deal {
	t.Helper()
	if _, err := l.Alliance(ctx); err != nil {
		must(ctx, t, l, utility, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now())})
	}
	must(ctx, t, l, utility, &ledger.RegisterPartner{Partner: code, Programme: "P" + fmt.Sprintf("%X", code)[:4], MSP: company.MSP})
	terms := ledger.Terms{
		Partner: code, Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 1_000_000, ToUnits: 1_000_000},
		Step: 1, Min: 1, Max: ledger.AmountMax, Price: 10_000, FeePayer: ledger.FeeMember,
		ExposureCap: ledger.ValueMax, LockSeconds: 3600, LotMonths: 24,
	}
	id := must(ctx, t, l, utility, &ledger.ProposeAgreement{Terms: terms}).ID
	must(ctx, t, l, company, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
	return &deal{code: code, id: id, hash: terms.Hash(), company: company}
}

// must gives a command that has to succeed.
func must(ctx context.Context, t testing.TB, l ledger.Ledger, by ledger.Identity, body ledger.Body) ledger.Transfer {
	t.Helper()
	r, err := l.Submit(ctx, by, ledger.Command{ID: newID(), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	if r[0].Code != ledger.CodeOK {
		t.Fatalf("a %s ended with %s: %s", body.Kind(), r[0].Code, r[0].Message)
	}
	return r[0].Entry.Transfer
}

// in is a conversion of a member picked at random out of 65,536.
func (d *deal) in(amount int64) *ledger.ConvertIn {
	a := ledger.Account{0: 0xAC}
	rand.Read(a[14:])
	return &ledger.ConvertIn{Account: a, Reference: "debit-123456", Leg: ledger.LegTerms{
		Partner: d.code, Agreement: d.id, Hash: d.hash, LockedAt: time.Now().UnixMilli(), From: amount, To: amount,
	}}
}

// convert gives n conversions in one call.
func (d *deal) convert(ctx context.Context, l ledger.Ledger, n int) error {
	commands := make([]ledger.Command, n)
	for i := range commands {
		commands[i] = ledger.Command{ID: newID(), Body: d.in(10)}
	}
	results, err := l.Submit(ctx, utility, commands...)
	for i := 0; i < len(results) && err == nil; i++ {
		if results[i].Code != ledger.CodeOK {
			err = fmt.Errorf("a conversion ended with %s: %s", results[i].Code, results[i].Message)
		}
	}
	return err
}

// tick is the unit in which Linux counts a process's time.
const tick = 10 * time.Millisecond

// cpu returns the time that the network's processes have used, by what they are,
// and this process's own.
func cpu(ctx context.Context, t testing.TB, n *network.Network) map[string]time.Duration {
	t.Helper()
	states, err := n.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]time.Duration{"client": spent(t, os.Getpid())}
	for _, s := range states {
		role, _, _ := strings.Cut(strings.TrimRight(s.Name, "0123456789"), ".")
		used[role] += spent(t, s.PID)
	}
	return used
}

// spent reads user and system time out of /proc.
func spent(t testing.TB, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skipf("times of processes are read from /proc, which only Linux has: %v", err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * tick
}
