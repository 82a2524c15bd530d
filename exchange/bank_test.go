package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// bank is a partner's system in memory that keeps the Connector API's contract.
// Before each call it asks its script how to behave.
type bank struct {
	mu        sync.Mutex
	balances  map[string]int64
	transfers map[connector.ID]*entry
	reversals map[connector.ID]reversed
	pending   []func()
	calls     map[connector.Verb]int
	script    func(v connector.Verb, id connector.ID) trick
}

type entry struct {
	transfer  connector.Transfer
	kind      connector.Kind
	answer    connector.Answer
	tombstone bool
}

type reversed struct {
	of     connector.ID
	amount int64
	answer connector.Answer
}

// trick is one way to behave.
type trick struct {
	do    how
	block <-chan struct{} // of hang
	code  connector.DeclineCode
}

type how uint8

const (
	behave     how = iota
	loseAnswer     // does the work, says nothing
	loseCall       // does nothing, says nothing
	delayCall      // says nothing, does the work at some later call
	notSent        // certainly nothing reached it
	busy           // promises to have done nothing
	refuseCall     // says that the request is malformed
	decline        // declines for good
	hang           // waits, then does nothing and says nothing
)

func newBank() *bank {
	return &bank{balances: map[string]int64{}, transfers: map[connector.ID]*entry{}, reversals: map[connector.ID]reversed{},
		calls: map[connector.Verb]int{}, script: func(connector.Verb, connector.ID) trick { return trick{} }}
}

var _ connector.Host = (*bank)(nil)

var errScript = errors.New("as the script says")

// meet counts the call and does its work as the script says. An error says that
// the caller gets no answer.
func (b *bank) meet(ctx context.Context, v connector.Verb, id connector.ID, work func(trick)) error {
	b.mu.Lock()
	b.calls[v]++
	script := b.script
	b.mu.Unlock()
	fail := func(class error) *connector.Error {
		return &connector.Error{Class: class, Partner: "bank", Verb: v, Err: errScript}
	}
	switch t := script(v, id); t.do {
	case hang:
		select {
		case <-t.block:
		case <-ctx.Done():
		}
		return fail(connector.ErrUnknown)
	case loseCall:
		return fail(connector.ErrUnknown)
	case delayCall:
		b.mu.Lock()
		b.pending = append(b.pending, func() { work(t) })
		b.mu.Unlock()
		return fail(connector.ErrUnknown)
	case notSent:
		return fail(connector.ErrNotSent)
	case busy:
		e := fail(connector.ErrBusy)
		e.After = time.Millisecond
		return e
	case refuseCall:
		return fail(connector.ErrRefused)
	case loseAnswer:
		work(t)
		return fail(connector.ErrUnknown)
	default:
		work(t)
		return nil
	}
}

// arrive lets what was delayed arrive.
func (b *bank) arrive() {
	b.mu.Lock()
	pending := b.pending
	b.pending = nil
	b.mu.Unlock()
	for _, work := range pending {
		work()
	}
}

func (b *bank) follow(script func(connector.Verb, connector.ID) trick) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.script = script
}

func (b *bank) count(v connector.Verb) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[v]
}

func (b *bank) balance(member string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.balances[member]
}

func (b *bank) spend(member string, amount int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balances[member] -= amount
}

func (b *bank) Validate(ctx context.Context, membership, programme string) (connector.MemberStatus, error) {
	status := connector.MemberUnknown
	err := b.meet(ctx, connector.VerbValidate, connector.ID{}, func(trick) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, ok := b.balances[membership]; ok {
			status = connector.MemberActive
		}
	})
	return status, err
}

func (b *bank) Debit(ctx context.Context, t connector.Transfer) (connector.Answer, error) {
	return b.move(ctx, connector.VerbDebit, connector.Debit, t)
}

func (b *bank) Credit(ctx context.Context, t connector.Transfer) (connector.Answer, error) {
	return b.move(ctx, connector.VerbCredit, connector.Credit, t)
}

func (b *bank) move(ctx context.Context, v connector.Verb, kind connector.Kind, t connector.Transfer) (connector.Answer, error) {
	if err := t.Validate(); err != nil {
		panic(err) // the exchange broke the contract
	}
	var a connector.Answer
	if err := b.meet(ctx, v, t.ID, func(how trick) { a = b.transfer(kind, t, how) }); err != nil {
		return connector.Answer{}, err
	}
	return a, nil
}

