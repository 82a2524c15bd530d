package fabric_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
)

// past is an embedded ledger that is carried over.
type past struct {
	*embedded.Ledger
	deal   *deal           // with sky
	offer  ledger.Transfer // of an agreement that sky has not decided
	terms  ledger.Terms
	hold   ledger.Transfer
	issued ledger.Transfer
	given  ledger.Command // a conversion
	first  ledger.Result  // and what became of it
	blocks []embedded.Block
	raw    [][]byte
}

// newPast makes a ledger with conversions, an open hold, a closed window and
// checkpoints.
func newPast(ctx context.Context, t *testing.T) *past {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	l, err := embedded.Open(embedded.Options{Dir: t.TempDir(), Clock: time.Now, Checkpointer: utility,
		Signer: embedded.Signer{KeyID: "old", Key: key}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // it may be closed already
	p := &past{Ledger: l, deal: found(ctx, t, l, "sky", sky)}
	found(ctx, t, l, "mart", mart)
	p.terms = ledger.Terms{
		Partner: "sky", Direction: ledger.Out, Version: 1, Rate: ledger.Rate{FromUnits: 1_000_000, ToUnits: 2_000_000},
		Step: 1, Min: 1, Max: ledger.AmountMax, Price: 10_000, FeePayer: ledger.FeeMember, ExposureCap: ledger.ValueMax, LockSeconds: 3600,
	}
	p.offer = must(ctx, t, l, utility, &ledger.ProposeAgreement{Terms: p.terms})
	member := ledger.Account{7}
	p.issued = must(ctx, t, l, utility, &ledger.Issue{Account: member, Amount: 900, Expiry: 1000})
	p.hold = must(ctx, t, l, utility, &ledger.Hold{Account: member, Amount: 300, To: "mall"})
	p.given = ledger.Command{ID: newID(), Body: p.deal.in(12)}
	r, err := l.Submit(ctx, utility, p.given)
	if err != nil || r[0].Code != ledger.CodeOK {
		t.Fatal(r, err)
	}
	p.first = r[0]
	a, err := l.Alliance(ctx)
	if err == nil {
		err = l.Checkpoint()
	}
	if err == nil {
		must(ctx, t, l, utility, &ledger.CloseWindow{Window: a.Window, Next: a.Window + 1})
		err = errors.Join(p.deal.convert(ctx, l, 50), p.deal.convert(ctx, l, 50), l.Checkpoint())
	}
	if err == nil {
		err = l.Blocks(ctx, 0, func(b embedded.Block) error {
			p.raw = append(p.raw, b.Append(nil))
			p.blocks = append(p.blocks, b)
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *past) hash() ledger.Hash { return p.blocks[len(p.blocks)-1].Hash }

// TestAPastIsCarriedOverAndAdopted is one story on one network.
func TestAPastIsCarriedOverAndAdopted(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	p := newPast(ctx, t)
	l := open(ctx, t, n, func(o *fabric.Options) { o.CheckpointEvery = 0 })

	if r, err := l.Carry(ctx, sky, p.raw[:1]); err != nil || r.Code != ledger.CodeNotPermitted {
		t.Fatalf("a partner carries a ledger over with %+v, %v", r, err)
	}
	if r, err := l.Carry(ctx, utility, p.raw[1:]); err != nil || r.Code != ledger.CodeHistoryMismatch {
		t.Fatalf("a past without its beginning is carried over with %+v, %v", r, err)
	}
	for rest := range slices.Chunk(p.raw, 4) {
		if r, err := l.Carry(ctx, utility, rest); err != nil || r.Code != ledger.CodeOK {
			t.Fatalf("carried over with %+v, %v", r, err)
		}
	}
	unadopted(ctx, t, l, p)
	nobodyAdoptsForAnother(ctx, t, n, l, p)
	for _, by := range []ledger.Identity{utility, sky, mart} {
		if r, err := l.Adopt(ctx, by, p.hash()); err != nil || r.Code != ledger.CodeOK || !r.History.AdoptedBy(by.MSP) {
			t.Fatalf("%s adopts with %+v, %v", by.MSP, r, err)
		}
	}
	equal(ctx, t, p, l)
	goesOn(ctx, t, n, p)
	keysOfAPair(ctx, t, n, l, p)
	followed(ctx, t, l, p)
}

// unadopted has commands refused.
func unadopted(ctx context.Context, t *testing.T, l *fabric.Ledger, p *past) {
	t.Helper()
	h, err := l.History(ctx)
	if err != nil || h.Hash != p.hash() || h.Blocks != uint64(len(p.raw)) || !slices.Equal(h.Missing(), []string{"UtilityMSP", "SkyMSP", "MartMSP"}) {
		t.Fatalf("the history is %+v, %v", h, err)
	}
	for _, c := range []ledger.Command{{ID: newID(), Body: p.deal.in(5)}, p.given} {
		r, err := l.Submit(ctx, utility, c)
		if err != nil || r[0].Code != ledger.CodeHistoryUnadopted {
			t.Errorf("a command ended with %+v, %v", r, err)
		}
	}
	other := p.hash()
	other[0] ^= 1
	if r, err := l.Adopt(ctx, sky, other); err != nil || r.Code != ledger.CodeHistoryMismatch {
		t.Errorf("another past is adopted with %+v, %v", r, err)
	}
}

// nobodyAdoptsForAnother lets the utility's peer, and another partner's that
// helps it, endorse an adoption that sky never gave.
func nobodyAdoptsForAnother(ctx context.Context, t *testing.T, n *network.Network, l *fabric.Ledger, p *past) {
	t.Helper()
	alone := open(ctx, t, n, func(o *fabric.Options) { o.CheckpointEvery, o.Identities = 0, []string{utility.MSP} })
	if _, err := alone.Adopt(ctx, sky, p.hash()); !errors.Is(err, fabric.ErrNoIdentity) {
		t.Errorf("without sky's key its adoption ended with %v", err)
	}
	peers := []fabric.Peer{keyOf(t, n, "utility", "UtilityMSP", "peer"), keyOf(t, n, "mart", "MartMSP", "peer")}
	for _, by := range [][]fabric.Peer{peers[:1], peers} {
		code, err := l.Forge(ctx, []string{"history"}, func(s *kvrwset.KVRWSet) {
			s.Writes = append(s.Writes, &kvrwset.KVWrite{Key: "history", Value: []byte("sky has adopted it")})
		}, by...)
		if err != nil || code != fabric.EndorsementFailure {
			t.Errorf("an adoption endorsed by %d others is %v, %v", len(by), code, err)
		}
	}
}

// equal compares the two ledgers key by key.
func equal(ctx context.Context, t *testing.T, p *past, l *fabric.Ledger) {
	t.Helper()
	type state interface {
		State(context.Context, func(string, []byte) error) error
	}
	all := func(s state) map[string]string {
		values := map[string]string{}
		if err := s.State(ctx, func(key string, value []byte) error {
			values[key] = string(value)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		delete(values, "history")
		return values
	}
	want, got := all(p), all(l)
	if len(want) < 30 || !reflect.DeepEqual(want, got) {
		t.Errorf("the network has %d keys, the embedded ledger %d, and they are not equal", len(got), len(want))
	}
}

// goesOn gives commands to the ledger that was carried over, as a new process.
func goesOn(ctx context.Context, t *testing.T, n *network.Network, p *past) {
	t.Helper()
	l := open(ctx, t, n, nil)
	a := alliance(ctx, t, profileOf(t, n), l)
	r, err := l.Submit(ctx, utility, p.given)
	if err != nil || !r[0].Replayed || !reflect.DeepEqual(r[0].Entry, p.first.Entry) {
		t.Errorf("given again, a conversion ended with %+v, want %+v: %v", r, p.first, err)
	}
	must(ctx, t, l, utility, &ledger.Post{Account: p.hold.Account, Hold: p.hold.ID})
	must(ctx, t, l, sky, &ledger.AcceptAgreement{Agreement: p.offer.ID, Hash: p.terms.Hash()})
	if err := p.deal.convert(ctx, l, 20); err != nil {
		t.Error(err)
	}
	fresh := must(ctx, t, l, utility, p.deal.in(3))
	conserved(ctx, t, l)
	for name, id := range map[string]ledger.ID{"an old conversion": p.given.ID, "an old issue": p.issued.ID, "a new conversion": fresh.ID} {
		r := awaitProof(ctx, t, l, id)
		b, err := json.Marshal(r)
		if err != nil || len(b) > 8<<10 {
			t.Errorf("the receipt of %s has %d bytes, %v", name, len(b), err)
		}
		if err := proof.Verify(&r, a); err != nil {
			t.Errorf("the receipt of %s: %v", name, err)
		}
		old, err := p.Receipt(ctx, id)
		if id != fresh.ID && (err != nil || old.Checkpoint.Record != r.Checkpoint.Record || !reflect.DeepEqual(old.Batch, r.Batch)) {
			t.Errorf("the receipt of %s names another checkpoint than the embedded ledger's: %v", name, err)
		}
	}
	chained(ctx, t, l, p)
}

// chained checks that the network's checkpoints follow those of the past.
func chained(ctx context.Context, t *testing.T, l *fabric.Ledger, p *past) {
	t.Helper()
	var before ledger.CheckpointRecord
	carried := 0
	if err := l.Blocks(ctx, 0, func(b fabric.Block) error {
		for _, tx := range b.Transactions {
			if tx.Checkpoint == nil {
				continue
			}
			if c := *tx.Checkpoint; c.Number > 0 && (c.Previous != before.Hash() || c.First != before.Last+1) {
				t.Errorf("checkpoint %d does not follow %d", c.Number, before.Number)
			}
			before = *tx.Checkpoint
			if tx.Carried {
				carried++
			}
		}
		return nil
	}); err != nil || carried != 2 || before.Number < 2 {
		t.Errorf("%d checkpoints were carried over, the last is %d, %v", carried, before.Number, err)
	}
}

// keysOfAPair checks that what belongs to a pair is guarded as on a ledger that
// began on the network.
func keysOfAPair(ctx context.Context, t *testing.T, n *network.Network, l *fabric.Ledger, p *past) {
	t.Helper()
	helped := []fabric.Peer{keyOf(t, n, "utility", "UtilityMSP", "peer"), keyOf(t, n, "mart", "MartMSP", "peer")}
	both := []fabric.Peer{helped[0], keyOf(t, n, "sky", "SkyMSP", "peer")}
	window := p.first.Entry.Transfer.Window
	for _, key := range []string{"g/" + bytesHex(p.deal.id), "gi/sky/in", "b/sky", "wp/" + window.String() + "/sky", "wp/" + (window + 1).String() + "/sky"} {
		before, err := l.Values(ctx, key)
		if err != nil || before[0] == nil {
			t.Fatalf("key %s: %v", key, err)
		}
		same := func(s *kvrwset.KVRWSet) { s.Writes = append(s.Writes, &kvrwset.KVWrite{Key: key, Value: before[0]}) }
		if code, err := l.Forge(ctx, []string{key}, same, helped...); err != nil || code != fabric.EndorsementFailure {
			t.Errorf("%s without its partner is %v, %v", key, code, err)
		}
		if code, err := l.Forge(ctx, []string{key}, same, both...); err != nil || code != fabric.Valid {
			t.Errorf("%s with its partner is %v, %v", key, code, err)
		}
	}
}

// followed compares the blocks of both homes, batch by batch.
func followed(ctx context.Context, t *testing.T, l *fabric.Ledger, p *past) {
	t.Helper()
	batches := func(b ledger.Blocks) (all []ledger.Batch) {
		height, err := b.Height(ctx)
		if err != nil {
			t.Fatal(err)
		}
		enough := errors.New("enough")
		err = b.FollowBlocks(ctx, 0, func(b ledger.Block) error {
			all = append(all, b.Batches...)
			if b.Number == height-1 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			t.Fatal(err)
		}
		return all
	}
	old, now := batches(p), batches(l)
	if len(old) < 10 || len(now) <= len(old) || !reflect.DeepEqual(old, now[:len(old)]) {
		t.Errorf("the network's first batches are not those of the embedded ledger: %d and %d", len(now), len(old))
	}
}
