package lane_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

var utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}

// numbered returns a command that a test recognises by its number.
func numbered(n int) ledger.Command { return ledger.Command{ID: id(n), Body: &ledger.Issue{}} }

func id(n int) (id ledger.ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func number(id ledger.ID) int { return int(binary.BigEndian.Uint64(id[8:])) }

// record is an Execute that keeps what it was given. With a gate, each batch
// waits for a value from it.
type record struct {
	gate  chan struct{}
	begun chan struct{} // one value per batch begun
	fail  func(batch int) error

	mu      sync.Mutex
	batches []lane.Batch
}

func (r *record) execute(ctx context.Context, b lane.Batch) ([]ledger.Result, error) {
	r.mu.Lock()
	b.Commands = slices.Clone(b.Commands)
	r.batches = append(r.batches, b)
	n := len(r.batches) - 1
	r.mu.Unlock()
	if r.gate != nil {
		r.begun <- struct{}{}
		select {
		case <-r.gate:
		case <-ctx.Done():
			return nil, ledger.ErrOutcomeUnknown
		}
	}
	if r.fail != nil {
		if err := r.fail(n); err != nil {
			return nil, err
		}
	}
	return echo(b.Commands), nil
}

// echo answers each command with its own ID.
func echo(commands []ledger.Command) []ledger.Result {
	results := make([]ledger.Result, len(commands))
	for i, c := range commands {
		results[i].Code, results[i].Entry.Transfer.ID = ledger.CodeOK, c.ID
	}
	return results
}

func (r *record) sizes() (sizes []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.batches {
		sizes = append(sizes, len(b.Commands))
	}
	return sizes
}

func gated() *record {
	return &record{gate: make(chan struct{}), begun: make(chan struct{}, 1000)}
}

func open(t testing.TB, opts lane.Options) *lane.Lane {
	t.Helper()
	l, err := lane.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	return l
}

// outcome is what a Submit in the background ended with.
type outcome struct {
	results []ledger.Result
	err     error
}

func submit(ctx context.Context, l *lane.Lane, who ledger.Identity, commands ...ledger.Command) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		results, err := l.Submit(ctx, who, commands...)
		done <- outcome{results, err}
	}()
	return done
}

// waitQueued polls until n commands wait.
func waitQueued(t testing.TB, l *lane.Lane, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); l.Queued() != n; time.Sleep(50 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d commands wait, want %d", l.Queued(), n)
		}
	}
}

func TestWhatArrivesDuringABatchFormsTheNext(t *testing.T) {
	r := gated()
	l := open(t, lane.Options{Execute: r.execute})
	first := submit(t.Context(), l, utility, numbered(0))
	<-r.begun
	var rest []<-chan outcome
	for i := 1; i <= 5; i++ {
		rest = append(rest, submit(t.Context(), l, utility, numbered(i)))
		waitQueued(t, l, i)
	}
	r.gate <- struct{}{}
	r.gate <- struct{}{}
	if o := <-first; o.err != nil {
		t.Fatal(o.err)
	}
	for i, done := range rest {
		o := <-done
		if o.err != nil || number(o.results[0].Entry.Transfer.ID) != i+1 {
			t.Errorf("call %d got %v, %v", i+1, o.results, o.err)
		}
	}
	if got := r.sizes(); !slices.Equal(got, []int{1, 5}) {
		t.Errorf("batches of %v, want [1 5]", got)
	}
	if q := r.batches[0].Queued; q != 0 {
		t.Errorf("first batch saw %d waiting", q)
	}
}

func TestABatchIsNeverAboveItsMaximum(t *testing.T) {
	r := &record{}
	l := open(t, lane.Options{Execute: r.execute, BatchMax: 10})
	var commands []ledger.Command
	for i := range 35 {
		commands = append(commands, numbered(i))
	}
	results, err := l.Submit(t.Context(), utility, commands...)
	if err != nil {
		t.Fatal(err)
	}
	for i, res := range results {
		if number(res.Entry.Transfer.ID) != i {
			t.Fatalf("result %d is that of command %d", i, number(res.Entry.Transfer.ID))
		}
	}
	if got := r.sizes(); !slices.Equal(got, []int{10, 10, 10, 5}) {
		t.Errorf("batches of %v, want [10 10 10 5]", got)
	}
}

func TestACallThatDoesNotFitWaitsForTheNextBatch(t *testing.T) {
	r := gated()
	l := open(t, lane.Options{Execute: r.execute, BatchMax: 4})
	submit(t.Context(), l, utility, numbered(0))
	<-r.begun
	for i := range 2 {
		submit(t.Context(), l, utility, numbered(1+3*i), numbered(2+3*i), numbered(3+3*i))
		waitQueued(t, l, 3+3*i)
	}
	close(r.gate)
	<-r.begun
	<-r.begun
	if got := r.sizes(); !slices.Equal(got, []int{1, 3, 3}) {
		t.Errorf("batches of %v, want [1 3 3]", got)
	}
}

func TestCloseWindowAndCheckpointAreAlone(t *testing.T) {
	r := &record{}
	l := open(t, lane.Options{Execute: r.execute})
	commands := []ledger.Command{
		numbered(0), numbered(1), {ID: id(2), Body: &ledger.CloseWindow{}}, numbered(3),
		{ID: id(4), Body: &ledger.Checkpoint{}}, {ID: id(5), Body: &ledger.Checkpoint{}}, numbered(6), numbered(7),
	}
	results, err := l.Submit(t.Context(), utility, commands...)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.sizes(); !slices.Equal(got, []int{2, 1, 1, 1, 1, 2}) {
		t.Errorf("batches of %v, want [2 1 1 1 1 2]", got)
	}
	for i, res := range results {
		if number(res.Entry.Transfer.ID) != i {
			t.Errorf("result %d is that of command %d", i, number(res.Entry.Transfer.ID))
		}
	}
}

func TestACommandWithoutBodyIsLeftToTheContract(t *testing.T) {
	r := &record{}
	l := open(t, lane.Options{Execute: r.execute})
	if _, err := l.Submit(t.Context(), utility, ledger.Command{}); err != nil {
		t.Error(err)
	}
}

func TestAFullQueueIsBusyAtOnce(t *testing.T) {
	r := gated()
	l := open(t, lane.Options{Execute: r.execute, QueueMax: 3})
	submit(t.Context(), l, utility, numbered(0))
	<-r.begun
	submit(t.Context(), l, utility, numbered(1), numbered(2))
	waitQueued(t, l, 2)
	if _, err := l.Submit(t.Context(), utility, numbered(3), numbered(4)); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	fits := submit(t.Context(), l, utility, numbered(5))
	waitQueued(t, l, 3)
	close(r.gate)
	if o := <-fits; o.err != nil {
		t.Error(o.err)
	}
	if _, err := l.Submit(t.Context(), utility, make([]ledger.Command, 4)...); !errors.Is(err, lane.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

func TestNoCommandsNeedNoBatch(t *testing.T) {
	r := &record{}
	l := open(t, lane.Options{Execute: r.execute})
	results, err := l.Submit(t.Context(), utility)
	if err != nil || len(results) != 0 || len(r.sizes()) != 0 {
		t.Errorf("got %v, %v after %v batches", results, err, r.sizes())
	}
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	r := &record{}
	for name, opts := range map[string]lane.Options{
		"no Execute":         {},
		"negative queue":     {Execute: r.execute, QueueMax: -1},
		"negative batch":     {Execute: r.execute, BatchMax: -1},
		"batch above ledger": {Execute: r.execute, BatchMax: ledger.BatchMax + 1},
	} {
		if _, err := lane.New(opts); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
