package rewards_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/rewards"
)

func TestEveryEventIsToldOfAsItEnded(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	var mu sync.Mutex
	ended, sums := map[rewards.Ending]int{}, rewards.Round{}
	o := w.options()
	o.RetryEvery = time.Hour
	o.Answered = func(e rewards.Ending, events int, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		ended[e] += events
	}
	o.Rounded = func(r rewards.Round) {
		mu.Lock()
		defer mu.Unlock()
		sums.Issued, sums.Filled, sums.Taken, sums.Debt = sums.Issued+r.Issued, sums.Filled+r.Filled, sums.Taken+r.Taken, sums.Debt+r.Debt
	}
	w.Close()
	s, err := rewards.New(context.Background(), o)
	must(t, err)
	must(t, s.Start(context.Background()))
	t.Cleanup(s.Close)
	stranger, changed := w.paid("PAY-3", 100), w.paid("PAY-1", 200)
	stranger.Member = "M-99"
	got := s.Take(context.Background(), []rewards.Event{w.paid("PAY-1", 100), w.paid("PAY-2", 0), stranger, w.paid("PAY-1", 100), changed})
	points := got[0].Record.Points
	s.Cancel(context.Background(), "PAY-1", "")
	w.ledger.before = 1
	s.Take(context.Background(), []rewards.Event{w.paid("PAY-4", 100)})
	unfinished, err := s.Unfinished(context.Background(), 10)
	if err != nil || len(unfinished) != 1 || unfinished[0].ID != "PAY-4" || unfinished[0].Asked() != w.clock.Now().UnixMilli() || s.Waiting() != 0 {
		t.Errorf("unfinished are %v, %d wait, %v", unfinished, s.Waiting(), err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := map[rewards.Ending]int{"issued": 1, "nothing": 1, rewards.EndingRefused: 2, rewards.EndingReplayed: 1, "cancelled": 1, rewards.EndingPending: 1}
	for _, e := range rewards.Endings() {
		if ended[e] != want[e] {
			t.Errorf("%d ended %s, want %d", ended[e], e, want[e])
		}
	}
	if points == 0 || sums != (rewards.Round{Issued: points, Taken: points}) {
		t.Errorf("the rounds came to %+v, the event to %d points", sums, points)
	}
}
