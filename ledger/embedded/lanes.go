package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// Lanes implements [ledger.Laned].
func (l *Ledger) Lanes(ctx context.Context) (uint32, error) { return 1, ctx.Err() }

// Route implements [ledger.Laned].
func (l *Ledger) Route(ctx context.Context, commands ...ledger.Command) ([]uint32, error) {
	return make([]uint32, len(commands)), ctx.Err()
}

// SubmitLane implements [ledger.Laned]; see [Ledger.Submit].
func (l *Ledger) SubmitLane(ctx context.Context, number uint32, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if err := l.failed(); err != nil {
		return nil, err
	}
	if len(commands) == 1 && commands[0].Body != nil && commands[0].Body.Kind() == ledger.KindSetLanes {
		return []ledger.Result{{Code: ledger.CodeInvalid, Message: oneLane}}, ctx.Err()
	}
	return l.lanes.Submit(ctx, number, caller, commands...)
}

// oneLane refuses more lanes: what is derived from the blocks, and who follows them,
// counts the batches of one.
const oneLane = "an embedded ledger has one lane, because one process has nothing to gain from a second; carry it over to a network to have more"

// TakeLane implements [ledger.Laned]. Whoever has the folder open owns the lane
// anyway; the epoch is kept as in any other home.
func (l *Ledger) TakeLane(ctx context.Context, number uint32, epoch uint64) error {
	if err := errors.Join(ctx.Err(), l.failed()); err != nil {
		return err
	}
	t := lane.Tenure{Lane: number, Epoch: epoch}
	r, err := l.take(t)
	switch {
	case err != nil:
		return err
	case r.Code == ledger.CodeFenced:
		return fmt.Errorf("%w: %s", ledger.ErrFenced, r.Message)
	case r.Code != ledger.CodeOK && r.Code != ledger.CodeNotInitialised:
		return fmt.Errorf("embedded: lane %d was not taken: %s: %s", number, r.Code, r.Message)
	}
	if err := l.lanes.Leave(ctx, number); err != nil {
		return err
	}
	return l.lanes.Take(t)
}

// take writes the epoch. Batches of an earlier one that wait are refused from then on.
func (l *Ledger) take(t lane.Tenure) (ledger.Result, error) {
	caller := l.opts.Checkpointer
	if a, err := l.Alliance(context.Background()); err == nil {
		caller.MSP = a.MSP
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	command := ledger.Command{ID: l.checkpointID(), Body: &ledger.TakeLane{}}
	results, err := l.transact(t, lane.Batch{Caller: caller, Commands: []ledger.Command{command}})
	if err != nil {
		return ledger.Result{}, err
	}
	return results[0], nil
}

// LeaveLane implements [ledger.Laned].
func (l *Ledger) LeaveLane(ctx context.Context, number uint32) error {
	return l.lanes.Leave(ctx, number)
}

// adopt makes this process, which has the folder locked, the owner of the lane
// under the epoch that it has.
func (l *Ledger) adopt() error {
	epoch, err := chaincode.Epoch(l.store, laneNumber)
	if err != nil {
		return err
	}
	return l.lanes.Take(lane.Tenure{Lane: laneNumber, Epoch: epoch})
}

// fenced returns [ledger.ErrFenced] when the contract says that the lane was taken
// over, which it says of a whole batch.
func fenced(results []ledger.Result) error {
	if len(results) > 0 && results[0].Code == ledger.CodeFenced {
		return fmt.Errorf("%w: %s", ledger.ErrFenced, results[0].Message)
	}
	return nil
}
