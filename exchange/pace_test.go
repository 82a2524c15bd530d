package exchange

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/internal/testclock"
)

// A ledger that takes a tenth of a millisecond for each piece of work that is open at
// the time: at the target of 50 ms, about five hundred are open in the end, wherever
// it began.
func TestThePaceFindsWhatTheLedgerCanCarry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := testclock.At(time.Unix(1_800_000_000, 0))
		p := newPace(4096, 50*time.Millisecond, clock.Now)
		p.open = rapid.IntRange(paceFloor, 4096).Draw(t, "open")
		for range 200 {
			begun := clock.Now()
			clock.Advance(time.Duration(p.open) * 100 * time.Microsecond)
			p.pressed = true
			p.took(p.open, begun)
		}
		if p.open < 400 || p.open > 600 {
			t.Fatalf("%d are open", p.open)
		}
	})
}

func TestThePaceStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 3000).Draw(t, "most")
		p := newPace(most, 25*time.Millisecond, testclock.At(time.Unix(1_800_000_000, 0)).Now)
		for _, mean := range rapid.SliceOf(rapid.Int64Range(0, int64(time.Hour))).Draw(t, "means") {
			p.pressed = rapid.Bool().Draw(t, "pressed")
			p.look(time.Duration(mean))
			if p.open > most || p.open < min(paceFloor, most) {
				t.Fatalf("%d of %d are open", p.open, most)
			}
		}
	})
}

// Nobody waited, so nothing says that more could be done.
func TestThePaceDoesNotGrowForNobody(t *testing.T) {
	p := newPace(1000, time.Second, testclock.At(time.Unix(1_800_000_000, 0)).Now)
	p.open = 300
	p.look(time.Millisecond)
	if p.open != 300 {
		t.Errorf("%d are open", p.open)
	}
}

// crowded returns a turnstile at which somebody of company a has waited all the time
// for as long as makes a crowd, and what is in.
func crowded(t *testing.T) (*turnstile, *seat) {
	t.Helper()
	clock := testclock.At(time.Unix(1_800_000_000, 0))
	s := newTurnstile(newPace(1, 10*time.Millisecond, clock.Now), time.Minute)
	in := entered(t, s, "a", 1)
	wait(s, "a", paceFloor)
	clock.Advance(crowdAfter)
	return s, in
}

func wait(s *turnstile, company string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.queue(company, 1)
	}
}

func TestInACrowdNobodyWaitsForLong(t *testing.T) {
	s, _ := crowded(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var busy *Busy
	if _, err := s.enter(ctx, "a", 1); !errors.As(err, &busy) {
		t.Errorf("waited with the patience of a burst: %v", err)
	}
}

func TestInACrowdACompanyWithALineIsRefusedAtOnceAndOthersAreNot(t *testing.T) {
	s, in := crowded(t)
	if !s.refuses("a") || s.refuses("b") {
		t.Errorf("a company with a line is refused: %t, one without: %t", s.refuses("a"), s.refuses("b"))
	}
	in.leave(1)
	if s.refuses("a") {
		t.Error("refused although the line became shorter")
	}
}

// Whoever came first has waited too long to be of use to anybody when the crowd is
// noticed; who came last has not.
func TestInACrowdNobodyIsLetInLate(t *testing.T) {
	clock := testclock.At(time.Unix(1_800_000_000, 0))
	s := newTurnstile(newPace(1, 10*time.Millisecond, clock.Now), time.Minute)
	working := entered(t, s, "a", 1)
	wait(s, "a", 5)
	stale := s.lines["a"].waiting[4]
	clock.Advance(crowdAfter)
	wait(s, "b", 1)
	fresh := s.lines["b"].waiting[0]
	working.leave(1)
	if in(stale) == 0 || !stale.late || in(fresh) == 0 || fresh.late || s.used != 1 {
		t.Errorf("late: %t of the first and %t of the last, %d in use", stale.late, fresh.late, s.used)
	}
}

// A line that is empty for a moment is no relief.
func TestACrowdIsOverWhenNobodyHasWaitedForAWhile(t *testing.T) {
	s, in := crowded(t)
	clock := func(d time.Duration) { now := s.pace.timer(); s.pace.timer = func() time.Time { return now.Add(d) } }
	clock(20 * time.Millisecond)
	in.leave(1) // all of them are late
	if len(s.ring) != 0 {
		t.Fatalf("%d lines are left", len(s.ring))
	}
	entered(t, s, "a", 1)
	clock(crowdOver / 2)
	wait(s, "a", paceFloor)
	if !s.refuses("a") {
		t.Error("a moment without anybody ended the crowd")
	}
	s.lines["a"].waiting, s.lines["a"].cost, s.ring, s.emptied = nil, 0, nil, s.pace.now()
	delete(s.lines, "a")
	clock(crowdOver)
	wait(s, "a", paceFloor)
	if s.refuses("a") {
		t.Error("the crowd did not end")
	}
}

func TestABurstIsNoCrowd(t *testing.T) {
	s := newTurnstile(newPace(1, time.Millisecond, testclock.At(time.Unix(1_800_000_000, 0)).Now), time.Minute)
	entered(t, s, "a", 1)
	wait(s, "a", 10*paceFloor)
	if s.refuses("a") {
		t.Error("refused at the first moment")
	}
}

// What is more than may be open at the pace is done when nothing else is.
func TestALargeCallIsLetInAlone(t *testing.T) {
	s := newTurnstile(newPace(1000, time.Second, testclock.At(time.Unix(1_800_000_000, 0)).Now), time.Minute)
	s.pace.open = paceFloor
	large := entered(t, s, "a", 500)
	s.mu.Lock()
	small, _ := s.queue("b", 1)
	s.mu.Unlock()
	if in(small) != 0 {
		t.Error("another was let in beside it")
	}
	large.leave(500)
	if in(small) != 1 {
		t.Error("the other was not let in after it")
	}
}
