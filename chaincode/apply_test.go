package chaincode_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

func TestSomeCommandsMustBeAlone(t *testing.T) {
	b := newBed(t)
	closing := b.command(&ledger.CloseWindow{Window: today, Next: today + 1})
	checkpoint := b.command(&ledger.Checkpoint{})
	b.codes([]ledger.Command{closing, b.issue(member(1), 5), checkpoint},
		ledger.CodeNotAlone, ledger.CodeOK, ledger.CodeNotAlone)
	b.codes([]ledger.Command{closing}, ledger.CodeOK)
	b.codes([]ledger.Command{checkpoint}, ledger.CodeOK)
	b.codes([]ledger.Command{closing, b.issue(member(1), 5)}, ledger.CodeOK, ledger.CodeOK) // a replay needs no batch
}

func TestATooLargeBatchIsRefusedWhole(t *testing.T) {
	b := newBed(t)
	batch := slices.Repeat([]ledger.Command{b.issue(member(1), 5)}, ledger.BatchMax+1)
	want := slices.Repeat([]ledger.Code{ledger.CodeInvalid}, ledger.BatchMax+1)
	if w := b.codes(batch, want...).Writes; len(w) != 0 {
		t.Errorf("wrote %d keys", len(w))
	}
}

func TestWhatIsRefusedOrReplayedWritesNothing(t *testing.T) {
	b := newBed(t)
	done := b.issue(member(1), 5)
	b.ok(done)
	batch := []ledger.Command{done, b.command(&ledger.Hold{Account: member(1), Amount: 6, To: "mall"}), {}}
	w := b.codes(batch, ledger.CodeOK, ledger.CodeInsufficientPoints, ledger.CodeInvalid).Writes
	if len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
	if w := b.codes(nil).Writes; len(w) != 0 {
		t.Errorf("an empty batch wrote %v", w)
	}
}

// TestASliceOfIDsIsBounded fills a page of the ID index.
func TestASliceOfIDsIsBounded(t *testing.T) {
	b := newBed(t)
	const most = 1 << 16
	var random [10]byte
	command := func(n int) ledger.Command {
		random[7], random[8], random[9] = byte(n>>16), byte(n>>8), byte(n)
		c := b.command(&ledger.Freeze{Account: member(1)})
		copy(c.ID[6:], random[:])
		c.ID[6], c.ID[8] = 0x70, 0x80
		copy(c.ID[:6], []byte{1, 2, 3, 4, 5, 0x60 | byte(n&15)})
		return c
	}
	for n := 0; n < most; {
		var batch []ledger.Command
		for ; len(batch) < ledger.BatchMax-1 && n < most; n++ {
			batch = append(batch, command(n))
		}
		b.ok(batch...)
	}
	b.codes([]ledger.Command{command(most), command(0), b.issue(member(1), 1)},
		ledger.CodeIDSliceFull, ledger.CodeOK, ledger.CodeOK)
	if e, err := chaincode.Find(b.store, command(54321).ID); err != nil || e.Transfer.ID != command(54321).ID {
		t.Errorf("found %v, %v", e.Transfer.ID, err)
	}
}

// TestATransferCostsOneKey counts keys written and reads made, which is what a
// network's throughput depends on.
func TestATransferCostsOneKey(t *testing.T) {
	const n = 400
	b := newBed(t)
	var ins, holds, posts, voids, reversals []ledger.Command
	for i := range n {
		ins = append(ins, b.convertIn(member(i), 1000))
		holds = append(holds, b.hold(member(i), 100))
		posts = append(posts, b.command(&ledger.Post{Account: member(i), Hold: holds[i].ID}))
		voids = append(voids, b.command(&ledger.Void{Account: member(i), Hold: holds[i].ID}))
		reversals = append(reversals, b.command(&ledger.Reverse{Original: ins[i].ID, Account: member(i), Amount: 1}))
	}
	hot := slices.Clone(ins)
	for i := range hot {
		hot[i] = b.convertIn(member(n), 1000)
	}
	const pages = 3 // of the ID index, that n commands touch at most
	for _, c := range []struct {
		name   string
		batch  []ledger.Command
		perKey int // keys for each transfer
		shared int // keys for the whole batch, but pages
		gets   int
	}{
		{"convert in", ins, 1, 5, 2},          // batch, head, books, position, residue
		{"hold", holds, 1, 3, 2},              // batch, head, books
		{"post", posts[:n/2], 1, 5, 2},        // as convert in
		{"void", voids[n/2:], 1, 3, 2},        // as hold
		{"reverse", reversals, 2, 5, 3},       // account and how much was reversed
		{"one account for all", hot, 0, 6, 2}, // and that account
	} {
		t.Run(c.name, func(t *testing.T) {
			b.TB = t
			w := b.ok(c.batch...)
			if most := c.perKey*len(c.batch) + c.shared + pages; len(w.Writes) > most {
				t.Errorf("%d transfers wrote %d keys, at most %d", len(c.batch), len(w.Writes), most)
			}
			if w.Gets > c.gets {
				t.Errorf("read in %d goes, at most %d", w.Gets, c.gets)
			}
		})
	}
}

