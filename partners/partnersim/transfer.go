package partnersim

import (
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// Refusals that become problem documents; they leave no trace in the books.
var (
	errTransferConflict = errors.New("this transfer_id came before with another kind, membership or amount")
	errReversalConflict = errors.New("this reversal_id came before with another transfer or amount")
	errProgramme        = errors.New("this host does not run that programme")
	errNeverSeen        = errors.New("no such identifier was ever received")
)

// decline is a business refusal.
type decline struct {
	code   connector.DeclineCode
	detail string
}

// entry is what the books remember of a transfer.
type entry struct {
	// tombstone: a reversal came first. The kind is empty until the transfer
	// itself arrives, and is declined.
	tombstone  bool
	kind       connector.Kind
	membership string
	amount     int64
	reversed   int64
	reference  string
	declined   decline // code empty if it was done
}

func (e *entry) encode() []byte {
	b := newRecord(64 + len(e.membership) + len(e.reference) + len(e.declined.detail))
	flags := byte(0)
	if e.tombstone {
		flags = 1
	}
	b = append(b, flags)
	b = appendText(b, string(e.kind))
	b = appendText(b, e.membership)
	b = appendInt(b, e.amount)
	b = appendInt(b, e.reversed)
	b = appendText(b, e.reference)
	b = appendText(b, string(e.declined.code))
	return appendText(b, e.declined.detail)
}

func (e *entry) decode(b []byte) error {
	r := readRecord(b)
	e.tombstone = r.byte() == 1
	e.kind = kindOf(r.take(r.uint()))
	e.membership = r.text()
	e.amount, e.reversed = r.int(), r.int()
	e.reference = r.text()
	e.declined.code = connector.DeclineCode(r.text())
	e.declined.detail = r.text()
	return r.done()
}

func kindOf(b []byte) connector.Kind {
	switch string(b) {
	case string(connector.Debit):
		return connector.Debit
	case string(connector.Credit):
		return connector.Credit
	}
	return ""
}

// answer is what the transfer was and will be answered.
func (e *entry) answer() connector.Answer {
	if e.declined.code != "" {
		return connector.Answer{
			Outcome: connector.Declined, Reference: e.reference,
			DeclineCode: e.declined.code, DeclineDetail: e.declined.detail,
		}
	}
	return connector.Answer{Outcome: connector.Done, Reference: e.reference}
}

// transfer books a debit or credit, or answers a repeat. The function forced is
// asked, for new work only, whether a fault declines it.
func (h *Host) transfer(kind connector.Kind, t *connector.Transfer, forced func() *decline) (connector.Answer, error) {
	if t.Programme != h.o.Programme {
		return connector.Answer{}, errProgramme
	}
	e, w, err := h.lockedTransfer(kind, t, forced)
	if err == nil && w.batch == nil {
		err = h.store.settle() // a repeat
	}
	if err = errors.Join(err, w.wait()); err != nil {
		return connector.Answer{}, err
	}
	return e.answer(), nil
}

func (h *Host) lockedTransfer(kind connector.Kind, t *connector.Transfer, forced func() *decline) (e entry, w write, err error) {
	defer h.transferLocks.lock(t.ID[:]).Unlock()
	found, err := h.store.get(transferKey(t.ID), e.decode)
	switch {
	case err != nil:
		return e, write{}, err
	case found && e.kind == "": // a tombstone: the transfer arrives after its reversal
		e.kind, e.membership, e.amount = kind, t.Membership, t.Amount
		e.declined = decline{connector.DeclineReversedBeforeExecution, "a reversal of this transfer came first"}
		w, err = h.recordEntry(t.ID, &e)
		return e, w, err
	case found && (e.kind != kind || e.membership != t.Membership || e.amount != t.Amount):
		return e, write{}, errTransferConflict
	case found:
		return e, write{}, nil
	}
	e = entry{kind: kind, membership: t.Membership, amount: t.Amount}
	if d := forced(); d != nil {
		e.declined = *d
		w, err = h.recordEntry(t.ID, &e)
		return e, w, err
	}
	w, err = h.book(t, &e)
	return e, w, err
}

// recordEntry writes a transfer that moved nothing.
func (h *Host) recordEntry(id connector.ID, e *entry) (write, error) {
	e.reference = h.nextOrder().reference('D')
	batch := h.store.db.NewBatch()
	if err := batch.Set(transferKey(id), e.encode(), nil); err != nil {
		return write{}, err
	}
	return h.store.apply(batch)
}

// book moves the points of a new transfer, or declines it.
func (h *Host) book(t *connector.Transfer, e *entry) (write, error) {
	key := memberKey(t.Membership)
	defer h.memberLocks.lock(key[1:]).Unlock()
	var a account
	found, err := h.store.get(key, a.decode)
	if err != nil {
		return write{}, err
	}
	if e.declined = h.judge(&a, found, e); e.declined.code != "" {
		return h.recordEntry(t.ID, e)
	}
	order := h.nextOrder()
	e.reference = order.reference('D')
	l := line{kind: connector.LineKind(e.kind), transfer: t.ID, amount: t.Amount, reference: e.reference, occurredAt: t.OccurredAt.UnixNano()}
	return h.commit(order, &l, setting{key, a.encode()}, setting{transferKey(t.ID), e.encode()})
}

// judge moves the points on the account, or says why not.
func (h *Host) judge(a *account, found bool, e *entry) decline {
	if !found {
		return decline{code: connector.DeclineMembershipUnknown}
	}
	if code := a.barred(); code != "" {
		return decline{code: code}
	}
	if e.amount > h.o.LimitMax {
		return decline{connector.DeclineLimitExceeded, "the amount is above the programme's limit for one movement"}
	}
	if e.kind == connector.Credit {
		return decline{code: a.move(e.amount, &a.credits, true)}
	}
	return decline{code: a.move(e.amount, &a.debits, false)}
}

// setting is a key and its new value.
type setting struct{ key, value []byte }

// commit writes what moved points, with its line on the statement.
func (h *Host) commit(order order, l *line, settings ...setting) (write, error) {
	batch := h.store.db.NewBatch()
	for _, s := range settings {
		if err := batch.Set(s.key, s.value, nil); err != nil {
			return write{}, err
		}
	}
	day := h.dayOf(time.Unix(0, l.occurredAt))
	if err := batch.Set(lineKey(day, uint64(order)), l.encode(), nil); err != nil {
		return write{}, err
	}
	return h.store.apply(batch)
}

// transferStatus answers how a transfer stands. It returns errNeverSeen.
func (h *Host) transferStatus(id connector.ID) (connector.TransferStatus, error) {
	var e entry
	found, err := h.store.get(transferKey(id), e.decode)
	if err == nil && !found {
		err = errNeverSeen
	}
	if err != nil {
		return connector.TransferStatus{}, err
	}
	s := connector.TransferStatus{Answer: e.answer(), Kind: e.kind, Amount: e.amount}
	s.ReversedAmount = e.reversed
	if e.tombstone {
		s.Outcome = connector.Cancelled
	}
	return s, h.store.settle()
}
