package rewards_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/rewards"
)

// soon are terms that begin in an hour.
func (w *world) soon() rewards.Terms {
	terms := ladderOfSteps()
	terms.From = w.clock.Now().Add(time.Hour).UnixMilli()
	return terms
}

func TestARuleCountsOnceSomebodyElseApprovedIt(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	r, err := w.Propose(ctx, "sun", w.soon())
	must(t, err)
	_, err = w.Approve(ctx, "sun", r.ID())
	refusedWith(t, err, rewards.CodeSamePerson)
	w.clock.Advance(time.Hour)
	w.ended(w.take(w.paid("PAY-1", 10)), rewards.Nothing, 0)
	_, err = w.Approve(ctx, "wu", r.ID())
	must(t, err) // it begins this instant
	w.ended(w.take(w.paid("PAY-2", 10)), rewards.Issued, 15)
	_, err = w.Reject(ctx, "wu", r.ID(), "too late")
	refusedWith(t, err, rewards.CodeRuleDecided)
	w.start() // a restart knows it too
	w.ended(w.take(w.paid("PAY-3", 10)), rewards.Issued, 15)
}

func TestARuleDoesNotBeginInThePast(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	r, err := w.Propose(ctx, "sun", w.soon())
	must(t, err)
	w.clock.Advance(time.Hour + time.Millisecond)
	_, err = w.Approve(ctx, "wu", r.ID())
	refusedWith(t, err, rewards.CodeRetroactive)
	r, err = w.Reject(ctx, "sun", r.ID(), "withdrawn")
	must(t, err)
	if r.State != rewards.Rejected || r.Reason != "withdrawn" {
		t.Errorf("the rule is %+v", r)
	}
	for _, id := range []string{"prepayment.9", "prepayment", "prepayment.01", "prepayment.-1", "", "../x.1"} {
		if _, err := w.Approve(ctx, "wu", id); !errors.Is(err, rewards.ErrNotFound) {
			t.Errorf("approving %q: %v, want ErrNotFound", id, err)
		}
	}
}

func TestAnEventIsPricedByTheRuleOfItsTime(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	first, err := w.Propose(ctx, "sun", w.soon())
	must(t, err)
	terms := w.soon()
	terms.From += int64(time.Hour / time.Millisecond)
	terms.Steps = []rewards.Step{{From: 0, PerYuan: ratio("2")}}
	second, err := w.Propose(ctx, "sun", terms)
	must(t, err)
	for _, r := range []*rewards.Rule{second, first} {
		_, err = w.Approve(ctx, "wu", r.ID())
		must(t, err)
	}
	w.clock.Advance(3 * time.Hour)
	now := w.clock.Now().UnixMilli()
	for id, c := range map[string]struct {
		occurred int64
		state    rewards.State
		points   int64
		version  int64
	}{
		"PAY-before": {now - 3*3_600_000 + 1, rewards.Nothing, 0, 0},
		"PAY-first":  {now - 2*3_600_000, rewards.Issued, 15, 1},
		"PAY-second": {now - 1*3_600_000, rewards.Issued, 30, 2},
		"PAY-third":  {now, rewards.Issued, 30, 2},
	} {
		e := w.paid(id, 10)
		e.OccurredAt = c.occurred
		if r := w.ended(w.take(e), c.state, c.points); r.Explanation.Version != c.version {
			t.Errorf("%s was priced by version %d, want %d", id, r.Explanation.Version, c.version)
		}
	}
}

func TestAPreviewSaysWhatADraftWouldHaveCost(t *testing.T) {
	ctx := context.Background()
	capped := ladderOfSteps()
	capped.DayCap = 50
	w := newWorld(t, capped)
	for i, c := range []struct {
		channel rewards.Channel
		segment string
		yuan    int64
		ago     time.Duration
	}{{"app", "residential", 20, 0}, {"app", "residential", 20, 0}, {"counter", "small_business", 20, 0}, {"counter", "", 20, 24 * time.Hour}, {"counter", "", 100, 48 * time.Hour}} {
		e := w.paid(name(i), c.yuan)
		e.Channel, e.Segment, e.OccurredAt = c.channel, c.segment, e.OccurredAt-c.ago.Milliseconds()
		must(t, w.take(e).Err)
	}
	must(t, w.Cancel(ctx, name(3), "does not count").Err)
	draft := w.soon()
	draft.Channels = map[rewards.Channel]rewards.Ratio{"app": ratio("0.5")}
	r, err := w.Propose(ctx, "sun", draft)
	must(t, err)
	today := day(w.clock.Now())
	p, err := w.Preview(ctx, r.ID(), today-1, today)
	must(t, err)
	// In force: 30, 20 (cut by the cap) and nothing. By the draft: 10, 10 and 20.
	if want := (rewards.Cost{Events: 3, Before: 50, After: 40, Gained: 1, Losing: 2}); p.Cost != want {
		t.Errorf("the draft costs %+v, want %+v", p.Cost, want)
	}
	if len(p.Channels) != 2 || p.Channels[0].Name != "app" || p.Channels[0].Cost != (rewards.Cost{Events: 2, Before: 50, After: 20, Losing: 2}) {
		t.Errorf("by channel it costs %+v", p.Channels)
	}
	if len(p.Segments) != 2 || p.Segments[1].Name != "small_business" || p.Segments[1].After != 20 || len(p.Days) != 1 || p.Days[0].Name != today.String() {
		t.Errorf("it costs %+v by segment, %+v by day", p.Segments, p.Days)
	}
	if p, err = w.Preview(ctx, r.ID(), today-10, today-2); err != nil || p.Before != 50 || p.After != 120 {
		t.Errorf("of the days before it costs %+v, %v", p, err)
	}
	_, err = w.Preview(ctx, r.ID(), today, today-1)
	refusedWith(t, err, rewards.CodeInvalid)
	if got := w.account("M-1").Available(); got != 100 {
		t.Errorf("after a preview the member has %d points, want the 100 from before", got)
	}
}
