package carry_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/carry"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

var utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}

// bench is an embedded ledger with one partner.
type bench struct {
	testing.TB
	*embedded.Ledger
	agreement ledger.ID
	hash      ledger.Hash
	count     uint64
}

// newBench makes a ledger in which conversions of some members came in batches.
func newBench(t testing.TB, batches, size, members int) *bench {
	t.Helper()
	l, err := embedded.Open(embedded.Options{Dir: t.TempDir(), Clock: time.Now, Checkpointer: utility,
		Signer: embedded.Signer{KeyID: "old", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // all that matters is on the network
	b := &bench{TB: t, Ledger: l}
	b.give(utility, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now())})
	b.give(utility, &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: "SkyMSP"})
	terms := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 1_000_000},
		Step: 1, Min: 1, Max: ledger.AmountMax, Price: 10_000, FeePayer: ledger.FeeMember, ExposureCap: ledger.ValueMax, LockSeconds: 3600, LotMonths: 24}
	b.agreement, b.hash = b.give(utility, &ledger.ProposeAgreement{Terms: terms}), terms.Hash()
	b.give(ledger.Identity{MSP: "SkyMSP"}, &ledger.AcceptAgreement{Agreement: b.agreement, Hash: b.hash})
	for i := range batches {
		bodies := make([]ledger.Body, size)
		for j := range bodies {
			bodies[j] = b.in((i*size + j) % members)
		}
		b.give(utility, bodies...)
		if i%20 == 19 {
			b.checkpoint()
		}
	}
	b.checkpoint()
	return b
}

func (b *bench) in(member int) ledger.Body {
	account := ledger.Account{0: 0xAC}
	binary.BigEndian.PutUint32(account[12:], uint32(member))
	return &ledger.ConvertIn{Account: account, Reference: "debit-123456", Leg: ledger.LegTerms{
		Partner: "sky", Agreement: b.agreement, Hash: b.hash, LockedAt: time.Now().UnixMilli(), From: 300, To: 100}}
}

func (b *bench) checkpoint() {
	b.Helper()
	if err := b.Checkpoint(); err != nil {
		b.Fatal(err)
	}
}

