package ledgertest

import (
	"encoding/json"
	"errors"
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

func testReceipts(s *suite) {
	d, a := s.partner(0, 0).agree(in, nil), s.member()
	var commands []ledger.Command
	for n := range int64(7) {
		c := s.command(d.in(a, n+1))
		c.Body.(*ledger.ConvertIn).Reference = "机票 <7> & \"x\"\u2028"
		commands = append(commands, c)
	}
	results := s.submit(s.Utility, commands...)
	s.each("and is provisional until a checkpoint", func() {
		r := s.receipt(commands[0].ID)
		if err := s.Verify(&r); r.Provisional && !errors.Is(err, ledger.ErrReceiptProvisional) || !r.Provisional && err != nil {
			s.Errorf("provisional is %t, verifying returned %v", r.Provisional, err)
		}
	})
	s.each("each of a batch", func() {
		for i, c := range commands {
			r := s.proof(c.ID)
			if err := s.Verify(&r); err != nil {
				s.Errorf("receipt %d: %v", i, err)
			}
			if !reflect.DeepEqual(r.Transfer, results[i].Entry.Transfer) {
				s.Errorf("receipt %d is of %+v, want %+v", i, r.Transfer, results[i].Entry.Transfer)
			}
		}
	})
	s.each("and no other", func() { s.forged(commands[3].ID) })
	s.each("and stays the same", func() {
		first := s.proof(commands[0].ID)
		s.ok(d.in(a, 1))
		s.proof(s.ok(d.in(a, 2)).ID)
		if again := s.receipt(commands[0].ID); !reflect.DeepEqual(first.Checkpoint.Record, again.Checkpoint.Record) {
			s.Errorf("the checkpoint was %+v and is %+v", first.Checkpoint.Record, again.Checkpoint.Record)
		}
	})
	s.each("without a batch there is no checkpoint", func() {
		first := s.submit(s.Utility, s.command(&ledger.Checkpoint{}))[0].Code
		second := s.submit(s.Utility, s.command(&ledger.Checkpoint{}))[0].Code
		if first != ledger.CodeOK && first != ledger.CodeNothingToCheckpoint || second != ledger.CodeNothingToCheckpoint {
			s.Errorf("checkpoints ended with %s and %s", first, second)
		}
	})
}

// receipt fetches a receipt and takes it the way of a file.
func (s *suite) receipt(id ledger.ID) ledger.Receipt {
	s.Helper()
	r, err := s.Ledger.Receipt(s.ctx, id)
	s.check(err)
	b, err := json.Marshal(r)
	s.check(err)
	parsed, err := ledger.ParseReceipt(b)
	s.check(err)
	return *parsed
}

// proof waits until a receipt is no longer provisional.
func (s *suite) proof(id ledger.ID) (r ledger.Receipt) {
	s.Helper()
	if s.AwaitCheckpoint != nil {
		s.check(s.AwaitCheckpoint(s.ctx))
	}
	s.await("a checkpoint", func() bool {
		r = s.receipt(id)
		return !r.Provisional
	})
	return r
}

// forged changes parts of a receipt: none may verify then.
func (s *suite) forged(id ledger.ID) {
	for name, change := range map[string]func(*ledger.Receipt){
		"amount":         func(r *ledger.Receipt) { r.Transfer.Amount++ },
		"record":         func(r *ledger.Receipt) { r.Record[20] ^= 1 },
		"time":           func(r *ledger.Receipt) { r.Batch.At++; r.Transfer.At++ },
		"window":         func(r *ledger.Receipt) { r.Batch.Window++; r.Transfer.Window++ },
		"place in batch": func(r *ledger.Receipt) { r.Index ^= 1 },
		"block":          func(r *ledger.Receipt) { r.Block++ },
		"root":           func(r *ledger.Receipt) { r.Checkpoint.Record.Root[0] ^= 1 },
		"number":         func(r *ledger.Receipt) { r.Checkpoint.Record.Number++ },
		"no checkpoint":  func(r *ledger.Receipt) { r.Checkpoint = nil },
		"version":        func(r *ledger.Receipt) { r.Version++ },
	} {
		r := s.proof(id)
		change(&r)
		if err := s.Verify(&r); !errors.Is(err, ledger.ErrReceiptInvalid) {
			s.Errorf("with another %s, verifying returned %v", name, err)
		}
	}
}
