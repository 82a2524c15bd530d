package chaincode_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// annalist writes down what happens, as the embedded ledger does.
type annalist struct {
	blocks [][]byte
	last   ledger.Hash
}

func (a *annalist) tx() string { return ledger.EmbeddedTx(uint64(len(a.blocks))) }

func (a *annalist) write(tx chaincode.Tx, t *ledgertest.Transaction, batch []ledger.Command, results []ledger.Result) {
	b := annals.Block{Number: uint64(len(a.blocks)), Previous: a.last, Lane: tx.Lane, Tx: tx.ID, At: tx.At, Caller: tx.Caller}
	for i, r := range results {
		if r.Code == ledger.CodeOK && !r.Replayed {
			b.Commands = append(b.Commands, batch[i])
		}
	}
	if len(b.Commands) == 0 {
		return
	}
	b.Writes, _ = annals.HashWrites(len(t.Writes), func(yield func(string, []byte) bool) {
		for _, w := range t.Writes {
			if !yield(w.Key, w.Value) {
				return
			}
		}
	}, nil)
	a.blocks = append(a.blocks, b.Append(nil))
	a.last = b.Hash
}

// busy is a ledger with a conversion in, one that was reversed, a hold that is
// open and one that was posted, a closed window and checkpoints.
func busy(t testing.TB) (*bed, *annalist) {
	a := &annalist{}
	b := newBedOf(t, a)
	b.ok(b.issue(member(1), 1_000), b.issue(member(2), 2_000))
	in := b.convertIn(member(1), 300)
	b.ok(in, b.hold(member(2), 30))
	b.ok(b.command(&ledger.Checkpoint{}))
	posted := b.hold(member(1), 60)
	b.ok(posted)
	b.ok(b.command(&ledger.Post{Account: member(1), Hold: posted.ID, Reference: "P-1"}))
	b.ok(b.command(&ledger.CloseWindow{Window: today, Next: today + 1}))
	b.ok(b.command(&ledger.Reverse{Account: member(1), Original: in.ID, Amount: 100, Reason: "sent back"}))
	b.ok(b.convertIn(member(3), 90))
	b.codes([]ledger.Command{b.command(&ledger.Void{Account: member(3), Hold: in.ID, Reason: "none"})}, ledger.CodeHoldNotOpen)
	b.ok(b.command(&ledger.Checkpoint{}))
	return b, a
}

// carried is a ledger to which a history is carried over.
type carried struct {
	testing.TB
	store *ledgertest.Store
}

func (c *carried) carry(by ledger.Identity, blocks ...[]byte) ledger.HistoryResult {
	c.Helper()
	return c.do(func(s chaincode.State) (ledger.HistoryResult, error) {
		return chaincode.Carry(chaincode.Tx{ID: "carry", At: epoch + 5, Caller: by}, s, blocks)
	})
}

func (c *carried) adopt(by ledger.Identity, hash ledger.Hash) ledger.HistoryResult {
	c.Helper()
	return c.do(func(s chaincode.State) (ledger.HistoryResult, error) {
		return chaincode.Adopt(chaincode.Tx{ID: "adopt", At: epoch + 6, Caller: by}, s, hash)
	})
}

func (c *carried) do(f func(chaincode.State) (ledger.HistoryResult, error)) ledger.HistoryResult {
	c.Helper()
	t := c.store.Begin()
	r, err := f(t)
	if err != nil {
		c.Fatal(err)
	}
	if r.Code != ledger.CodeOK && len(t.Writes) > 0 {
		c.Errorf("what was refused with %s wrote %d keys", r.Code, len(t.Writes))
	}
	t.Commit()
	return r
}

