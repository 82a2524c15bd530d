package fabric

import (
	"context"
	"errors"
	"time"

	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"

	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// commit submits a transaction and waits until all peers that endorsed it have
// committed it.
func (l *Ledger) commit(ctx context.Context, b *batch, tx *endorsed) error {
	envelope, err := tx.envelope(b.signer)
	if err != nil {
		return err
	}
	b.sample.Bytes = len(envelope.Payload)
	w := l.watch(tx)
	defer w.end()
	begun := l.opts.Timer()
	err = l.submit(ctx, b, w, envelope)
	ordered := l.opts.Timer()
	b.sample.Order = ordered.Sub(begun)
	if err != nil {
		return err
	}
	result, err := w.decided(ctx, l, b, envelope)
	if err != nil {
		b.submitted = tx.results
		return err
	}
	l.tail.Store(max(l.tail.Load(), result.block+1))
	if result.code != Valid {
		return &CommitError{Tx: w.tx, Block: result.block, Code: result.code}
	}
	l.turns.of(b.of.Lane).doubt.Store(false) // it wrote the lane's head, which every batch reads
	if err := l.proofs.committed(tx, b.commands); err != nil {
		l.opts.Logger.Error("the endorsements of a checkpoint cannot be read", "error", err)
	}
	w.rest(ctx, l, max(l.opts.Patience.Lag, l.opts.Timer().Sub(ordered)))
	b.sample.Commit = l.opts.Timer().Sub(ordered)
	return nil
}

func (tx *endorsed) envelope(s *signer) (*fab.SignedEnvelope, error) {
	endorsements := make([]message.Endorsement, len(tx.answers))
	for i, a := range tx.answers {
		endorsements[i] = a.endorsement
	}
	payload := tx.prepared.Transaction(tx.answers[0].payload, endorsements)
	signature, err := s.sign(payload)
	return &fab.SignedEnvelope{Payload: payload, Signature: signature}, err
}

// watch hears from the endorsing peers what becomes of a transaction.
type watch struct {
	tx       string
	peers    []*peer // the home peer first
	outcomes []<-chan outcome
}

func (l *Ledger) watch(tx *endorsed) *watch {
	w := &watch{tx: tx.prepared.Tx}
	for _, a := range tx.answers {
		w.peers = append(w.peers, a.peer)
		w.outcomes = append(w.outcomes, a.peer.follower.expect(w.tx))
	}
	return w
}

func (w *watch) end() {
	for _, p := range w.peers {
		p.follower.forget(w.tx)
	}
}

// submit gives the transaction to the orderers until one takes it. Giving it
// twice does no harm: the network carries a transaction out once.
func (l *Ledger) submit(ctx context.Context, b *batch, w *watch, envelope *fab.SignedEnvelope) error {
	begun := l.opts.Timer()
	for {
		err := l.orderers.submit(ctx, b.signer, w.tx, envelope, l.opts.Patience.Order)
		var e *SubmitError
		if err == nil || errors.As(err, &e) && !e.Refused {
			// Perhaps it was taken: what becomes of it tells.
			return nil
		}
		if ctx.Err() != nil || l.opts.Timer().Sub(begun) > l.opts.Patience.Order {
			return err
		}
		l.opts.Logger.Warn("no orderer takes the transaction; trying again", "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(retryMax):
		}
	}
}

// decided waits until the home peer says what became of the transaction. While
// it does not, the transaction may have been lost with an orderer, and is given
// again.
func (w *watch) decided(ctx context.Context, l *Ledger, b *batch, envelope *fab.SignedEnvelope) (outcome, error) {
	late := time.NewTimer(l.opts.Patience.Commit)
	defer late.Stop()
	pause := l.opts.Patience.Resubmit
	again := time.NewTimer(pause)
	defer again.Stop()
	for {
		select {
		case o := <-w.outcomes[0]:
			return o, nil
		case <-again.C:
			l.opts.Logger.Warn("a transaction is not committed; submitting it again", "tx", w.tx)
			if err := l.orderers.submit(ctx, b.signer, w.tx, envelope, l.opts.Patience.Resubmit); err != nil {
				l.opts.Logger.Warn("a transaction could not be submitted again", "tx", w.tx, "error", err)
			}
			pause *= 2
			again.Reset(pause)
		case <-late.C:
			return outcome{}, &CommitStatusError{Tx: w.tx, Err: context.DeadlineExceeded}
		case <-ctx.Done():
			return outcome{}, &CommitStatusError{Tx: w.tx, Err: ctx.Err()}
		}
	}
}

// rest waits for the other peers, so that the next batch finds them ready. One
// that takes too long is left behind: it is not asked before it has caught up.
func (w *watch) rest(ctx context.Context, l *Ledger, patience time.Duration) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for i, p := range w.peers[1:] {
		for done := false; !done; {
			up, changed := p.follower.listening()
			if !up {
				break
			}
			select {
			case <-w.outcomes[i+1]:
				done = true
			case <-changed:
			case <-late.C:
				l.distrust(p, errBehind)
				return
			case <-ctx.Done():
				return
			}
		}
	}
}
