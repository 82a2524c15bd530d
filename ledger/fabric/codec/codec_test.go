package codec_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

var at = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

// peer is a state that is served, and what the gateway does with it.
type peer struct {
	*testing.T
	store *ledgertest.Store
	n     byte
}

func newPeer(t *testing.T) *peer {
	p := &peer{T: t, store: ledgertest.NewStore()}
	p.batch(&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(at)})
	return p
}

func (p *peer) command(body ledger.Body) ledger.Command {
	p.n++
	return ledger.Command{ID: ledger.NewID(at, [10]byte{9: p.n}), Body: body}
}

func (p *peer) issue(amount int64) ledger.Command {
	return p.command(&ledger.Issue{Account: ledger.Account{1}, Amount: amount, Expiry: 700})
}

func (p *peer) serve(function string, request []byte) []byte {
	p.Helper()
	b, err := codec.Serve(codec.Call{Channel: "alliance"}, p.store.Begin(), function, request)
	if err != nil {
		p.Fatal(err)
	}
	return b
}

// batch executes commands and decodes what the response and the written batch say.
func (p *peer) batch(bodies ...ledger.Body) []ledger.Result {
	var commands []ledger.Command
	for _, b := range bodies {
		commands = append(commands, p.command(b))
	}
	return p.submit(commands...)
}

func (p *peer) submit(commands ...ledger.Command) []ledger.Result {
	p.Helper()
	before, _, err := p.head()
	if err != nil {
		p.Fatal(err)
	}
	b := p.serveBatch(commands...)
	header, records, err := chaincode.Batch(p.store, 0, before)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		p.Fatal(err)
	}
	results, err := codec.DecodeResults(b, "alliance", header, records)
	if err != nil {
		p.Fatal(err)
	}
	if len(records) > 0 && header.Caller != (ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}) {
		p.Errorf("the caller is %+v", header.Caller)
	}
	return results
}

func (p *peer) serveBatch(commands ...ledger.Command) []byte {
	p.Helper()
	t := p.store.Begin()
	tx := chaincode.Tx{ID: "tx", At: at.UnixMilli(), Caller: ledger.Identity{MSP: "UtilityMSP", Subject: "cert"}}
	r := codec.BatchRequest{Subject: "gateway", SignedAt: at, Commands: commands}
	b, err := codec.Serve(codec.Call{Channel: "alliance", Tx: tx}, t, codec.FunctionBatch, r.Encode())
	if err != nil {
		p.Fatal(err)
	}
	t.Commit()
	return b
}

// head counts the batches there are.
func (p *peer) head() (next uint64, header ledger.BatchHeader, err error) {
	for {
		h, _, err := chaincode.Batch(p.store, 0, next)
		if errors.Is(err, ledger.ErrNotFound) {
			return next, header, nil
		}
		if err != nil {
			return 0, h, err
		}
		header, next = h, next+1
	}
}

func TestResultsSurviveTheWayFromThePeer(t *testing.T) {
	p := newPeer(t)
	first := p.issue(5)
	written := p.submit(first)[0]
	got := p.submit(first, p.issue(6), p.command(&ledger.Expire{Account: ledger.Account{1}, Month: 1}), p.issue(7))
	if !got[0].Replayed || !reflect.DeepEqual(got[0].Entry, written.Entry) {
		t.Errorf("replay is %+v, written was %+v", got[0], written)
	}
	for i, amount := range map[int]int64{1: 6, 3: 7} {
		e, err := chaincode.Find(p.store, got[i].Entry.Transfer.ID)
		if err != nil || !reflect.DeepEqual(e, got[i].Entry) || e.Transfer.Amount != amount {
			t.Errorf("result %d is %+v, found %+v (%v)", i, got[i].Entry, e, err)
		}
	}
	if got[2].Code != ledger.CodeNothingToExpire || got[2].Message == "" {
		t.Errorf("refusal is %+v", got[2])
	}
	note := p.batch(&ledger.Checkpoint{})[0]
	if note.Code != ledger.CodeOK || note.Replayed || note.Entry.Transfer.Kind != ledger.KindCheckpoint || note.Entry.Transfer.At != at.UnixMilli() {
		t.Errorf("checkpoint ended with %+v", note)
	}
}

func TestReadsAnswerWithWhatIsThere(t *testing.T) {
	p := newPeer(t)
	a, b := p.issue(5), p.issue(6)
	r := p.submit(a, b)
	unknown := p.issue(1).ID
	ids := codec.FindRequest{b.ID, unknown, a.ID}
	found, err := codec.DecodeFound(p.serve(codec.FunctionFind, ids.Encode()), 3)
	if err != nil || found[1] != nil || !reflect.DeepEqual(*found[0], r[1].Entry) || !reflect.DeepEqual(*found[2], r[0].Entry) {
		t.Errorf("found %+v, %v", found, err)
	}
	keys := codec.KeysRequest{"alliance", "p/none"}
	values, err := codec.DecodeValues(p.serve(codec.FunctionGet, keys.Encode()), 2)
	if err != nil || values[0] == nil || values[1] != nil {
		t.Errorf("values are %v, %v", values, err)
	}
	page, err := codec.DecodePage(p.serve(codec.FunctionRange, codec.RangeRequest{Prefix: "t/", From: "t/"}.Encode()))
	if err != nil || len(page.Keys) != 2 || page.Next != "" {
		t.Errorf("page is %v, %v", page.Keys, err)
	}
	p.submit(p.issue(9))
	after, err := codec.DecodePage(p.serve(codec.FunctionRange, codec.RangeRequest{Prefix: "w/", From: "w/"}.Encode()))
	if err != nil || after.Heads == page.Heads {
		t.Errorf("pages of two states have the same heads: %v", err)
	}
}

