package fabric

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// batch is commands on their way to the ledger.
type batch struct {
	of       lane.Tenure
	signer   *signer
	caller   ledger.Identity
	commands []ledger.Command
	function string // of the chaincode
	request  []byte
	// companies must endorse. With everybody, all others that are there do so too.
	companies []string
	everybody bool
	excused   []string // not concerned, and did not endorse
	// submitted is what an attempt led to whose outcome is not known; results with
	// the same place in the ledger are then its own.
	submitted []ledger.Result
	barred    bool // that attempt comes to nothing, unless it was ordered already
	// doubtful says that an earlier batch of the lane may still be on its way, which may
	// have had the same commands.
	doubtful bool
	sample   Sample
}

// execute carries out a batch of a lane.
func (l *Ledger) execute(ctx context.Context, of lane.Tenure, b lane.Batch) ([]ledger.Result, error) {
	companies := members(b.Group)
	if len(companies) == 0 {
		companies = []string{l.routes.utilityOr(b.Caller.MSP)}
	}
	own := &batch{of: of, caller: b.Caller, commands: b.Commands, companies: companies}
	own.sample = Sample{Commands: len(b.Commands), Queued: b.Queued}
	return l.transact(ctx, own)
}

// retryMax is the longest pause between two attempts.
const retryMax = 500 * time.Millisecond

// transact carries out a batch as one transaction, in as many attempts as it
// takes. An attempt that had no effect is followed by another; so is one of
// which the effect is not known, because the contract tells for each command
// whether it was carried out.
func (l *Ledger) transact(ctx context.Context, b *batch) (results []ledger.Result, err error) {
	turn := l.turn(b.of.Lane, b.solitary())
	defer turn.end()
	b.doubtful = turn.lane.doubt.Load()
	b.signer = l.link.signers[b.caller.MSP]
	r := codec.BatchRequest{Lane: b.of.Lane, Epoch: b.of.Epoch, Subject: b.caller.Subject, SignedAt: l.opts.Timer(), Commands: b.commands}
	b.function, b.request = codec.FunctionBatch, r.Encode()
	begun := l.opts.Timer()
	pause := 5 * time.Millisecond
	for {
		b.sample.Attempts++
		results, err = l.attempt(ctx, b)
		if err == nil {
			break
		}
		again := ctx.Err() == nil && l.again(b, err) && l.opts.Timer().Sub(begun) <= l.limit(b)
		if !errors.Is(err, errBarred) { // which is a question asked twice
			l.opts.Failed(Failure{Lane: b.of.Lane, Concerned: b.companies, Reason: reason(err), Again: again})
		}
		if !again {
			break
		}
		l.opts.Logger.Info("giving a batch again", "commands", len(b.commands), "attempt", b.sample.Attempts, "reason", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
			pause = min(2*pause, retryMax)
			if b.sample.Attempts >= crowdedAttempts {
				turn.alone()
			}
			continue
		}
		break
	}
	b.sample.Total = l.opts.Timer().Sub(begun)
	if err != nil {
		if b.submitted != nil {
			turn.lane.doubt.Store(true)
		}
		return nil, b.verdict(ctx, err)
	}
	b.sample.Lane, b.sample.Concerned = b.of.Lane, b.companies
	if place, ok := ledger.PlaceOf(results); ok {
		b.sample.Batch = place.Batch
	}
	l.opts.Observe(b.sample)
	l.routes.done(results, b.caller)
	return results, nil
}

// limit is how long attempts go on. One whose outcome is unknown calls for
// another, to find out.
func (l *Ledger) limit(b *batch) time.Duration {
	if b.submitted != nil {
		return l.opts.Patience.Order + l.opts.Patience.Commit
	}
	return l.opts.Patience.Order
}

