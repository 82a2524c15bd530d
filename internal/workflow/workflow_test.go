package workflow_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/workflow"
)

func TestShiftWaitsForThoseInside(t *testing.T) {
	s := workflow.NewShift()
	if !s.Enter() {
		t.Fatal("a shift that has begun lets nobody in")
	}
	left := false
	go func() {
		<-s.Stopping
		left = true
		s.Leave()
	}()
	if err := s.End(t.Context()); err != nil || !left {
		t.Fatalf("ended with %v, the work inside done: %v", err, left)
	}
	if s.Enter() {
		t.Error("an ended shift lets one in")
	}
	if s.Ctx.Err() == nil {
		t.Error("the context of an ended shift goes on")
	}
	if err := s.End(t.Context()); err != nil {
		t.Errorf("a second end: %v", err)
	}
}

func TestShiftInterruptsWhoDoesNotStop(t *testing.T) {
	s := workflow.NewShift()
	s.Enter()
	go func() {
		<-s.Ctx.Done()
		s.Leave()
	}()
	hurry, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.End(hurry); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v, want the context's error", err)
	}
}

func TestPatience(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	stopping := make(chan struct{})
	close(stopping)
	for _, c := range []struct {
		name     string
		ctx      context.Context
		stopping chan struct{}
		deadline int64
		once     bool
		want     workflow.Verdict
	}{
		{name: "there is time", deadline: 60_000, want: workflow.Settled},
		{name: "the deadline is now", deadline: 0, want: workflow.Expired},
		{name: "the deadline comes first", deadline: 3, want: workflow.Expired},
		{name: "work that must not wait", deadline: 60_000, once: true, want: workflow.LaidDown},
		{name: "work that must not wait, too late", deadline: 0, once: true, want: workflow.Expired},
		{name: "the shift ends", deadline: 60_000, stopping: stopping, want: workflow.LaidDown},
		{name: "interrupted", deadline: 60_000, ctx: ended, want: workflow.LaidDown},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			p := workflow.Patience{Backoff: workflow.Backoff{Bound: 5 * time.Millisecond, Longest: time.Second},
				Stopping: c.stopping, Now: func() int64 { return time.Since(began).Milliseconds() }, Deadline: c.deadline, Once: c.once}
			ctx := t.Context()
			if c.ctx != nil {
				ctx = c.ctx
			}
			if v := p.Wait(ctx, 4*time.Millisecond); v != c.want {
				t.Errorf("the verdict is %d, want %d", v, c.want)
			}
		})
	}
}

func TestBackoffDoublesToItsBound(t *testing.T) {
	b := workflow.Backoff{Bound: 10, Longest: 40}
	for i, bound := range []time.Duration{10, 20, 40, 40} {
		if d := b.Next(); d < bound/2 || d > bound {
			t.Errorf("pause %d is %d, want %d to %d", i, d, bound/2, bound)
		}
	}
}