// TestKeysOfBothCompaniesNeedBoth checks that keys of a pair carry the
// endorsement of both from when they are made, and no others any.
func TestKeysOfBothCompaniesNeedBoth(t *testing.T) {
	b := newBed(t)
	b.ok(b.convertIn(member(1), 1000))
	b.ok(b.issue(member(1), 5))
	b.ok(b.command(&ledger.SuspendPartner{Partner: "sky"}))
	shared := map[string]int{"g/": 2, "gi/": 2, "b/": 1, "n/": 1, "p/": 1, "wp/": 1, "r/": 2}
	for _, prefix := range strings.Fields("a/ b/ c/ g/ gi/ h/ i/ l/ n/ p/ r/ s/ t/ v/ w/ wp/") {
		n := 0
		err := b.store.Range(prefix, prefix, func(key string, _ []byte) bool {
			want := []string{utility.MSP, airline.MSP}
			if shared[prefix] == 0 {
				want = nil
			}
			if got := b.store.Endorsers(key); !slices.Equal(got, want) {
				t.Errorf("key %s needs %v, want %v", key, got, want)
			}
			n++
			return true
		})
		if err != nil || shared[prefix] > 0 && n != shared[prefix] {
			t.Errorf("%d keys with prefix %s, want %d, %v", n, prefix, shared[prefix], err)
		}
	}
}

// TestAnErrorOfTheStateEndsTheTransaction lets each read and write fail in turn.
func TestAnErrorOfTheStateEndsTheTransaction(t *testing.T) {
	b := newBed(t)
	batch := []ledger.Command{b.convertIn(member(1), 1000), b.issue(member(2), 5)}
	for n := range 100 {
		s := &failing{Transaction: b.store.Begin(), left: n}
		results, err := chaincode.Apply(chaincode.Tx{ID: "tx", At: epoch, Caller: utility}, s, batch)
		if s.left >= 0 {
			if err != nil || n < 10 {
				t.Errorf("%d calls without a failure, %v", n, err)
			}
			return
		}
		if !errors.Is(err, errState) || results != nil {
			t.Errorf("call %d failed, returned %v, %v", n, results, err)
		}
	}
	t.Error("never done")
}

var errState = errors.New("state is gone")

// failing is a state of which a call fails.
type failing struct {
	*ledgertest.Transaction
	left int
}

func (f *failing) fail() error {
	if f.left--; f.left < 0 {
		return fmt.Errorf("test: %w", errState)
	}
	return nil
}

func (f *failing) Get(keys ...string) ([][]byte, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.Transaction.Get(keys...)
}

func (f *failing) Put(key string, value []byte) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Transaction.Put(key, value)
}

func (f *failing) Endorsers(key string, msps ...string) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Transaction.Endorsers(key, msps...)
}

// TestSumsThatDoNotFitAreRefused fills an account, and then the utility's, to
// the brim of 64 bits.
func TestSumsThatDoNotFitAreRefused(t *testing.T) {
	b := newBed(t)
	const most = 9223 // times the largest amount
	for n := 0; n < most; {
		var batch []ledger.Command
		for ; len(batch) < ledger.BatchMax-1 && n < most; n++ {
			batch = append(batch, b.issue(member(1), ledger.AmountMax))
		}
		b.ok(batch...)
	}
	b.codes([]ledger.Command{b.issue(member(1), ledger.AmountMax), b.issue(member(2), ledger.AmountMax), b.issue(member(2), 1)},
		ledger.CodeAmountOutOfRange, ledger.CodeAmountOutOfRange, ledger.CodeOK)
	var sum int64
	if err := chaincode.Balances(b.store, "EPT", func(a ledger.Balance) error { sum += a.Amount; return nil }); err != nil || sum != 0 {
		t.Errorf("the accounts add up to %d, %v", sum, err)
	}
}
