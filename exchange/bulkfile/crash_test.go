package bulkfile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
)

// life is that of one process in a test: from its n-th step on it is dead, and
// nothing that it still does has any effect.
type life struct {
	steps, end atomic.Int64
	dead       atomic.Bool
}

var errDead = errors.New("the process is dead")

// step reports whether the process still does it, and dies before or after.
func (l *life) step(do func()) error {
	n, end := l.steps.Add(1), l.end.Load()
	if l.dead.Load() || end == 2*n-1 { // odd: before it
		l.dead.Store(true)
		return errDead
	}
	do()
	if end == 2*n {
		l.dead.Store(true)
		return errDead
	}
	return nil
}

type mortalStore struct {
	bulkfile.Store
	life *life
}

func (s mortalStore) UpdateFile(ctx context.Context, f *bulkfile.File) (err error) {
	return errors.Join(s.life.step(func() { err = s.Store.UpdateFile(ctx, f) }), err)
}

type mortalExchange struct {
	bulkfile.Converter
	life *life
}

func (e mortalExchange) ConvertMany(ctx context.Context, p exchange.Party, all []exchange.ConvertRequest, wait time.Duration) (out []exchange.Outcome) {
	if err := e.life.step(func() { out = e.Converter.ConvertMany(ctx, p, all, wait) }); err != nil {
		return slices.Repeat([]exchange.Outcome{{Err: err}}, len(all))
	}
	return out
}

// A process that dies at any step, and the one after it too, leaves a file that
// ends as if nothing had been: the same results, line for line, and nothing
// converted twice.
func TestAFileEndsWellWhereverTheProcessDies(t *testing.T) {
	for end := int64(1); end <= 28; end++ {
		t.Run(fmt.Sprint(end), func(t *testing.T) {
			w := newWorld(t)
			text := w.csv("3000", "31", "3000", "3000", "6000", "3000", "3000", "x", "3000", "3000", "3000", "3000", "3000")
			text += strings.Split(text, "\n")[1] + "\n"
			store, converter := w.options.Store, w.options.Exchange
			id := w.create(bulkfile.CSV)
			w.append(id, 0, text)
			for _, at := range []int64{end, 3, 2} {
				l := &life{}
				l.end.Store(at)
				w.options.Store, w.options.Exchange = mortalStore{store, l}, mortalExchange{converter, l}
				w.open()
				if f, err := w.File(context.Background(), tele, id); err == nil && f.State == bulkfile.Uploading {
					_, _ = w.complete(id, text)
				}
				w.eventually("it dies or finishes", func() bool {
					f, err := store.File(context.Background(), id)
					must(t, err)
					return l.dead.Load() || f.State == bulkfile.Finished
				})
			}
			w.options.Store, w.options.Exchange = store, converter
			w.open()
			if f, err := w.File(context.Background(), tele, id); err == nil && f.State == bulkfile.Uploading {
				_, err = w.complete(id, text)
				must(t, err)
			}
			f, results := w.finished(id)
			want := []string{"2 converted", "3 failed amount_off_step", "4 converted", "5 converted", "6 converted", "7 converted", "8 converted",
				"9 failed line_invalid", "10 converted", "11 converted", "12 converted", "13 converted", "14 converted", "15 repeated"}
			if got := outcomes(t, results); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if f.Succeeded != 11 || f.Failed != 2 || f.Repeated != 1 {
				t.Errorf("the file is %+v", f)
			}
			if n, points := w.conversions(); n != 11 || points != 36_000 {
				t.Errorf("%d conversions of %d, want 11 of 36000", n, points)
			}
		})
	}
}

// reluctant answers some requests with what is no outcome.
type reluctant struct {
	bulkfile.Converter
	calls atomic.Int64
}

func (r *reluctant) ConvertMany(ctx context.Context, p exchange.Party, all []exchange.ConvertRequest, wait time.Duration) []exchange.Outcome {
	n := r.calls.Add(1)
	if n%3 != 0 {
		wait = 0
	}
	out := r.Converter.ConvertMany(ctx, p, all, wait)
	for i := range out {
		switch (n + int64(i)) % 5 {
		case 0:
			out[i] = exchange.Outcome{Err: &exchange.Busy{What: "the exchange", RetryAfter: time.Second}}
		case 1:
			out[i] = exchange.Outcome{Err: errors.New("the store is away")}
		case 2:
			out[i] = exchange.Outcome{Err: exchange.ErrStillRunning}
		}
	}
	return out
}

func TestALineWithoutOutcomeIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.options.Exchange = &reluctant{Converter: w.options.Exchange}
	w.open()
	f, results := w.finished(w.send(bulkfile.CSV, w.lines(20)))
	for i, got := range outcomes(t, results) {
		if !strings.HasPrefix(got, fmt.Sprint(i+2, " ")) {
			t.Errorf("result %d is %s", i, got)
		}
	}
	if f.Succeeded+f.Repeated != 20 || f.Failed != 0 {
		t.Errorf("%+v", f)
	}
	if n, _ := w.conversions(); n != 20 {
		t.Errorf("%d conversions, want 20", n)
	}
}