func TestAProofLeadsToTheCheckpoint(t *testing.T) {
	p := newPeer(t)
	a, b := p.issue(5), p.issue(6)
	r := p.submit(a, b)
	none, err := codec.DecodeProof(p.serve(codec.FunctionProof, codec.ProofRequest{ID: p.issue(1).ID}.Encode()))
	if none != nil || err != nil {
		t.Errorf("a proof of nothing is %+v, %v", none, err)
	}
	proof := func() *codec.Proof {
		got, err := codec.DecodeProof(p.serve(codec.FunctionProof, codec.ProofRequest{ID: b.ID}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := proof(); got.Checkpoint != nil || !reflect.DeepEqual(got.Entry, r[1].Entry) {
		t.Errorf("proof is %+v", got)
	}
	taken := p.serveBatch(p.command(&ledger.Checkpoint{}))
	got := proof()
	later := at.Add(time.Hour)
	again := p.serve(codec.FunctionAttest, codec.AttestRequest{Batch: got.Batch.Number, SignedAt: later}.Encode())
	for name, c := range map[string]struct {
		response []byte
		at       time.Time
	}{"the checkpoint": {taken, at}, "its attestation": {again, later}} {
		s, err := codec.DecodeStatement(c.response)
		if err != nil || s.Channel != "alliance" || s.Checkpoint == nil || *s.Checkpoint != *got.Checkpoint || !s.SignedAt.Equal(c.at) {
			t.Errorf("%s says %+v, %v", name, s, err)
		}
	}
	root, err := ledger.RootFromPath(ledger.LeafHash(got.Record), 1, 2, got.Path)
	if err != nil || root != got.Batch.Root {
		t.Errorf("path leads to %s, want %s: %v", root, got.Batch.Root, err)
	}
	request := codec.LeavesRequest{First: got.Checkpoint.First, Last: got.Checkpoint.Last}
	leaves, err := codec.DecodeLeaves(p.serve(codec.FunctionLeaves, request.Encode()))
	if err != nil || ledger.MerkleRoot(leaves) != got.Checkpoint.Root {
		t.Errorf("leaves do not lead to the checkpoint's root: %v", err)
	}
}

func TestAMachineSignsWithItsOwnTimeOnly(t *testing.T) {
	p := newPeer(t)
	for off, want := range map[time.Duration]int32{0: 200, codec.SignTolerance: 200, -codec.SignTolerance: 200,
		codec.SignTolerance + time.Second: 400, -codec.SignTolerance - time.Second: 400} {
		call := codec.Call{Channel: "alliance", Now: at.Add(off),
			Tx: chaincode.Tx{ID: "tx", At: at.UnixMilli(), Caller: ledger.Identity{MSP: "UtilityMSP"}}}
		r := codec.BatchRequest{SignedAt: at, Commands: []ledger.Command{p.command(&ledger.Checkpoint{})}}
		if _, err := codec.Serve(call, p.store.Begin(), codec.FunctionBatch, r.Encode()); codec.Status(err) != want {
			t.Errorf("with a clock %s off it returned %v, want status %d", off, err, want)
		}
		r.Commands = []ledger.Command{p.issue(1)}
		if _, err := codec.Serve(call, p.store.Begin(), codec.FunctionBatch, r.Encode()); err != nil {
			t.Errorf("without a checkpoint, and with a clock %s off, it returned %v", off, err)
		}
	}
}

func TestAMalformedRequestIsRefusedAsSuch(t *testing.T) {
	long := make(codec.KeysRequest, codec.KeysMax+1)
	for name, c := range map[string]struct {
		function string
		request  []byte
	}{
		"unknown function": {"nothing", nil},
		"empty":            {codec.FunctionBatch, nil},
		"cut short":        {codec.FunctionFind, codec.FindRequest{{1}}.Encode()[:10]},
		"too many keys":    {codec.FunctionGet, long.Encode()},
		"bytes left over":  {codec.FunctionProof, append(codec.ProofRequest{}.Encode(), 0)},
		"range backwards":  {codec.FunctionLeaves, codec.LeavesRequest{First: 2, Last: 1}.Encode()},
		"long subject":     {codec.FunctionBatch, (&codec.BatchRequest{Subject: string(bytes.Repeat([]byte("x"), 65))}).Encode()},
	} {
		_, err := codec.Serve(codec.Call{}, ledgertest.NewStore().Begin(), c.function, c.request)
		if codec.Status(err) != codec.StatusRequest {
			t.Errorf("%s: status is %d (%v)", name, codec.Status(err), err)
		}
	}
}

func FuzzServe(f *testing.F) {
	r := codec.BatchRequest{Commands: []ledger.Command{{ID: ledger.NewID(at, [10]byte{}), Body: &ledger.Checkpoint{}}}}
	f.Add(codec.FunctionBatch, r.Encode())
	f.Add(codec.FunctionGet, codec.KeysRequest{"alliance"}.Encode())
	f.Add(codec.FunctionLeaves, codec.LeavesRequest{Last: 3}.Encode())
	f.Fuzz(func(t *testing.T, function string, request []byte) {
		_, err := codec.Serve(codec.Call{}, ledgertest.NewStore().Begin(), function, request)
		if s := codec.Status(err); s == codec.StatusDamaged {
			t.Errorf("an empty state is damaged: %v", err)
		}
	})
}
