package cluster

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// What can be read is encoded as it came, save the text of another gateway's error.
func FuzzFrame(f *testing.F) {
	for _, write := range []func(*wire.Encoder){
		func(e *wire.Encoder) { appendHello(e, line{Slot: Slot{Number: 3, Token: 900}, number: 2}) },
		func(e *wire.Encoder) { appendLanes(e, 7, []uint32{0, 300}) },
		func(e *wire.Encoder) {
			e.Byte(frameTokens)
			e.Uint(9)
			appendSlots(e, []Slot{{Number: 1, Token: 5}})
		},
		(&order{number: 1, lane: 2, epoch: 300, caller: ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"},
			commands: []ledger.Command{{Body: &ledger.Checkpoint{}}, {Body: &ledger.Issue{Amount: 5, Reason: "test"}}}}).append,
		(&answer{number: 4, results: []ledger.Result{{Code: ledger.CodeInsufficientPoints, Message: "has 3"},
			{Code: ledger.CodeOK, Replayed: true, Entry: ledger.Entry{Transfer: ledger.Transfer{Kind: ledger.KindIssue, Amount: 5}}}}}).append,
		(&answer{number: 5, err: errMoved}).append,
		(&answer{number: 6, err: errors.New("something else")}).append,
	} {
		var e wire.Encoder
		write(&e)
		f.Add(e.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := reencode(b)
		switch {
		case err != nil && !errors.Is(err, wire.ErrCorrupt):
			t.Errorf("%x: %v", b, err)
		case err == nil && !bytes.Equal(again, b):
			t.Errorf("%x is read as what is encoded as %x", b, again)
		}
	})
}

// reencode reads a frame of any kind and encodes what was read.
func reencode(b []byte) ([]byte, error) {
	d, e := wire.NewDecoder(b), &wire.Encoder{}
	switch d.Byte() {
	case frameHello:
		as, err := readHello(wire.NewDecoder(b))
		appendHello(e, as)
		return e.Bytes(), err
	case frameOrder:
		o, err := readOrder(d)
		if err == nil {
			o.append(e)
		}
		return e.Bytes(), err
	case frameTokens:
		e.Byte(frameTokens)
		e.Uint(d.Uint())
		appendSlots(e, readSlots(d))
		return e.Bytes(), d.Close()
	case frameLanes:
		number, lanes, err := readLanes(d)
		appendLanes(e, number, lanes)
		return e.Bytes(), err
	case frameAnswer:
		a, err := readAnswer(d)
		if a.err != nil {
			return b, err
		}
		a.append(e)
		return e.Bytes(), err
	}
	d.Fail("no kind of frame")
	return nil, d.Close()
}
