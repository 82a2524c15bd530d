package fabric

import (
	"context"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// Carry carries blocks of an embedded ledger over, as package annals encodes
// them, in one transaction that every company of the profile endorses. The
// caller is the utility; the blocks begin where [Ledger.History] ends. A refusal
// is in the result. It returns [ledger.ErrBusy] when nothing was done and
// [ledger.ErrOutcomeUnknown] when the history will tell.
func (l *Ledger) Carry(ctx context.Context, by ledger.Identity, blocks [][]byte) (ledger.HistoryResult, error) {
	var all []string
	for _, c := range l.companies.all() {
		all = append(all, c.msp)
	}
	return l.past(ctx, &batch{caller: by, companies: all, function: codec.FunctionCarry, request: codec.CarryRequest{Blocks: blocks}.Encode()})
}

// Adopt says that a company takes the history up to the block with a hash for
// its own. The peers of all companies that take part endorse it. It returns what
// [Ledger.Carry] does.
func (l *Ledger) Adopt(ctx context.Context, by ledger.Identity, hash ledger.Hash) (ledger.HistoryResult, error) {
	h, err := l.History(ctx)
	if err != nil {
		return ledger.HistoryResult{}, err
	}
	request := codec.AdoptRequest{Subject: by.Subject, Hash: hash}
	r, err := l.past(ctx, &batch{caller: by, companies: h.Companies, function: codec.FunctionAdopt, request: request.Encode()})
	if err == nil && r.Code == ledger.CodeOK {
		err = l.routes.refresh(ctx) // the ledger begins, as far as this process is concerned
	}
	return r, err
}

// History returns the past that was carried over, or [ledger.ErrNotFound] on a
// ledger that has none.
func (l *Ledger) History(ctx context.Context) (ledger.History, error) {
	return chaincode.History(&remote{ctx: ctx, ledger: l})
}

// State calls visit for every key that the contract has on the home peer, in
// ascending order, and stops at the first error, which it returns. What is
// written meanwhile may be among them.
func (l *Ledger) State(ctx context.Context, visit func(key string, value []byte) error) (err error) {
	faults := (&remote{ctx: ctx, ledger: l}).Range("", "", func(key string, value []byte) bool {
		err = visit(key, value)
		return err == nil
	})
	if err != nil {
		return err
	}
	return faults
}

// past carries a call of the history out, in as many attempts as it takes.
func (l *Ledger) past(ctx context.Context, b *batch) (r ledger.HistoryResult, err error) {
	if l.closed.Load() {
		return r, ledger.ErrClosed
	}
	if err := l.admit(b.caller); err != nil {
		return r, err
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	b.signer = l.link.signers[b.caller.MSP]
	begun := l.opts.Timer()
	for {
		r, err = l.attemptPast(ctx, b)
		// What became of an attempt of unknown outcome, the history tells.
		if err == nil || b.submitted != nil || ctx.Err() != nil || !l.again(b, err) || l.opts.Timer().Sub(begun) > l.opts.Patience.Order {
			break
		}
		l.opts.Logger.Info("giving a part of the history again", "reason", err)
		select {
		case <-ctx.Done():
		case <-time.After(retryMax):
		}
	}
	if err != nil {
		return r, b.verdict(ctx, err)
	}
	return r, nil
}

func (l *Ledger) attemptPast(ctx context.Context, b *batch) (r ledger.HistoryResult, err error) {
	peers, err := l.endorsers(ctx, b)
	if err != nil {
		return r, err
	}
	tx, err := l.endorse(ctx, b, peers)
	if err != nil {
		return r, err
	}
	if r, err = codec.DecodeHistoryResult(tx.answers[0].response); err != nil {
		return r, fmt.Errorf("fabric: %w", err)
	}
	// What is refused, or was done before, writes nothing.
	if writes, err := tx.writes(); !writes || err != nil {
		return r, err
	}
	tx.results = []ledger.Result{}
	return r, l.commit(ctx, b, tx)
}

// writes reports whether there is anything to submit.
func (tx *endorsed) writes() (bool, error) {
	response, err := message.ReadResponse(tx.answers[0].payload)
	if err != nil {
		return false, err
	}
	set, err := response.Set()
	return err == nil && len(set.Writes) > 0, err
}
