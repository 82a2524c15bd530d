package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

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
	if err := w.keep(); err != nil || !t.Kind.Recorded() {
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
	if err := w.routed(c.Body); err != nil {
		return err
	}
	switch kind {
	case ledger.KindInitialise, ledger.KindProposeAgreement, ledger.KindAcceptAgreement,
		ledger.KindRejectAgreement, ledger.KindCheckpoint, ledger.KindAdvanceSettlement,
		ledger.KindProposeAdjustment, ledger.KindAcceptAdjustment, ledger.KindRejectAdjustment:
	default:
		if w.tx.Caller.MSP != w.alliance.now.msp {
			return refuse(ledger.CodeNotPermitted, "a %s is given by the utility %q, not by %q", kind, w.alliance.now.msp, w.tx.Caller.MSP)
		}
	}
	if !kind.Recorded() || w.lanes() > 1 {
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
	case *ledger.TakeBack:
		return w.takeIssueBack(&taking{ledger.TakeBackPart{Original: c.Original, Account: c.Account, Reason: c.Reason}, true}, t)
	case *ledger.TakeBackPart:
		return w.takeIssueBack(&taking{TakeBackPart: *c}, t)
	case *ledger.Expire:
		return w.expire(c, t)
	case *ledger.Checkpoint:
		return w.checkpoint(t)
	case *ledger.TakeLane:
		return w.takeLane()
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
	case *ledger.SetLanes:
		return w.setLanes(c)
	case *ledger.AdvanceSettlement:
		return w.advanceSettlement(c, t)
	case *ledger.ProposeAdjustment:
		return w.proposeAdjustment(c, t)
	case *ledger.AcceptAdjustment:
		return w.acceptAdjustment(c, t)
	case *ledger.RejectAdjustment:
		return w.rejectAdjustment(c, t)
	}
	return refuse(ledger.CodeInvalid, "a %s is unknown to this version of the contract", body.Kind())
}
