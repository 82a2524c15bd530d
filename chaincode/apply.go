package chaincode

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// Apply executes a batch of commands, in order, as one transaction, and writes
// what they changed. There is one result per command; commands that are refused
// or were executed before write nothing. An error says that state failed or is
// damaged; nothing of the transaction may then be kept.
func Apply(tx Tx, state State, batch []ledger.Command) ([]ledger.Result, error) {
	return apply(tx, state, batch, false)
}

// apply is Apply, or with carried what a block of a history did, which nobody
// has adopted yet.
func apply(tx Tx, state State, batch []ledger.Command, carried bool) ([]ledger.Result, error) {
	w := newWork(tx, state, len(batch))
	results := screen(batch)
	if err := w.prefetch(batch, results); err != nil {
		return nil, err
	}
	if w.fenced(results) || !carried && w.unadopted(results) {
		return results, nil
	}
	window, initialised := w.window(), w.alliance.present
	for i, c := range batch {
		if results[i].Code != "" {
			continue
		}
		if err := w.execute(c, len(batch), &results[i]); err != nil {
			return nil, err
		}
	}
	if !initialised { // unless by this batch
		window = w.window()
	}
	if err := errors.Join(w.seal(window), w.reign()); err != nil {
		return nil, err
	}
	if err := w.flush(); err != nil {
		return nil, err
	}
	return results, nil
}

// screen checks each command by itself. The code stays empty when there is
// nothing wrong with it.
func screen(batch []ledger.Command) []ledger.Result {
	results := make([]ledger.Result, len(batch))
	for i, c := range batch {
		err := c.Validate()
		if len(batch) > ledger.BatchMax {
			err = fmt.Errorf("the batch has %d commands, at most %d", len(batch), ledger.BatchMax)
		}
		if err != nil {
			results[i] = ledger.Result{Code: ledger.CodeInvalid, Message: strings.ReplaceAll(err.Error(), "\n", "; ")}
		}
	}
	return results
}

// execute carries one command out. The error is a fault, never a refusal.
func (w *work) execute(c ledger.Command, size int, result *ledger.Result) error {
	digest := w.digest(c)
	earlier, err := w.earlier(c, digest)
	if err == nil && earlier != nil {
		*result = ledger.Result{Code: ledger.CodeOK, Replayed: true, Entry: *earlier}
		return nil
	}
	if err == nil {
		result.Entry.Transfer = ledger.Transfer{ID: c.ID, Kind: c.Body.Kind(), At: w.tx.At, Window: w.window(), Digest: digest, Evidence: c.Evidence}
		err = w.perform(c, size, &result.Entry)
	}
	var no *refusal
	if errors.As(err, &no) {
		w.undo()
		*result = ledger.Result{Code: no.code, Message: no.message}
		return nil
	}
	result.Code = ledger.CodeOK
	return err
}

// digest is [ledger.Command.Digest] without its allocations.
func (w *work) digest(c ledger.Command) ledger.Digest {
	w.scratch.Reset()
	c.Append(&w.scratch)
	return ledger.DigestOf(w.scratch.Bytes())
}

// earlier returns what a command with the same ID and content wrote before, or
// nil when the ID is new. What is no transfer has no earlier.
func (w *work) earlier(c ledger.Command, digest ledger.Digest) (*ledger.Entry, error) {
	if !c.Body.Kind().Recorded() {
		return nil, nil
	}
	e, err := w.find(c.ID)
	if err != nil {
		return nil, err
	}
	if e != nil && e.Transfer.Digest != digest {
		return nil, refuse(ledger.CodeIDConflict, "ID %s was used before for a %s with other content; use a new ID", c.ID, e.Transfer.Kind)
	}
	return e, nil
}

// find returns the transfer with an ID, of this batch or an earlier one of
// whichever lane, or nil.
func (w *work) find(id ledger.ID) (*ledger.Entry, error) {
	if i, ok := w.own.places[id]; ok {
		return w.own.entries[i], nil
	}
	at, ok, err := w.locate(id)
	if err != nil || !ok {
		return nil, err
	}
	b, err := w.batches.get(w, berth{at.Lane, at.Batch})
	if err != nil {
		return nil, err
	}
	if !b.present {
		return nil, damaged("the index names batch %d of lane %d, which is not there", at.Batch, at.Lane)
	}
	e, err := b.now.entry(at.Index)
	if err == nil && e.Transfer.ID != id {
		err = damaged("the index leads from ID %s to transfer %s", id, e.Transfer.ID)
	}
	return &e, err
}
