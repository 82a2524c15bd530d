package chaincode

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Apply executes a batch of commands, in order, as one transaction, and writes
// what they changed. There is one result per command; commands that are refused
// or were executed before write nothing. An error says that state failed or is
// damaged; nothing of the transaction may then be kept.
func Apply(tx Tx, state State, batch []ledger.Command) ([]ledger.Result, error) {
	w := newWork(tx, state, len(batch))
	results := screen(batch)
	if err := w.prefetch(batch, results); err != nil {
		return nil, err
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
	if err := w.seal(window); err != nil {
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
		result.Entry.Transfer = ledger.Transfer{ID: c.ID, Kind: c.Body.Kind(), At: w.tx.At, Window: w.window(), Digest: digest}
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
// nil when the ID is new. Checkpoints are no transfers and have no earlier.
func (w *work) earlier(c ledger.Command, digest ledger.Digest) (*ledger.Entry, error) {
	if c.Body.Kind() == ledger.KindCheckpoint {
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

// find returns the transfer with an ID, of this batch or an earlier one of the
// lane, or nil.
func (w *work) find(id ledger.ID) (*ledger.Entry, error) {
	if i, ok := w.own.places[id]; ok {
		return w.own.entries[i], nil
	}
	p, err := w.pages.get(w, slice(id))
	if err != nil {
		return nil, err
	}
	number, index, ok := p.now.find(id)
	if !ok {
		return nil, nil
	}
	b, err := w.batches.get(w, number)
	if err != nil {
		return nil, err
	}
	if !b.present {
		return nil, damaged("the index names batch %d of lane %d, which is not there", number, w.tx.Lane)
	}
	e, err := b.now.entry(index)
	if err == nil && e.Transfer.ID != id {
		err = damaged("the index leads from ID %s to transfer %s", id, e.Transfer.ID)
	}
	return &e, err
}

// perform applies the rules to a new command and records its transfer.
func (w *work) perform(c ledger.Command, size int, entry *ledger.Entry) error {
	if err := w.admit(c, size); err != nil {
		return err
	}
	t := &entry.Transfer
	if err := w.rules(c.Body, t); err != nil {
		return err
	}
	if t.Kind == ledger.KindInitialise {
		t.Window = w.window()
	}
	if err := w.keep(); err != nil || t.Kind == ledger.KindCheckpoint {
		entry.Locator.Lane = w.tx.Lane
		return err
	}
	return w.record(entry)
}

// admit checks what has nothing to do with the command's content.
func (w *work) admit(c ledger.Command, size int) error {
	kind := c.Body.Kind()
	if !w.alliance.present && kind != ledger.KindInitialise {
		return refuse(ledger.CodeNotInitialised, "the ledger is empty; its first command is initialise")
	}
	if kind.Alone() && size > 1 {
		return refuse(ledger.CodeNotAlone, "a %s must be the only command of its batch", kind)
	}
	switch kind {
	case ledger.KindInitialise, ledger.KindProposeAgreement, ledger.KindAcceptAgreement,
		ledger.KindRejectAgreement, ledger.KindCheckpoint:
	default:
		if w.tx.Caller.MSP != w.alliance.now.msp {
			return refuse(ledger.CodeNotPermitted, "a %s is given by the utility %q, not by %q", kind, w.alliance.now.msp, w.tx.Caller.MSP)
		}
	}
	if kind == ledger.KindCheckpoint {
		return nil
	}
	p, err := w.pages.get(w, slice(c.ID))
	if err == nil && p.now.full() {
		return refuse(ledger.CodeIDSliceFull, "%d commands carry the time %d ms in their IDs; use a new ID", pageMax, c.ID.Milli())
	}
	return err
}

// rules carries a command out in the working set and fills in its transfer.
func (w *work) rules(body ledger.Body, t *ledger.Transfer) error {
	switch c := body.(type) {
	case *ledger.ConvertIn:
		return w.convertIn(c, t)
	case *ledger.ConvertOut:
		return w.convertOut(c, t)
	case *ledger.CrossConvert:
		return w.crossConvert(c, t)
	case *ledger.Hold:
		return w.hold(c, t)
	case *ledger.Post:
		return w.post(c, t)
	case *ledger.Void:
		return w.void(c, t)
	case *ledger.Reverse:
		return w.reverse(c, t)
	case *ledger.Issue:
		return w.issue(c, t)
	case *ledger.Expire:
		return w.expire(c, t)
	case *ledger.Checkpoint:
		return w.checkpoint(t)
	}
	return w.govern(body, t)
}

// govern carries out the commands that move no points. Their transfer carries
// the command itself.
func (w *work) govern(body ledger.Body, t *ledger.Transfer) error {
	e := wire.NewEncoder(nil)
	ledger.Command{ID: t.ID, Body: body}.Append(e)
	t.Body = e.Bytes()
	switch c := body.(type) {
	case *ledger.Initialise:
		return w.initialise(c)
	case *ledger.RegisterPartner:
		return w.registerPartner(c)
	case *ledger.SuspendPartner:
		return w.suspendPartner(c, t)
	case *ledger.ProposeAgreement:
		return w.proposeAgreement(c, t)
	case *ledger.AcceptAgreement:
		return w.acceptAgreement(c)
	case *ledger.RejectAgreement:
		return w.rejectAgreement(c, t)
	case *ledger.Freeze:
		return w.freeze(c, t)
	case *ledger.CloseWindow:
		return w.closeWindow(c)
	}
	return refuse(ledger.CodeInvalid, "a %s is unknown to this version of the contract", body.Kind())
}