// same compares two states key by key, policies included, but for the history.
func same(t rapid.TB, want, got *ledgertest.Store) {
	t.Helper()
	all := func(s *ledgertest.Store) (keys []string, values map[string][]byte) {
		values = map[string][]byte{}
		err := s.Range("", "", func(key string, value []byte) bool {
			if key != "history" {
				keys, values[key] = append(keys, key), value
			}
			return true
		})
		if err != nil || len(keys) < 20 {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		return keys, values
	}
	keys, values := all(want)
	other, others := all(got)
	if !slices.Equal(keys, other) {
		t.Fatalf("the keys are\n%v, want\n%v", other, keys)
	}
	for _, k := range keys {
		if !bytes.Equal(values[k], others[k]) {
			t.Errorf("key %s has another value", k)
		}
		if !slices.Equal(want.Endorsers(k), got.Endorsers(k)) {
			t.Errorf("changes of key %s are endorsed by %v, want %v", k, got.Endorsers(k), want.Endorsers(k))
		}
	}
}

// TestAHistoryLeadsToTheSameStateHoweverItIsPacked carries it over in
// transactions of any number of blocks.
func TestAHistoryLeadsToTheSameStateHoweverItIsPacked(t *testing.T) {
	b, a := busy(t)
	rapid.Check(t, func(r *rapid.T) {
		c := &carried{t, ledgertest.NewStore()}
		for rest := a.blocks; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(r, "blocks")
			if got := c.carry(utility, rest[:n]...); got.Code != ledger.CodeOK {
				r.Fatalf("refused: %s %s", got.Code, got.Message)
			}
			rest = rest[n:]
		}
		h, err := chaincode.History(c.store)
		if err != nil || h.Blocks != uint64(len(a.blocks)) || h.Hash != a.last || !slices.Equal(h.Missing(), []string{utility.MSP, airline.MSP}) {
			r.Fatalf("the history is %+v, %v", h, err)
		}
		same(r, b.store, c.store)
	})
}

func TestACarriedLedgerGoesOnWhenEveryCompanyHasAdoptedIt(t *testing.T) {
	b, a := busy(t)
	c := &carried{t, ledgertest.NewStore()}
	c.carry(utility, a.blocks...)
	on := &bed{TB: t, store: c.store, count: b.count, in: b.in, out: b.out, terms: b.terms}
	refused := func() {
		t.Helper()
		on.codes([]ledger.Command{on.convertIn(member(1), 300), on.command(&ledger.Checkpoint{})},
			ledger.CodeHistoryUnadopted, ledger.CodeHistoryUnadopted)
	}
	refused()
	for _, wrong := range []struct {
		by   ledger.Identity
		hash ledger.Hash
		code ledger.Code
	}{
		{airline, ledger.Hash{1}, ledger.CodeHistoryMismatch},
		{ledger.Identity{MSP: "NobodyMSP"}, a.last, ledger.CodeNotPermitted},
	} {
		if r := c.adopt(wrong.by, wrong.hash); r.Code != wrong.code {
			t.Errorf("%s adopts with %s %s, want %s", wrong.by.MSP, r.Code, r.Message, wrong.code)
		}
	}
	c.adopt(utility, a.last)
	c.adopt(utility, a.last) // again changes nothing
	refused()
	if r := c.adopt(airline, a.last); r.Code != ledger.CodeOK || len(r.History.Missing()) > 0 || len(r.History.Adopted) != 2 {
		t.Fatalf("the airline adopts with %+v", r)
	}
	if got := c.store.Endorsers("history"); !slices.Equal(got, []string{utility.MSP, airline.MSP}) {
		t.Errorf("the history is endorsed by %v", got)
	}
	if r := c.carry(utility, a.blocks[0]); r.Code != ledger.CodeAlreadyInitialised {
		t.Errorf("more is carried over with %s", r.Code)
	}
	more := []ledger.Command{on.convertIn(member(1), 300), on.issue(member(9), 5)}
	on.ok(more...)
	b.annals = nil
	b.ok(more...)
	on.ok(on.command(&ledger.Checkpoint{}))
	b.count = on.count
}

// TestMoreHistoryIsAdoptedAnew: who adopted a part has not adopted the rest.
func TestMoreHistoryIsAdoptedAnew(t *testing.T) {
	_, a := busy(t)
	c := &carried{t, ledgertest.NewStore()}
	part := len(a.blocks) - 2
	c.carry(utility, a.blocks[:part]...)
	c.adopt(airline, sha256.Sum256(a.blocks[part-1]))
	r := c.carry(utility, a.blocks[part:]...)
	if r.Code != ledger.CodeOK || len(r.History.Adopted) != 0 || len(r.History.Missing()) != 2 {
		t.Errorf("the history is %+v", r)
	}
}