// again reports whether another attempt may go better.
func (l *Ledger) again(b *batch, err error) bool {
	var endorse *EndorseError
	var commit *CommitError
	var submit *SubmitError
	switch {
	case errors.As(err, &endorse):
		if endorse.Code == codec.StatusRequest || endorse.Code == codec.StatusDamaged {
			return false
		}
		// Another can stand in for a company that is not concerned; without the home
		// peer nothing goes. Whom a command concerns must be there.
		return endorse.Company == l.opts.Profile.Home || !slices.Contains(b.companies, endorse.Company)
	case errors.As(err, &commit):
		return commit.Code.transient()
	case errors.As(err, &submit):
		return submit.Refused
	}
	return errors.Is(err, errBarred) || errors.As(err, new(*MismatchError)) || errors.As(err, new(*CommitStatusError)) || errors.As(err, new(*wideningError))
}

// verdict says what an error means for the commands.
func (b *batch) verdict(ctx context.Context, err error) error {
	var endorse *EndorseError
	var commit *CommitError
	switch {
	case b.submitted != nil:
		return fmt.Errorf("%w: %w", ledger.ErrOutcomeUnknown, err)
	case errors.Is(err, ledger.ErrFenced):
		return err
	case ctx.Err() != nil: // only when the ledger is closed
		return fmt.Errorf("%w: %w", ledger.ErrClosed, err)
	case errors.As(err, &endorse) && endorse.Code == codec.StatusDamaged:
		return fmt.Errorf("%w: %w", ledger.ErrDamaged, err)
	case errors.As(err, &endorse) && endorse.Code == codec.StatusRequest:
		return err
	case errors.As(err, &commit) && !commit.Code.transient():
		return err
	}
	return fmt.Errorf("%w: %w", ledger.ErrBusy, err)
}

// wideningError says that a batch concerns more companies than were asked.
type wideningError struct{ companies []string }

// Error names all companies concerned.
func (e *wideningError) Error() string {
	return fmt.Sprintf("fabric: the batch also concerns companies that did not endorse; all are %v", e.companies)
}

// attempt tries to carry a batch out. The error tells the stage.
func (l *Ledger) attempt(ctx context.Context, b *batch) ([]ledger.Result, error) {
	begun := l.opts.Timer()
	peers, err := l.endorsers(ctx, b)
	if err != nil {
		return nil, err
	}
	tx, err := l.endorse(ctx, b, peers)
	if err == nil {
		err = tx.read(l.opts.Profile.Channel)
	}
	if err != nil {
		return nil, err
	}
	b.sample.Endorse, b.sample.Companies = l.opts.Timer().Sub(begun), len(tx.answers)
	if len(tx.set.Writes) == 0 {
		if b.dubious(tx.results) {
			return nil, l.bar(ctx, b)
		}
		return b.settle(tx.results), b.fenced(tx.results)
	}
	if more := l.concerned(tx.set, b.companies); len(more) > len(b.companies) {
		b.companies = more
		return nil, &wideningError{more}
	}
	if err := l.commit(ctx, b, tx); err != nil {
		return nil, err
	}
	b.sample.CarriedOut = tx.written
	return b.settle(tx.results), nil
}

// settle recognises what an earlier attempt of the same batch has done: its
// commands then seem to have been given before.
func (b *batch) settle(results []ledger.Result) []ledger.Result {
	for i := range b.submitted {
		mine := &b.submitted[i]
		if mine.Code == ledger.CodeOK && !mine.Replayed && results[i].Replayed && results[i].Entry.Locator == mine.Entry.Locator {
			results[i] = *mine
		}
	}
	return results
}

// fenced returns [ledger.ErrFenced] when the contract says that the lane was taken
// over, which it says of a whole batch.
func (b *batch) fenced(results []ledger.Result) error {
	if len(results) > 0 && results[0].Code == ledger.CodeFenced {
		return fmt.Errorf("%w: %s", ledger.ErrFenced, results[0].Message)
	}
	return nil
}

// solitary reports whether the batch changes what the batches of all lanes read.
func (b *batch) solitary() bool {
	kind := b.commands[0].Body.Kind()
	return kind.Alone() && kind.Recorded()
}
