package fabric

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// Lanes implements [ledger.Laned]. What it reads is what [Ledger.Route] goes by
// until the next time.
func (l *Ledger) Lanes(ctx context.Context) (uint32, error) {
	if err := l.routes.refresh(ctx); err != nil {
		return 0, err
	}
	return l.routes.count(), nil
}

// Route implements [ledger.Laned]. It asks nobody: the number of lanes is that which
// was read last.
func (l *Ledger) Route(ctx context.Context, commands ...ledger.Command) ([]uint32, error) {
	lanes := l.routes.count()
	numbers := make([]uint32, len(commands))
	for i, c := range commands {
		numbers[i] = ledger.RouteOf(c.Body, lanes)
	}
	return numbers, ctx.Err()
}

// Submit implements [ledger.Ledger]. A lane that this process is just leaving turns
// callers away with [ledger.ErrBusy].
func (l *Ledger) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	results, err := l.spread(ctx, caller, commands)
	if errors.Is(err, ledger.ErrNotOwner) && !errors.Is(err, ledger.ErrOutcomeUnknown) {
		return nil, fmt.Errorf("%w: %w", ledger.ErrBusy, err)
	}
	return results, err
}

// spread gives commands to their lanes.
func (l *Ledger) spread(ctx context.Context, caller ledger.Identity, commands []ledger.Command) ([]ledger.Result, error) {
	if l.routes.count() > 1 {
		return lane.Spread(ctx, l, caller, commands)
	}
	results, err := l.SubmitLane(ctx, 0, caller, commands...)
	if err != nil {
		return nil, err
	}
	return lane.Reroute(ctx, l, caller, commands, results)
}

// TakeLane implements [ledger.Laned].
func (l *Ledger) TakeLane(ctx context.Context, number uint32, epoch uint64) error {
	if l.closed.Load() {
		return ledger.ErrClosed
	}
	t := lane.Tenure{Lane: number, Epoch: epoch}
	for _, own := range l.lanes.Tenures() {
		switch {
		case own.Lane != number:
		case own.Epoch > epoch:
			return fmt.Errorf("%w: lane %d is owned under epoch %d, not %d", ledger.ErrFenced, number, own.Epoch, epoch)
		case own.Epoch < epoch:
			if err := l.lanes.Leave(ctx, number); err != nil {
				return err
			}
		}
	}
	caller := ledger.Identity{MSP: l.routes.utilityOr(l.opts.Profile.Home), Subject: l.opts.Checkpointer.Subject}
	if err := l.admit(caller); err != nil {
		return err
	}
	r, err := l.beside(ctx, t, caller, &ledger.TakeLane{})
	if errors.Is(err, ledger.ErrFenced) {
		l.lanes.Drop(t)
	}
	if err != nil {
		return err
	}
	switch r.Code {
	case ledger.CodeOK, ledger.CodeNotInitialised, ledger.CodeHistoryUnadopted:
		return l.lanes.Take(t)
	}
	return fmt.Errorf("fabric: lane %d was not taken: %s: %s", number, r.Code, r.Message)
}

// LeaveLane implements [ledger.Laned].
func (l *Ledger) LeaveLane(ctx context.Context, number uint32) error {
	return l.lanes.Leave(ctx, number)
}

// adoptAll makes this process the owner of every lane, unless it is one of several.
func (l *Ledger) adoptAll(ctx context.Context) error {
	n, err := l.routes.count(), error(nil)
	for number := uint32(0); number < n && err == nil; number++ {
		err = l.adopt(ctx, number)
	}
	return err
}

// adopt makes this process the owner of a lane under the epoch that it has, unless
// it is one of several. A lane that was taken from it stays with whoever took it.
func (l *Ledger) adopt(ctx context.Context, number uint32) error {
	if l.opts.Clustered || l.lanes.Known(number) {
		return nil
	}
	l.adopting.Lock()
	defer l.adopting.Unlock()
	if l.lanes.Known(number) {
		return nil
	}
	epoch, err := chaincode.Epoch(&remote{ctx: ctx, ledger: l}, number)
	if err != nil {
		return err
	}
	return l.lanes.Take(lane.Tenure{Lane: number, Epoch: epoch})
}

// wouldBe returns the lane of a command and the epoch under which it is owned,
// by whomever.
func (l *Ledger) wouldBe(ctx context.Context, c ledger.Command) (t lane.Tenure, err error) {
	numbers, err := l.Route(ctx, c)
	if err != nil {
		return t, err
	}
	t.Lane = numbers[0]
	t.Epoch, err = chaincode.Epoch(&remote{ctx: ctx, ledger: l}, t.Lane)
	return t, err
}
