package codec

import (
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Statement is what a response of [FunctionBatch] or [FunctionAttest] says for
// others than the caller: companies' signatures over it are part of receipts.
type Statement struct {
	// Channel is named because an endorsement does not say by itself for which
	// channel it was given.
	Channel string
	// Checkpoint is nil in most responses.
	Checkpoint *ledger.CheckpointRecord
	// SignedAt is when the companies signed, by the clocks of their machines; zero
	// without a checkpoint. A checkpoint has the ledger's time, which may be another:
	// the clock of a sandbox is moved by years, and a company that was away signs
	// later. Certificates are valid by the machines' time.
	SignedAt time.Time
}

// SignTolerance is how far the time in a request may be from the clock of the
// machine that is to sign it.
const SignTolerance = 15 * time.Minute

// now refuses to sign with a time that is not the machine's.
func (c *Call) now(at time.Time) error {
	if off := at.Sub(c.Now); !c.Now.IsZero() && off.Abs() > SignTolerance {
		return fmt.Errorf("%w: to be signed as of %s, which is %s from this machine's clock, at most %s",
			errRequest, at.UTC().Format(time.RFC3339), off, SignTolerance)
	}
	return nil
}

func (s *Statement) append(e *wire.Encoder) {
	e.String(s.Channel)
	e.Bool(s.Checkpoint != nil)
	if s.Checkpoint != nil {
		s.Checkpoint.Append(e)
		e.Int(s.SignedAt.UnixMilli())
	}
}

// DecodeStatement reads the statement that a response begins with.
func DecodeStatement(b []byte) (Statement, error) {
	d := open(b)
	s := readStatement(d)
	return s, named("statement", d.Err())
}

func readStatement(d *wire.Decoder) (s Statement) {
	s.Channel = d.String()
	if d.Bool() {
		r := ledger.ReadCheckpointRecord(d)
		s.Checkpoint, s.SignedAt = &r, time.UnixMilli(d.Int())
	}
	return s
}
