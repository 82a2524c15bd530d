package fabric

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
)

// errBarred asks for the attempt that can be believed.
var errBarred = errors.New("fabric: what an earlier attempt did is certain now")

// dubious reports whether commands are refused of which an earlier attempt may still
// be on its way: a rate lock has run out meanwhile, say, and the transaction that was
// in time is ordered after all. Nothing is written by a refusal, so it would be valid.
// The earlier attempt may be one of a batch before, whose outcome nobody found out.
func (b *batch) dubious(results []ledger.Result) bool {
	if b.submitted == nil && !b.doubtful || b.barred || b.fenced(results) != nil {
		return false
	}
	for i := range results {
		if results[i].Code != ledger.CodeOK {
			return true
		}
	}
	return false
}

// bar writes the lane's head, which every batch reads: an earlier attempt that was not
// ordered before is invalid from then on. It returns errBarred once that is so, after
// which the next attempt tells what is. A company that may not write the head, because it
// is not the utility, has to believe a refusal as it is.
func (l *Ledger) bar(ctx context.Context, b *batch) error {
	caller := ledger.Identity{MSP: l.routes.utilityOr(l.opts.Profile.Home), Subject: l.opts.Checkpointer.Subject}
	own, err := l.alone(b.of, caller, &ledger.TakeLane{})
	if err != nil {
		return err
	}
	if own.signer = l.link.signers[caller.MSP]; own.signer != nil {
		r := codec.BatchRequest{Lane: own.of.Lane, Epoch: own.of.Epoch, Subject: caller.Subject, SignedAt: l.opts.Timer(), Commands: own.commands}
		own.function, own.request = codec.FunctionBatch, r.Encode()
		results, err := l.attempt(ctx, own)
		if err != nil {
			return fmt.Errorf("making certain what an earlier attempt did: %w", err)
		}
		if code := results[0].Code; code != ledger.CodeOK {
			l.opts.Logger.Warn("it could not be made certain what an earlier attempt did", "code", code)
		}
	}
	b.barred = true
	return errBarred
}