// give gives commands as one batch and returns the ID of the first.
func (b *bench) give(by ledger.Identity, bodies ...ledger.Body) ledger.ID {
	b.Helper()
	commands := make([]ledger.Command, len(bodies))
	for i, body := range bodies {
		b.count++
		var random [10]byte
		binary.BigEndian.PutUint64(random[2:], b.count*0x9e3779b97f4a7c15)
		commands[i] = ledger.Command{ID: ledger.NewID(time.Now(), random), Body: body}
	}
	results, err := b.Submit(b.Context(), by, commands...)
	for i := 0; i < len(results) && err == nil; i++ {
		if results[i].Code != ledger.CodeOK {
			err = errors.New(results[i].Message)
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	return commands[0].ID
}

// move opens the network for a move.
func (b *bench) move(ctx context.Context, n *network.Network) *carry.Move {
	b.Helper()
	p, err := n.Profile()
	if err != nil {
		b.Fatal(err)
	}
	l, err := fabric.Open(ctx, fabric.Options{Profile: p, Identities: []string{"UtilityMSP", "SkyMSP"}, Clock: time.Now, Timer: time.Now,
		Patience: fabric.Patience{Endorse: time.Minute, Lag: time.Minute, Commit: time.Minute}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	})
	return &carry.Move{From: b.Ledger, To: l, Profile: p, Utility: utility}
}

// BenchmarkCarry carries a ledger over to a network of four companies.
func BenchmarkCarry(b *testing.B) {
	for _, c := range []struct{ batches, size, atOnce int }{
		{10_000, 1, 0}, {2_000, 50, 1_000}, {2_000, 50, 4_000}, {2_000, 50, 16_000}, {2_000, 50, 32_000},
	} {
		b.Run(fmt.Sprintf("%dx%d/%d", c.batches, c.size, c.atOnce), func(b *testing.B) {
			old := newBench(b, c.batches, c.size, 10_000)
			ctx, n := networktest.Up(b, network.Options{})
			m := old.move(ctx, n)
			m.CommandsMax = c.atOnce
			b.ResetTimer()
			begun := time.Now()
			h, err := m.Blocks(ctx)
			if err != nil {
				b.Fatal(err)
			}
			took := time.Since(begun).Seconds()
			b.ReportMetric(float64(h.Blocks)/took, "blocks/s")
			b.ReportMetric(float64(c.batches*c.size)/took, "transfers/s")
			begun = time.Now()
			if got, err := carry.Compare(ctx, m.From, m.To); err != nil || !got.Equal() {
				b.Fatalf("%+v, %v", got, err)
			}
			b.ReportMetric(time.Since(begun).Seconds(), "compare_s")
		})
	}
}

func TestAMoveGoesOnWhereItStopped(t *testing.T) {
	old := newBench(t, 30, 3, 10)
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	m := old.move(ctx, n)
	m.CommandsMax = 9
	stopped, stop := context.WithCancel(ctx)
	var reached carry.Progress
	m.Progress = func(p carry.Progress) {
		if reached = p; p.Blocks > 10 {
			stop()
		}
	}
	if _, err := m.Blocks(stopped); !errors.Is(err, context.Canceled) || reached.Blocks >= reached.Of {
		t.Fatalf("stopped at %+v, it ended with %v", reached, err)
	}
	first := reached.Blocks
	m.Progress = func(p carry.Progress) { first = min(first, p.Blocks); reached = p }
	h, err := m.Blocks(ctx)
	if err != nil || h.Blocks != reached.Of || first <= 10 {
		t.Fatalf("begun again, it came from %d to %+v: %v", first, h, err)
	}
	c, err := carry.Compare(ctx, m.From, m.To)
	if err != nil || !c.Equal() || c.From.Transfers != 94 {
		t.Errorf("compared: %+v, %v", c, err)
	}
	// What the embedded ledger did since is carried over, too.
	old.give(utility, old.in(3))
	old.checkpoint()
	if more, err := m.Blocks(ctx); err != nil || more.Blocks != h.Blocks+2 {
		t.Errorf("two blocks more came to %+v, %v", more, err)
	}
	// Another ledger is none that the network knows.
	other := newBench(t, 40, 3, 10)
	m.From = other.Ledger
	if _, err := m.Blocks(ctx); !errors.Is(err, carry.ErrForeign) {
		t.Errorf("another ledger is carried over with %v", err)
	}
}

func TestALedgerWhoseCompanyIsNotThereStaysWhereItIs(t *testing.T) {
	old := newBench(t, 1, 1, 1)
	old.give(utility, &ledger.RegisterPartner{Partner: "mart", Programme: "MART", MSP: "MartMSP"})
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	if _, err := old.move(ctx, n).Blocks(ctx); !errors.Is(err, carry.ErrCompany) {
		t.Errorf("it ended with %v", err)
	}
}

// state is one in memory.
type state map[string][]byte

func (s state) State(_ context.Context, visit func(string, []byte) error) error {
	for _, k := range slices.Sorted(maps.Keys(s)) {
		if err := visit(k, s[k]); err != nil {
			return err
		}
	}
	return nil
}

// copied returns the state of a ledger.
func copied(t *testing.T, from carry.State) state {
	s := state{}
	if err := from.State(t.Context(), func(key string, value []byte) error {
		s[key] = bytes.Clone(value)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryDifferenceIsFound(t *testing.T) {
	old := newBench(t, 3, 3, 5)
	whole := copied(t, old.Ledger)
	compare := func(to state) carry.Comparison {
		t.Helper()
		c, err := carry.Compare(t.Context(), old.Ledger, to)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := compare(whole); !c.Equal() {
		t.Fatalf("a copy differs: %+v", c)
	}
	keys := slices.Sorted(maps.Keys(whole))
	for _, key := range keys {
		missing := maps.Clone(whole)
		delete(missing, key)
		if c := compare(missing); c.Equal() || len(c.Differences) != 1 || !strings.Contains(c.Differences[0], key) {
			t.Errorf("without %s: %+v", key, c.Differences)
		}
	}
	more := maps.Clone(whole)
	more["a/ffffffffffffffffffffffffffffffff"] = whole["a/ac000000000000000000000000000001"]
	if c := compare(more); c.Equal() || len(c.Differences) != 1 {
		t.Errorf("with one key more: %+v", c.Differences)
	}
	other := maps.Clone(whole)
	other["a/ac000000000000000000000000000001"] = whole["a/ac000000000000000000000000000004"]
	var shown bytes.Buffer
	c := compare(other)
	if err := c.Write(&shown); err != nil || c.Equal() || !strings.Contains(shown.String(), "has another value") || !strings.Contains(shown.String(), "DIFFERENT") {
		t.Errorf("with another value: %v\n%s", err, &shown)
	}
	for range 30 {
		delete(other, keys[0])
		keys = keys[1:]
		if len(keys) == 0 {
			break
		}
	}
	if c := compare(other); len(c.Differences)+c.More < 20 {
		t.Errorf("of many differences %d are named and %d counted", len(c.Differences), c.More)
	}
}