func TestOnlyTheHistoryItselfIsCarriedOver(t *testing.T) {
	_, a := busy(t)
	at := len(a.blocks) - 3
	change := func(f func(*annals.Block)) [][]byte {
		h, err := annals.Read(a.blocks[at], sha256.Sum256(a.blocks[at]))
		if err == nil {
			err = h.Decode()
		}
		if err != nil {
			t.Fatal(err)
		}
		f(&h.Block)
		return append(slices.Clone(a.blocks[:at]), h.Append(nil))
	}
	inUse := newBed(t).store
	for name, c := range map[string]struct {
		store  *ledgertest.Store
		by     ledger.Identity
		blocks [][]byte
		want   ledger.Code
	}{
		"on a ledger in use":            {inUse, utility, a.blocks, ledger.CodeAlreadyInitialised},
		"by another than the utility":   {nil, airline, a.blocks, ledger.CodeNotPermitted},
		"from the middle":               {nil, utility, a.blocks[1:], ledger.CodeHistoryMismatch},
		"with a block left out":         {nil, utility, slices.Concat(a.blocks[:3], a.blocks[4:]), ledger.CodeHistoryMismatch},
		"with a block twice":            {nil, utility, slices.Concat(a.blocks[:3], a.blocks[2:]), ledger.CodeHistoryMismatch},
		"nothing":                       {nil, utility, nil, ledger.CodeInvalid},
		"cut off":                       {nil, utility, append(slices.Clone(a.blocks[:2]), a.blocks[2][:40]), ledger.CodeInvalid},
		"with another time":             {nil, utility, change(func(b *annals.Block) { b.At++ }), ledger.CodeHistoryMismatch},
		"with another caller":           {nil, utility, change(func(b *annals.Block) { b.Caller = airline }), ledger.CodeHistoryMismatch},
		"with other writes":             {nil, utility, change(func(b *annals.Block) { b.Writes[0]++ }), ledger.CodeHistoryMismatch},
		"with a command that fails":     {nil, utility, change(func(b *annals.Block) { b.Commands = append(b.Commands, b.Commands...) }), ledger.CodeHistoryMismatch},
		"with no command":               {nil, utility, change(func(b *annals.Block) { b.Commands = nil }), ledger.CodeHistoryMismatch},
		"with a transaction's own name": {nil, utility, change(func(b *annals.Block) { b.Tx = "embedded-7" }), ledger.CodeHistoryMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			if c.store == nil {
				c.store = ledgertest.NewStore()
			}
			if r := (&carried{t, c.store}).carry(c.by, c.blocks...); r.Code != c.want {
				t.Errorf("ended with %s %s, want %s", r.Code, r.Message, c.want)
			}
		})
	}
}

// FuzzCarry: whatever is given as a block is refused and changes nothing.
func FuzzCarry(f *testing.F) {
	_, a := busy(f)
	for _, b := range a.blocks {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &carried{t, ledgertest.NewStore()}
		if r := c.carry(utility, b); r.Code == ledger.CodeOK && !bytes.Equal(b, a.blocks[0]) && r.History.Hash != sha256.Sum256(b) {
			t.Errorf("carried over as %s", r.History.Hash)
		}
	})
}

func TestASurveyAddsAStateUp(t *testing.T) {
	b, _ := busy(t)
	var s chaincode.Survey
	err := b.store.Range("", "", func(key string, value []byte) bool {
		if err := s.Add(key, value); err != nil {
			t.Fatal(err)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	want := chaincode.Survey{Keys: s.Keys, Bytes: s.Bytes, Root: s.Root, Owed: s.Owed, Points: s.Points,
		Hub: "EPT", Window: today + 1, Windows: 2, Partners: 1, Accepted: 2, Accounts: 3, Holds: 1, Held: 30,
		Positions: 2, Net: s.Owed, Transfers: 15, Batches: 12, Checkpoints: 2, Reversed: 1}
	if s != want || s.Points == 0 || s.Owed == 0 || s.Root == (ledger.Hash{}) {
		t.Errorf("the survey is\n%+v, want\n%+v", s, want)
	}
	if err := s.Add("x/1", []byte{1}); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("a strange key is %v", err)
	}
}

// TestASurveyKnowsEveryKindOfKey reads the layout where it is described.
func TestASurveyKnowsEveryKindOfKey(t *testing.T) {
	b, err := os.ReadFile("keys.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`(?m)^//	([a-z]+(?:/|  ))`).FindAllStringSubmatch(string(b), -1)
	if len(kinds) < 20 {
		t.Fatalf("%d kinds of keys are described", len(kinds))
	}
	for _, k := range kinds {
		key := strings.TrimSpace(k[1])
		if strings.HasSuffix(key, "/") {
			key += "1"
		}
		// An empty value is damaged, whatever the key: what counts is that it is read.
		if err := new(chaincode.Survey).Add(key, []byte{}); !errors.Is(err, ledger.ErrDamaged) || strings.Contains(err.Error(), "not of the contract") {
			t.Errorf("a survey of key %s ends with %v", key, err)
		}
	}
}
