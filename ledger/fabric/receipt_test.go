package fabric_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
)

// awaitProof returns a receipt that is no longer provisional.
func awaitProof(ctx context.Context, t testing.TB, l ledger.Ledger, id ledger.ID) ledger.Receipt {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(20 * time.Millisecond) {
		r, err := l.Receipt(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Provisional {
			return r
		}
	}
	t.Fatal("the receipt stays provisional")
	return ledger.Receipt{}
}

// outward agrees on conversions out with a partner.
func outward(ctx context.Context, t testing.TB, l ledger.Ledger, d *deal) *deal {
	t.Helper()
	terms := ledger.Terms{
		Partner: d.code, Direction: ledger.Out, Version: 1, Rate: ledger.Rate{FromUnits: 1_000_000, ToUnits: 1_000_000},
		Step: 1, Min: 1, Max: ledger.AmountMax, Price: 10_000, FeePayer: ledger.FeeMember,
		ExposureCap: ledger.ValueMax, LockSeconds: 3600,
	}
	id := must(ctx, t, l, utility, &ledger.ProposeAgreement{Terms: terms}).ID
	must(ctx, t, l, d.company, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
	return &deal{code: d.code, id: id, hash: terms.Hash(), company: d.company}
}

func TestReceipts(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	l := open(ctx, t, n, nil)
	s, m := found(ctx, t, l, "sky", sky), found(ctx, t, l, "mart", mart)
	out := outward(ctx, t, l, m)
	a := alliance(ctx, t, profileOf(t, n), l)
	in := s.in(1000)
	destination := out.in(1000).Leg
	// A full batch, whose paths are as long as they get, of the largest kind of
	// command: two partners, and as much text as fits.
	long := strings.Repeat("米", ledger.ReferenceMax/3)
	var commands []ledger.Command
	for range ledger.BatchMax {
		leg := in.Leg
		commands = append(commands, ledger.Command{ID: newID(), Body: &ledger.CrossConvert{
			Account: ledger.Account{1}, Source: leg, Destination: destination, Reference: long}})
	}
	if r, err := l.Submit(ctx, utility, commands...); err != nil || r[0].Code != ledger.CodeOK || r[len(r)-1].Code != ledger.CodeOK {
		t.Fatalf("the batch ended with %v, %+v", err, r)
	}
	id := commands[1234].ID
	r := awaitProof(ctx, t, l, id)
	if err := proof.Verify(&r, a); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the receipt of a cross conversion has %d bytes", len(b))
	if len(b) > 8<<10 {
		t.Errorf("a receipt has %d bytes, at most 8 KiB", len(b))
	}
	t.Run("no field can be changed", func(t *testing.T) { tamper(t, b, a) })
	t.Run("it says the same from memory and from the ledger", func(t *testing.T) {
		other := open(ctx, t, n, func(o *fabric.Options) { o.CheckpointEvery = 0 })
		again, err := other.Receipt(ctx, id)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("read from the ledger it is %+v, %v", again, err)
		}
	})
	t.Run("points that the utility gives are witnessed", func(t *testing.T) {
		issued := must(ctx, t, l, utility, &ledger.Issue{Account: ledger.Account{2}, Amount: 1, Expiry: 1000})
		r := awaitProof(ctx, t, l, issued.ID)
		if err := proof.Verify(&r, a); err != nil || len(r.Checkpoint.Endorsed[0].By) != 2 {
			t.Errorf("verifying returned %v; endorsed by %d", err, len(r.Checkpoint.Endorsed[0].By))
		}
	})
	t.Run("a company that was away signs later", func(t *testing.T) { signsLater(ctx, t, n, l, s, a) })
}

// signsLater takes a checkpoint while a partner is away.
func signsLater(ctx context.Context, t *testing.T, n *network.Network, l *fabric.Ledger, d *deal, a *proof.Alliance) {
	lazy := open(ctx, t, n, func(o *fabric.Options) { o.CheckpointEvery = 0 })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := ledger.Command{ID: newID(), Body: d.in(5)}
	if _, err := lazy.Submit(ctx, utility, c); err != nil {
		t.Fatal(err)
	}
	if err := n.Kill(ctx, "peer.sky"); err != nil {
		t.Fatal(err)
	}
	must1(ctx, t, lazy, ledger.Command{ID: newID(), Body: &ledger.Checkpoint{}})
	r, err := lazy.Receipt(ctx, c.ID)
	if err != nil || !r.Provisional {
		t.Errorf("without the partner's signature the receipt is %+v, %v", r, err)
	}
	if err := proof.Verify(&r, a); !errors.Is(err, ledger.ErrReceiptProvisional) {
		t.Errorf("verifying returned %v", err)
	}
	if err := n.Start(ctx, "peer.sky"); err != nil {
		t.Fatal(err)
	}
	r = awaitProof(ctx, t, lazy, c.ID)
	if err := proof.Verify(&r, a); err != nil || len(r.Checkpoint.Endorsed) != 2 {
		t.Errorf("verifying returned %v; %d payloads", err, len(r.Checkpoint.Endorsed))
	}
	b, err := json.Marshal(r)
	if err != nil || len(b) > 8<<10 {
		t.Errorf("the receipt has %d bytes, %v", len(b), err)
	}
	tamper(t, b, a)
}

// must1 gives a command until a company that just went away is no longer asked.
func must1(ctx context.Context, t *testing.T, l ledger.Ledger, c ledger.Command) {
	t.Helper()
	for range 100 {
		r, err := l.Submit(ctx, utility, c)
		if err == nil && r[0].Code == ledger.CodeOK {
			return
		}
		if err != nil && !errors.Is(err, ledger.ErrBusy) {
			t.Fatal(err)
		}
	}
	t.Fatal("the command does not come through")
}

// tamper changes every single value in a receipt's JSON, one at a time.
func tamper(t *testing.T, receipt []byte, a *proof.Alliance) {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(receipt, &whole); err != nil {
		t.Fatal(err)
	}
	original, err := ledger.ParseReceipt(receipt)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	each(whole, "", func(path string, change func(func())) {
		change(func() {
			b, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			r, err := ledger.ParseReceipt(b)
			if err == nil {
				if reflect.DeepEqual(r, original) {
					return // base64 has bits that say nothing
				}
				err = proof.Verify(r, a)
			}
			if !errors.Is(err, ledger.ErrReceiptInvalid) {
				t.Errorf("with another %s, verifying returned %v", path, err)
			}
			changed++
		})
	})
	if changed < 50 {
		t.Errorf("only %d values were changed", changed)
	}
}

// each calls visit for every value that is no object or list, with a function
// that changes it while another runs.
func each(v any, path string, visit func(string, func(func()))) {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			leaf(path+"."+k, v[k], func(n any) { v[k] = n }, visit)
		}
	case []any:
		for i := range v {
			leaf(fmt.Sprintf("%s[%d]", path, i), v[i], func(n any) { v[i] = n }, visit)
		}
	}
}

func leaf(path string, v any, set func(any), visit func(string, func(func()))) {
	for _, n := range others(v) {
		visit(path, func(during func()) {
			set(n)
			during()
			set(v)
		})
	}
	each(v, path, visit)
}

// others returns values to put in place of one: of the same type, and another.
func others(v any) []any {
	switch v := v.(type) {
	case bool:
		return []any{!v}
	case float64:
		return []any{v + 1, v + 256}
	case string:
		// Another first, middle and last character, and one less.
		all := []any{}
		for _, i := range []int{0, len(v) / 2, len(v) - 2} {
			if i >= 0 && i < len(v) {
				all = append(all, v[:i]+string(next(v[i]))+v[i+1:])
			}
		}
		if len(v) > 4 {
			all = append(all, v[:len(v)-4])
		}
		return all
	case []any:
		if len(v) > 0 {
			return []any{v[1:], append([]any{v[0]}, v...)}
		}
	}
	return nil
}

func next(c byte) byte {
	switch {
	case c == '9' || c == 'f':
		return '0'
	case c == 'z' || c == 'Z':
		return c - 1
	case c >= 0x80:
		return 'x'
	}
	return c + 1
}
