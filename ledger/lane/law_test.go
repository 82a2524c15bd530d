package lane_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
	"pgregory.net/rapid"
)

// plan is one call of the random workload.
type plan struct {
	caller   ledger.Identity
	commands []ledger.Command
	patience time.Duration // 0 is endless
}

func drawPlans(t *rapid.T) []plan {
	next := 0
	plans := make([]plan, rapid.IntRange(1, 40).Draw(t, "calls"))
	for i := range plans {
		p := &plans[i]
		p.caller.MSP = fmt.Sprintf("MSP%d", rapid.IntRange(0, 2).Draw(t, "caller"))
		for range rapid.IntRange(1, 9).Draw(t, "commands") {
			c := numbered(next)
			if rapid.IntRange(0, 9).Draw(t, "alone") == 0 {
				c.Body = &ledger.Checkpoint{}
			}
			p.commands = append(p.commands, c)
			next++
		}
		if rapid.Bool().Draw(t, "impatient") {
			p.patience = time.Duration(rapid.IntRange(1, 300).Draw(t, "patience")) * time.Microsecond
		}
	}
	return plans
}

// threeGroups puts a command in one of three groups by its number.
func threeGroups(c ledger.Command) string { return fmt.Sprint(number(c.ID) / 4 % 3) }

func TestEveryCallKeepsItsPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plans := drawPlans(t)
		batchMax := rapid.IntRange(1, 12).Draw(t, "batch max")
		failing := rapid.IntRange(0, 20).Draw(t, "failing batch")
		r := &record{fail: func(batch int) error {
			if batch == failing {
				return errFailing
			}
			return nil
		}}
		l, err := lane.New(lane.Options{Execute: r.execute, BatchMax: batchMax, QueueMax: 60, Group: threeGroups})
		if err != nil {
			t.Fatal(err)
		}
		outcomes := play(l, plans)
		if err := l.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if l.Queued() != 0 {
			t.Errorf("%d commands still counted", l.Queued())
		}
		batchOf := checkBatches(t, r, batchMax, plans)
		for i, p := range plans {
			checkOutcome(t, p, outcomes[i], batchOf, failing)
		}
	})
}

var errFailing = errors.New("this batch fails")

func play(l *lane.Lane, plans []plan) []outcome {
	outcomes := make([]outcome, len(plans))
	var wg sync.WaitGroup
	for i, p := range plans {
		wg.Go(func() {
			ctx := context.Background()
			if p.patience > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, p.patience)
				defer cancel()
			}
			outcomes[i].results, outcomes[i].err = l.Submit(ctx, p.caller, p.commands...)
		})
	}
	wg.Wait()
	return outcomes
}

// checkBatches tests what holds for each batch, and returns the batch of each
// command that was executed.
func checkBatches(t *rapid.T, r *record, batchMax int, plans []plan) map[int]int {
	caller := map[int]ledger.Identity{}
	for _, p := range plans {
		for _, c := range p.commands {
			caller[number(c.ID)] = p.caller
		}
	}
	batchOf := map[int]int{}
	for n, b := range r.batches {
		if len(b.Commands) == 0 || len(b.Commands) > batchMax {
			t.Errorf("batch of %d", len(b.Commands))
		}
		for _, c := range b.Commands {
			i := number(c.ID)
			if _, twice := batchOf[i]; twice {
				t.Errorf("command %d was executed twice", i)
			}
			batchOf[i] = n
			_, alone := c.Body.(*ledger.Checkpoint)
			if b.Caller != caller[i] || b.Group != threeGroups(c) || alone && len(b.Commands) != 1 {
				t.Errorf("command %d does not belong in its batch", i)
			}
		}
	}
	return batchOf
}

// checkOutcome tests that a call's answer is true of what was executed.
func checkOutcome(t *rapid.T, p plan, o outcome, batchOf map[int]int, failing int) {
	done, last := 0, -1
	for _, c := range p.commands {
		if n, ok := batchOf[number(c.ID)]; ok {
			if done++; n < last {
				t.Errorf("command %d was executed before one given earlier", number(c.ID))
			}
			last = n
		}
	}
	switch {
	case o.err == nil:
		for i, res := range o.results {
			if res.Entry.Transfer.ID != p.commands[i].ID {
				t.Errorf("result %d of a call is another command's", i)
			}
		}
		if done != len(p.commands) || len(o.results) != done {
			t.Errorf("%d results, %d of %d executed", len(o.results), done, len(p.commands))
		}
	case errors.Is(o.err, errFailing):
		if last != failing {
			t.Errorf("failed with batch %d though its last was %d", failing, last)
		}
	case errors.Is(o.err, ledger.ErrBusy), errors.Is(o.err, context.DeadlineExceeded):
		if done != 0 {
			t.Errorf("%v, but %d commands were executed", o.err, done)
		}
	case !errors.Is(o.err, ledger.ErrOutcomeUnknown):
		t.Errorf("unexpected error %v", o.err)
	}
}

// BenchmarkSubmit measures what the lane itself costs per command.
func BenchmarkSubmit(b *testing.B) {
	for _, callers := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			var results []ledger.Result
			l := open(b, lane.Options{Execute: func(_ context.Context, batch lane.Batch) ([]ledger.Result, error) {
				if n := len(batch.Commands); len(results) < n {
					results = make([]ledger.Result, n)
				}
				return results[:len(batch.Commands)], nil
			}})
			b.ReportAllocs()
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					command := []ledger.Command{numbered(0)}
					for range b.N/callers + 1 {
						if _, err := l.Submit(context.Background(), utility, command...); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
