package access_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/partnerstest"
	"github.com/pointgrid/pointgrid/web/access"
)

// store is a log that can be stopped and broken.
type store struct {
	*partnerstest.Memory
	mu     sync.Mutex // held while it is stopped
	broken int        // writes that fail
	writes int
}

func (s *store) AppendAccess(ctx context.Context, entries []partners.Access) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken > 0 {
		s.broken--
		return errors.New("the disk is full")
	}
	s.writes++
	return s.Memory.AppendAccess(ctx, entries)
}

func (s *store) count(t *testing.T) int {
	t.Helper()
	n, err := s.Accesses(t.Context(), partners.AccessFilter{All: true, Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return len(n)
}

func newRecorder(t testing.TB, s partners.AccessStore) (*access.Recorder, *prometheus.Registry) {
	t.Helper()
	metrics := prometheus.NewRegistry()
	r, err := access.New(access.Options{Store: s, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler), Registerer: metrics, Every: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return r, metrics
}

// running starts the recorder and returns what ends it.
func running(r *access.Recorder) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	return func() { cancel(); <-done }
}

func counted(t *testing.T, g prometheus.Gatherer, name string) int {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return int(f.GetMetric()[0].GetCounter().GetValue())
		}
	}
	return -1
}

func TestEntriesAreWrittenTogetherAndAllOfThemAtTheEnd(t *testing.T) {
	s := &store{Memory: partnerstest.NewMemory()}
	r, metrics := newRecorder(t, s)
	stop := running(r)
	for n := range 5000 {
		r.Note(partners.Access{At: time.UnixMilli(int64(n)), Client: "sky-app"})
	}
	r.Keep(t.Context(), partners.Access{At: time.UnixMilli(6000), Client: "sky-app"})
	stop()
	if got := s.count(t); got != 5001 || s.writes > 500 {
		t.Errorf("%d entries in %d writes", got, s.writes)
	}
	if n := counted(t, metrics, "pointgrid_access_log_written_total"); n != 5001 {
		t.Errorf("counted %d", n)
	}
}

func TestAStoreThatIsStuckHoldsNobodyUp(t *testing.T) {
	s := &store{Memory: partnerstest.NewMemory()}
	r, metrics := newRecorder(t, s)
	s.mu.Lock()
	stop := running(r)
	for range 20_000 {
		r.Note(partners.Access{Client: "sky-app"}) // would hang here
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2000 {
		r.Keep(ctx, partners.Access{Client: "sky-app"})
	}
	s.mu.Unlock()
	stop()
	written, dropped := counted(t, metrics, "pointgrid_access_log_written_total"), counted(t, metrics, "pointgrid_access_log_dropped_total")
	if written+dropped != 22_000 || written != s.count(t) || dropped == 0 {
		t.Errorf("wrote %d, dropped %d", written, dropped)
	}
}

func TestAFailedWriteIsMadeAgain(t *testing.T) {
	s := &store{Memory: partnerstest.NewMemory(), broken: 2}
	r, _ := newRecorder(t, s)
	stop := running(r)
	r.Keep(t.Context(), partners.Access{Client: "sky-app"})
	deadline := time.Now().Add(10 * time.Second)
	for s.count(t) == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	stop()
	if s.count(t) != 1 {
		t.Error("it was lost")
	}
}

func BenchmarkNote(b *testing.B) {
	r, _ := newRecorder(b, nothing{})
	stop := running(r)
	defer stop()
	a := partners.Access{At: time.Now(), Kind: partners.AccessRequest, Client: "sky-app", Partner: "sky", Route: "/v1/conversions"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.Note(a)
		}
	})
}

// nothing keeps nothing.
type nothing struct{}

func (nothing) AppendAccess(context.Context, []partners.Access) error { return nil }
func (nothing) Accesses(context.Context, partners.AccessFilter) ([]*partners.Access, error) {
	return nil, nil
}
func (nothing) ForgetAccess(context.Context, time.Time, int) (int, error) { return 0, nil }
