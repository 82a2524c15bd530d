package statements_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

// host answers a question for a statement as the test says.
type host struct {
	connector.Host
	mu     sync.Mutex
	asked  int
	answer func(ctx context.Context, n int) (io.ReadCloser, error)
}

func (h *host) Statement(ctx context.Context, _ time.Time) (io.ReadCloser, error) {
	h.mu.Lock()
	n := h.asked
	h.asked++
	h.mu.Unlock()
	return h.answer(ctx, n)
}

func (h *host) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

func puller(in *intake, hosts map[string]*host, wanted ...statements.Wanted) *statements.Puller {
	return statements.NewPuller(statements.PullerOptions{Service: in.Service, Patience: 100 * time.Millisecond,
		Host: func(code string) connector.Host {
			if h := hosts[code]; h != nil {
				return h
			}
			return nil
		},
		Wanted: func(context.Context) ([]statements.Wanted, error) { return wanted, nil },
		Now:    func() time.Time { return in.now }, Logger: in.options.Logger})
}

func TestAPartnerWithoutStatementIsAskedAgainLater(t *testing.T) {
	in := newIntake(t)
	sky := &host{answer: func(_ context.Context, n int) (io.ReadCloser, error) {
		if n < 2 {
			return nil, errors.New("503")
		}
		return io.NopCloser(strings.NewReader(good(300))), nil
	}}
	p := puller(in, map[string]*host{"sky": sky}, statements.Wanted{Partner: "sky", Day: saturday}, statements.Wanted{Partner: "folder-only", Day: saturday})
	ask := func(want int) {
		t.Helper()
		must(t, p.Begin(t.Context(), false))
		p.Wait()
		if got := sky.count(); got != want {
			t.Fatalf("asked %d times, want %d", got, want)
		}
	}
	ask(1)
	ask(1) // it is left alone
	in.now = in.now.Add(20 * time.Second)
	ask(2)
	in.now = in.now.Add(20 * time.Second)
	ask(2) // longer than before
	must(t, p.Begin(t.Context(), true))
	p.Wait()
	if len(in.accepted) != 1 || in.accepted[0].Source != statements.Connector {
		t.Errorf("%+v", in.accepted)
	}
}

func TestAPartnerThatHangsKeepsNobodyWaiting(t *testing.T) {
	in := newIntake(t)
	begun := make(chan struct{})
	hangs := &host{answer: func(ctx context.Context, n int) (io.ReadCloser, error) {
		if n == 0 {
			close(begun)
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	answers := &host{answer: func(context.Context, int) (io.ReadCloser, error) {
		<-begun
		return io.NopCloser(strings.NewReader(good(300))), nil
	}}
	p := puller(in, map[string]*host{"new": hangs, "sky": answers}, statements.Wanted{Partner: "new", Day: saturday}, statements.Wanted{Partner: "sky", Day: saturday})
	must(t, p.Begin(t.Context(), false))
	must(t, p.Begin(t.Context(), true)) // nobody is asked twice at once
	p.Wait()
	if len(in.accepted) != 1 || hangs.count() != 1 {
		t.Errorf("%+v, asked %d times", in.accepted, hangs.count())
	}
}

func TestAStatementThatIsThereIsFetchedAgainOnceInAWhile(t *testing.T) {
	in := newIntake(t)
	sky := &host{answer: func(_ context.Context, n int) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(good(300 + n/2))), nil
	}}
	p := puller(in, map[string]*host{"sky": sky}, statements.Wanted{Partner: "sky", Day: saturday, Again: true})
	for range 3 {
		for range 3 {
			must(t, p.Begin(t.Context(), false))
			p.Wait()
		}
		in.now = in.now.Add(statements.AgainEvery)
	}
	if sky.count() != 3 || len(in.accepted) != 2 {
		t.Errorf("asked %d times, %d were new", sky.count(), len(in.accepted))
	}
}
