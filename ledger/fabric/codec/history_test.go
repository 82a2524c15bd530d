package codec_test

import (
	"crypto/sha256"
	"reflect"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// beginning is the first block of a ledger.
func beginning(t *testing.T) []byte {
	t.Helper()
	b := annals.Block{Tx: ledger.EmbeddedTx(0), At: at.UnixMilli(), Caller: ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"},
		Commands: []ledger.Command{{ID: ledger.NewID(at, [10]byte{1}), Body: &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(at)}}}}
	tx := ledgertest.NewStore().Begin()
	if _, err := chaincode.Apply(chaincode.Tx{ID: b.Tx, At: b.At, Caller: b.Caller}, tx, b.Commands); err != nil {
		t.Fatal(err)
	}
	b.Writes, _ = annals.HashWrites(len(tx.Writes), func(yield func(string, []byte) bool) {
		for _, w := range tx.Writes {
			if !yield(w.Key, w.Value) {
				return
			}
		}
	}, nil)
	return b.Append(nil)
}

func TestAHistoryIsCarriedOverAndAdopted(t *testing.T) {
	p := &peer{T: t, store: ledgertest.NewStore()}
	block := beginning(t)
	call := func(function string, request []byte) ledger.HistoryResult {
		t.Helper()
		tx := p.store.Begin()
		by := ledger.Identity{MSP: "UtilityMSP", Subject: "cert"}
		b, err := codec.Serve(codec.Call{Channel: "alliance", Tx: chaincode.Tx{ID: "tx", At: 7, Caller: by}}, tx, function, request)
		if err != nil {
			t.Fatal(err)
		}
		tx.Commit()
		r, err := codec.DecodeHistoryResult(b)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := call(codec.FunctionCarry, codec.CarryRequest{Blocks: [][]byte{block}}.Encode())
	if r.Code != ledger.CodeOK || r.History.Blocks != 1 || r.History.Hash != sha256.Sum256(block) || !slices.Equal(r.History.Missing(), []string{"UtilityMSP"}) {
		t.Fatalf("carried over with %+v", r)
	}
	if r := call(codec.FunctionAdopt, codec.AdoptRequest{Hash: ledger.Hash{1}}.Encode()); r.Code != ledger.CodeHistoryMismatch || r.Message == "" {
		t.Errorf("another past is adopted with %+v", r)
	}
	r = call(codec.FunctionAdopt, codec.AdoptRequest{Subject: "clerk", Hash: r.History.Hash}.Encode())
	want := []ledger.Adoption{{By: ledger.Identity{MSP: "UtilityMSP", Subject: "clerk"}, At: 7}}
	if r.Code != ledger.CodeOK || !reflect.DeepEqual(r.History.Adopted, want) {
		t.Errorf("adopted with %+v, want %+v", r, want)
	}
}

func TestMalformedRequestsOfAHistoryAreRefused(t *testing.T) {
	for function, whole := range map[string][]byte{
		codec.FunctionCarry: codec.CarryRequest{Blocks: [][]byte{{1, 2, 3}}}.Encode(),
		codec.FunctionAdopt: codec.AdoptRequest{Subject: "clerk", Hash: ledger.Hash{1}}.Encode(),
	} {
		for _, b := range [][]byte{nil, {9}, whole[:len(whole)-1], append(slices.Clone(whole), 0)} {
			_, err := codec.Serve(codec.Call{}, ledgertest.NewStore().Begin(), function, b)
			if codec.Status(err) != codec.StatusRequest {
				t.Errorf("%s of % x ended with %v", function, b, err)
			}
		}
	}
}
