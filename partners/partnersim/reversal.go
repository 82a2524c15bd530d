package partnersim

import (
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// undoing is what the books remember of a reversal.
type undoing struct {
	transfer  connector.ID
	amount    int64 // asked for
	reversed  int64 // of the transfer, after this reversal
	reference string
	declined  decline // code empty if it was done
}

func (u *undoing) encode() []byte {
	b := newRecord(64 + len(u.reference) + len(u.declined.detail))
	b = append(b, u.transfer[:]...)
	b = appendInt(b, u.amount)
	b = appendInt(b, u.reversed)
	b = appendText(b, u.reference)
	b = appendText(b, string(u.declined.code))
	return appendText(b, u.declined.detail)
}

func (u *undoing) decode(b []byte) error {
	r := readRecord(b)
	u.transfer = r.id()
	u.amount, u.reversed = r.int(), r.int()
	u.reference = r.text()
	u.declined.code = connector.DeclineCode(r.text())
	u.declined.detail = r.text()
	return r.done()
}

func (u *undoing) answer() connector.Answer {
	a := connector.Answer{Outcome: connector.Done, Reference: u.reference, ReversedAmount: u.reversed}
	if u.declined.code != "" {
		a.Outcome, a.DeclineCode, a.DeclineDetail = connector.Declined, u.declined.code, u.declined.detail
	}
	return a
}

// reverse books a reversal, or answers a repeat.
func (h *Host) reverse(r *connector.Reversal, forced func() *decline) (connector.Answer, error) {
	u, w, err := h.lockedReversal(r, forced)
	if err == nil && w.batch == nil {
		err = h.store.settle() // a repeat
	}
	if err = errors.Join(err, w.wait()); err != nil {
		return connector.Answer{}, err
	}
	return u.answer(), nil
}

func (h *Host) lockedReversal(r *connector.Reversal, forced func() *decline) (u undoing, w write, err error) {
	defer h.reversalLocks.lock(r.ID[:]).Unlock()
	found, err := h.store.get(reversalKey(r.ID), u.decode)
	if err != nil {
		return u, write{}, err
	}
	if found {
		if u.transfer != r.TransferID || u.amount != r.Amount {
			return u, write{}, errReversalConflict
		}
		return u, write{}, nil
	}
	u = undoing{transfer: r.TransferID, amount: r.Amount}
	defer h.transferLocks.lock(r.TransferID[:]).Unlock()
	var e entry
	if found, err = h.store.get(transferKey(r.TransferID), e.decode); err != nil {
		return u, write{}, err
	}
	w, err = h.undo(r, &u, &e, found, forced)
	return u, w, err
}

// undo decides on a new reversal. Both the reversal and the transfer are locked.
func (h *Host) undo(r *connector.Reversal, u *undoing, e *entry, found bool, forced func() *decline) (write, error) {
	u.reversed = e.reversed
	if d := forced(); d != nil {
		u.declined = *d
		return h.recordUndoing(r.ID, u)
	}
	switch {
	case !found:
		*e = entry{tombstone: true}
		return h.recordUndoing(r.ID, u, e)
	case e.tombstone || e.declined.code != "":
		return h.recordUndoing(r.ID, u)
	case r.Amount > e.amount-e.reversed:
		u.declined = decline{connector.DeclineAboveOriginal, fmt.Sprintf("%d of %d are reversed already", e.reversed, e.amount)}
		return h.recordUndoing(r.ID, u)
	}
	return h.bookUndoing(r, u, e)
}

// recordUndoing writes a reversal that moved nothing, with a tombstone if one is
// given.
func (h *Host) recordUndoing(id connector.ID, u *undoing, tombstone ...*entry) (write, error) {
	u.reference = h.nextOrder().reference('R')
	batch := h.store.db.NewBatch()
	if err := batch.Set(reversalKey(id), u.encode(), nil); err != nil {
		return write{}, err
	}
	for _, e := range tombstone {
		e.reference = u.reference
		if err := batch.Set(transferKey(u.transfer), e.encode(), nil); err != nil {
			return write{}, err
		}
	}
	return h.store.apply(batch)
}

// bookUndoing moves the points back. Giving back asks for no status: the points
// are the member's, also after the membership was closed.
func (h *Host) bookUndoing(r *connector.Reversal, u *undoing, e *entry) (write, error) {
	key := memberKey(e.membership)
	defer h.memberLocks.lock(key[1:]).Unlock()
	var a account
	found, err := h.store.get(key, a.decode)
	if err == nil && !found {
		err = errCorrupt // members are never deleted
	}
	if err != nil {
		return write{}, err
	}
	kind := connector.LineDebitReversal
	if e.kind == connector.Debit {
		u.declined.code = a.move(r.Amount, &a.givenBack, true)
	} else {
		kind = connector.LineCreditReversal
		u.declined.code = a.move(r.Amount, &a.takenBack, false)
	}
	if u.declined.code != "" {
		return h.recordUndoing(r.ID, u)
	}
	e.reversed += r.Amount
	order := h.nextOrder()
	u.reversed, u.reference = e.reversed, order.reference('R')
	l := line{kind: kind, transfer: r.TransferID, reversal: r.ID, amount: r.Amount, reference: u.reference, occurredAt: r.OccurredAt.UnixNano()}
	return h.commit(order, &l, setting{key, a.encode()}, setting{transferKey(r.TransferID), e.encode()}, setting{reversalKey(r.ID), u.encode()})
}

// reversalStatus answers how a reversal stands. It returns errNeverSeen.
func (h *Host) reversalStatus(id connector.ID) (connector.ReversalStatus, error) {
	var u undoing
	found, err := h.store.get(reversalKey(id), u.decode)
	if err == nil && !found {
		err = errNeverSeen
	}
	if err != nil {
		return connector.ReversalStatus{}, err
	}
	return connector.ReversalStatus{Answer: u.answer(), TransferID: u.transfer, Amount: u.amount}, h.store.settle()
}