func (b *bank) transfer(kind connector.Kind, t connector.Transfer, how trick) connector.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.transfers[t.ID]
	switch {
	case ok && !e.tombstone:
		if e.kind != kind || e.transfer.Amount != t.Amount || e.transfer.Membership != t.Membership {
			panic(fmt.Sprintf("%s: the same ID with other content", t.ID))
		}
		return e.answer
	case ok:
		e.kind, e.transfer = kind, t
		return connector.Answer{Outcome: connector.Declined, Reference: "T", DeclineCode: connector.DeclineReversedBeforeExecution}
	}
	e = &entry{transfer: t, kind: kind, answer: connector.Answer{Outcome: connector.Done, Reference: "B-" + t.ID.String()[24:]}}
	b.transfers[t.ID] = e
	amount := t.Amount
	if kind == connector.Debit {
		amount = -amount
	}
	if how.do == decline || b.balances[t.Membership]+amount < 0 {
		code := connector.DeclineInsufficientPoints
		if how.code != "" {
			code = how.code
		}
		e.answer.Outcome, e.answer.DeclineCode = connector.Declined, code
		return e.answer
	}
	b.balances[t.Membership] += amount
	return e.answer
}

func (b *bank) Reverse(ctx context.Context, r connector.Reversal) (connector.Answer, error) {
	if err := r.Validate(); err != nil {
		panic(err)
	}
	var a connector.Answer
	if err := b.meet(ctx, connector.VerbReverse, r.TransferID, func(how trick) { a = b.reverse(r, how) }); err != nil {
		return connector.Answer{}, err
	}
	return a, nil
}

func (b *bank) reverse(r connector.Reversal, how trick) connector.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if was, ok := b.reversals[r.ID]; ok {
		if was.of != r.TransferID || was.amount != r.Amount {
			panic(fmt.Sprintf("%s: the same reversal ID with other content", r.ID))
		}
		return was.answer
	}
	a := b.judge(r, how)
	b.reversals[r.ID] = reversed{r.TransferID, r.Amount, a}
	return a
}

func (b *bank) judge(r connector.Reversal, how trick) connector.Answer {
	a := connector.Answer{Outcome: connector.Done, Reference: "R-" + r.ID.String()[24:]}
	e, ok := b.transfers[r.TransferID]
	switch {
	case !ok:
		b.transfers[r.TransferID] = &entry{tombstone: true}
		return a
	case e.tombstone || e.answer.Outcome == connector.Declined:
		return a
	}
	amount := r.Amount
	if e.kind == connector.Credit {
		amount = -amount
	}
	a.Outcome, a.ReversedAmount = connector.Declined, e.answer.ReversedAmount
	switch {
	case how.do == decline:
		a.DeclineCode = how.code
	case e.answer.ReversedAmount+r.Amount > e.transfer.Amount:
		a.DeclineCode = connector.DeclineAboveOriginal
	case b.balances[e.transfer.Membership]+amount < 0:
		a.DeclineCode = connector.DeclineInsufficientPoints
	default:
		b.balances[e.transfer.Membership] += amount
		e.answer.ReversedAmount += r.Amount
		a.Outcome, a.ReversedAmount = connector.Done, e.answer.ReversedAmount
	}
	return a
}

func (b *bank) Status(ctx context.Context, id connector.ID) (connector.TransferStatus, error) {
	var s connector.TransferStatus
	if err := b.meet(ctx, connector.VerbStatus, id, func(trick) { s = b.status(id) }); err != nil {
		return connector.TransferStatus{}, err
	}
	return s, nil
}

func (b *bank) status(id connector.ID) connector.TransferStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.transfers[id]
	switch {
	case !ok:
		return connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}}
	case e.tombstone:
		return connector.TransferStatus{Answer: connector.Answer{Outcome: connector.Cancelled, Reference: "T",
			DeclineCode: connector.DeclineReversedBeforeExecution}, Kind: e.kind, Amount: e.transfer.Amount}
	}
	return connector.TransferStatus{Answer: e.answer, Kind: e.kind, Amount: e.transfer.Amount}
}

func (b *bank) ReversalStatus(context.Context, connector.ID) (connector.ReversalStatus, error) {
	panic("the exchange repeats a reversal rather than ask for its status")
}

func (b *bank) Statement(context.Context, time.Time) (io.ReadCloser, error) {
	return nil, &connector.Error{Class: connector.ErrNotSent, Partner: "bank", Verb: connector.VerbStatement, Err: errScript}
}
