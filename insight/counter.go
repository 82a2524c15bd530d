package insight

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Options are the parts of a [Counter]; all are needed.
type Options struct {
	Records Records
	Store   Store
	// Shop is the client as which the mall buys partners' points at the exchange.
	Shop string
	// Day is the business day of an instant, and Begins when one begins.
	Day    func(time.Time) ledger.Date
	Begins func(ledger.Date) time.Time
	Now    func() time.Time // the alliance's clock
	Timer  func() time.Time // measures how long counting takes
	Logger *slog.Logger
}

// Counter counts. One goroutine at a time may count.
type Counter struct {
	o    Options
	upTo atomic.Pointer[time.Time] // see Age; nil while nothing is counted
}

// NewCounter returns a counter.
func NewCounter(o Options) *Counter { return &Counter{o: o} }

// Age is the time since all that there was had been counted, or since [Counter.Run] began
// when it never was; 0 while that does not run. It may be asked while others count.
func (c *Counter) Age() time.Duration {
	upTo := c.upTo.Load()
	if upTo == nil {
		return 0
	}
	return max(c.o.Timer().Sub(*upTo), 0)
}

func (c *Counter) upToDate() {
	now := c.o.Timer()
	c.upTo.Store(&now)
}

// Pauses of [Counter.Run]: after everything was counted, and between two counts of
// the stages, at least and as a multiple of how long the last one took.
const (
	pause       = time.Second
	stagesPause = 3 * time.Second
	stagesShare = 20
)

// Run counts until the context ends. What fails is tried again.
func (c *Counter) Run(ctx context.Context) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	c.upToDate()
	defer c.upTo.Store(nil)
	var again time.Time
	for {
		if _, err := c.CountPoints(ctx); err == nil {
			c.upToDate()
		} else if ctx.Err() == nil {
			c.o.Logger.Error("counting points failed and will be tried again", "error", err)
		}
		if began := c.o.Timer(); !began.Before(again) {
			if err := c.CountStages(ctx); err != nil && ctx.Err() == nil {
				c.o.Logger.Error("counting conversions failed and will be tried again", "error", err)
			}
			ended := c.o.Timer()
			again = ended.Add(max(stagesPause, stagesShare*ended.Sub(began)))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// groupMax is how many transfers are counted in one transaction.
const groupMax = 1000

// CountPoints counts the transfers that came since the last time, and returns how
// many.
func (c *Counter) CountPoints(ctx context.Context) (n int, err error) {
	for lane, more := uint32(0), true; more && ctx.Err() == nil; {
		from, err := c.o.Store.InsightPlace(ctx, lane)
		if err != nil {
			return n, err
		}
		from.Lane = lane
		found, err := c.o.Records.Movements(ctx, from, groupMax)
		if err != nil {
			return n, err
		}
		own := found
		for i := range found {
			if found[i].Locator.Lane != lane {
				own = found[:i]
				break
			}
		}
		if err := c.count(ctx, own); err != nil {
			return n, err
		}
		n += len(own)
		switch {
		case len(own) < len(found):
			lane = found[len(own)].Locator.Lane
		case len(found) < groupMax:
			more = false
		}
	}
	return n, ctx.Err()
}

// count counts transfers of one lane.
func (c *Counter) count(ctx context.Context, entries []ledger.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	t := newTally()
	for i := range entries {
		t.read(&entries[i].Transfer)
	}
	if err := t.lookUp(ctx, c.o.Shop, c.o.Records, c.o.Store); err != nil {
		return err
	}
	for i := range t.moves {
		if err := t.add(&t.moves[i], c.o.Day); err != nil {
			return fmt.Errorf("transfer %s: %w", t.moves[i].transfer.ID, err)
		}
	}
	next := entries[len(entries)-1].Locator
	next.Index++
	g, err := t.group(ctx, c.o.Store, next)
	if err != nil {
		return err
	}
	return c.o.Store.SaveInsight(ctx, g)
}
