package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Gateways speak in frames: four bytes of length, then that many bytes, of which
// the first says what they are.
const (
	frameHello   = 1 // who calls: version, slot, token, number of the connection
	frameOrder   = 2 // commands for a lane
	frameAnswer  = 3 // what became of an order
	frameTokens  = 4 // the tokens that count from now on
	frameLanes   = 5 // nobody with an older token has anything under way: the lanes that are held
	helloVersion = 2
)

// frameMax bounds a frame: a whole batch of the largest commands, or its results.
const frameMax = 32 << 20

// order gives commands of one caller to a lane.
type order struct {
	number   uint64 // by which its answer is known, on a connection
	lane     uint32
	epoch    uint64 // under which the lane is served by who gets the order
	caller   ledger.Identity
	commands []ledger.Command
}

func (o *order) append(e *wire.Encoder) {
	e.Byte(frameOrder)
	e.Uint(o.number)
	e.Uint(uint64(o.lane))
	e.Uint(o.epoch)
	o.caller.Append(e)
	e.Raw(ledger.EncodeBatch(o.commands))
}

func readOrder(d *wire.Decoder) (o order, err error) {
	o.number, o.lane, o.epoch, o.caller = d.Uint(), d.Uint32(), d.Uint(), ledger.ReadIdentity(d)
	rest := d.Raw(d.Len())
	if err := d.Close(); err != nil {
		return order{}, err
	}
	o.commands, err = ledger.DecodeBatch(rest)
	return o, err
}

// answer is what became of an order.
type answer struct {
	number  uint64
	results []ledger.Result
	err     error
}

func (a *answer) append(e *wire.Encoder) {
	e.Byte(frameAnswer)
	e.Uint(a.number)
	appendError(e, a.err)
	if a.err != nil {
		return
	}
	e.Uint(uint64(len(a.results)))
	for i := range a.results {
		appendResult(e, &a.results[i])
	}
}

func readAnswer(d *wire.Decoder) (a answer, err error) {
	a.number = d.Uint()
	if a.err = readError(d); a.err == nil {
		a.results = make([]ledger.Result, d.Count(3))
		for i := range a.results {
			a.results[i] = readResult(d)
		}
	}
	return a, d.Close()
}

func appendResult(e *wire.Encoder, r *ledger.Result) {
	e.String(string(r.Code))
	e.String(r.Message)
	e.Bool(r.Replayed)
	if r.Code != ledger.CodeOK {
		return
	}
	at := r.Entry.Locator
	e.Uint(uint64(at.Lane))
	e.Uint(at.Batch)
	e.Uint(uint64(at.Index))
	e.Int(r.Entry.Transfer.At)
	e.Int(int64(r.Entry.Transfer.Window))
	r.Entry.Transfer.Append(e)
}

func readResult(d *wire.Decoder) (r ledger.Result) {
	r.Code, r.Message, r.Replayed = ledger.Code(d.String()), d.String(), d.Bool()
	if r.Code != ledger.CodeOK {
		return r
	}
	at := ledger.Locator{Lane: d.Uint32(), Batch: d.Uint(), Index: d.Uint32()}
	instant, window := d.Int(), ledger.Date(d.Int32())
	r.Entry = ledger.Entry{Transfer: ledger.ReadTransfer(d), Locator: at}
	r.Entry.Transfer.At, r.Entry.Transfer.Window = instant, window
	return r
}

// travelling are the errors that keep their meaning between gateways, each as the
// bit of its place.
var travelling = [...]error{ledger.ErrNotOwner, ledger.ErrFenced, ledger.ErrBusy, ledger.ErrClosed,
	ledger.ErrOutcomeUnknown, ledger.ErrNoIdentity, ErrLost}

// otherError is the bit of an error that is none of those.
const otherError = 1 << len(travelling)

func appendError(e *wire.Encoder, err error) {
	bits := uint64(0)
	for i, one := range travelling {
		if errors.Is(err, one) {
			bits |= 1 << i
		}
	}
	if err != nil && bits == 0 {
		bits = otherError
	}
	e.Uint(bits)
	if err != nil {
		e.String(err.Error())
	}
}

func readError(d *wire.Decoder) error {
	bits := d.Uint()
	if bits == 0 || d.Err() != nil {
		return nil
	}
	err := &remoteError{text: d.String()}
	for i, one := range travelling {
		if bits&(1<<i) != 0 {
			err.is = append(err.is, one)
		}
	}
	return err
}

// remoteError is an error that another gateway met.
type remoteError struct {
	is   []error
	text string
}

func (e *remoteError) Error() string   { return "at another gateway: " + e.text }
func (e *remoteError) Unwrap() []error { return e.is }

// appendSlots and readSlots carry tokens, by slot.
func appendSlots(e *wire.Encoder, all []Slot) {
	e.Uint(uint64(len(all)))
	for _, s := range all {
		e.Byte(s.Number)
		e.Uint(s.Token)
	}
}

func readSlots(d *wire.Decoder) []Slot {
	all := make([]Slot, d.Count(2))
	for i := range all {
		all[i] = Slot{Number: d.Byte(), Token: d.Uint()}
	}
	return all
}

func appendHello(e *wire.Encoder, as line) {
	e.Byte(frameHello)
	e.Byte(helloVersion)
	e.Byte(as.Number)
	e.Uint(as.Token)
	e.Uint(as.number)
}

func readHello(d *wire.Decoder) (line, error) {
	if d.Byte() != frameHello || d.Byte() != helloVersion {
		d.Fail("not the greeting of a gateway of this release")
	}
	as := line{Slot: Slot{Number: d.Byte(), Token: d.Uint()}, number: d.Uint()}
	return as, d.Close()
}

func appendLanes(e *wire.Encoder, number uint64, lanes []uint32) {
	e.Byte(frameLanes)
	e.Uint(number)
	e.Uint(uint64(len(lanes)))
	for _, lane := range lanes {
		e.Uint(uint64(lane))
	}
}

func readLanes(d *wire.Decoder) (number uint64, lanes []uint32, err error) {
	number = d.Uint()
	lanes = make([]uint32, d.Count(1))
	for i := range lanes {
		lanes[i] = d.Uint32()
	}
	return number, lanes, d.Close()
}

// appendFrame appends what write encodes as one frame.
func appendFrame(e *wire.Encoder, write func(*wire.Encoder)) {
	at := len(e.Bytes())
	e.Raw([]byte{0, 0, 0, 0})
	write(e)
	all := e.Bytes()
	binary.BigEndian.PutUint32(all[at:], uint32(len(all)-at-4))
}

// readFrame reads a frame into memory of its own, because what is decoded may alias it.
func readFrame(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n == 0 || n > frameMax {
		return nil, fmt.Errorf("cluster: a frame of %d bytes, want 1 to %d", n, frameMax)
	}
	body := make([]byte, n)
	_, err := io.ReadFull(r, body)
	return body, err
}
