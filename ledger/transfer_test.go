package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
	"pgregory.net/rapid"
)

func TestATransferSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want ledger.Transfer
		fill(t, reflect.ValueOf(&want).Elem())
		want.At, want.Window = 0, 0 // of the batch
		want.Kind &= 0x7f           // the last bit says that there is an evidence
		e := wire.NewEncoder(nil)
		want.Append(e)
		d := wire.NewDecoder(e.Bytes())
		if got := ledger.ReadTransfer(d); d.Close() != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read %+v, %v, want %+v", got, d.Close(), want)
		}
	})
}

// TestATransferSurvivesItsJSON is what receipts rest on.
func TestATransferSurvivesItsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want ledger.Transfer
		fill(t, reflect.ValueOf(&want).Elem())
		for _, id := range []*ledger.ID{&want.ID, &want.Related} {
			id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
		}
		for _, l := range []*ledger.Leg{want.Source, want.Destination} {
			if l != nil {
				l.Agreement = want.ID
			}
		}
		want.Kind = rapid.SampledFrom(bodies()).Draw(t, "kind").Kind()
		want.Window = ledger.Date(rapid.Int32Range(0, int32(ledger.DateMax)).Draw(t, "window"))
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got ledger.Transfer
		if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s is read as %+v, %v, want %+v", b, got, err, want)
		}
	})
}

func TestHeadersAndCheckpointsSurviveTheirEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var header ledger.BatchHeader
		var record ledger.CheckpointRecord
		fill(t, reflect.ValueOf(&header).Elem())
		fill(t, reflect.ValueOf(&record).Elem())
		e := wire.NewEncoder(nil)
		header.Append(e)
		record.Append(e)
		d := wire.NewDecoder(e.Bytes())
		gotHeader, gotRecord := ledger.ReadBatchHeader(d), ledger.ReadCheckpointRecord(d)
		if d.Close() != nil || gotHeader != header || gotRecord != record {
			t.Fatalf("read %+v and %+v, %v", gotHeader, gotRecord, d.Close())
		}
	})
}

// FuzzReadTransfer checks that there is one encoding of what can be read: records
// are hashed.
func FuzzReadTransfer(f *testing.F) {
	for _, t := range []ledger.Transfer{
		{}, {Kind: ledger.KindIssue, Account: ledger.Account{1}, Amount: 5, Lots: []ledger.Lot{{Expiry: 700, Amount: 5}}, Reason: "r"},
		{Kind: ledger.KindReverse, Related: someID, Source: &ledger.Leg{Partner: "sky", Residue: -1}, Destination: &ledger.Leg{}, Reference: "x"},
		{Kind: ledger.KindFreeze, Body: []byte{1, 2}, To: "mall"},
		{Kind: ledger.KindConvertIn, Amount: 5, Evidence: &ledger.Evidence{JWS: "e30..AA", Body: ledger.Hash{1}}},
	} {
		e := wire.NewEncoder(nil)
		t.Append(e)
		f.Add(e.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := wire.NewDecoder(b)
		transfer := ledger.ReadTransfer(d)
		if err := d.Close(); err != nil {
			if !errors.Is(err, wire.ErrCorrupt) {
				t.Errorf("returned %v", err)
			}
			return
		}
		e := wire.NewEncoder(nil)
		transfer.Append(e)
		if !bytes.Equal(e.Bytes(), b) {
			t.Errorf("%x is read as what is encoded as %x", b, e.Bytes())
		}
	})
}
