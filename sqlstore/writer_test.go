package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeSession records transactions, and holds each until it is let go.
type fakeSession struct {
	mu           sync.Mutex
	transactions [][]string
	fail         func(all []*statement) error
	started      chan struct{}
	let          chan struct{}
	isBroken     bool
}

func newFake() *fakeSession {
	return &fakeSession{started: make(chan struct{}, 100), let: make(chan struct{}, 100)}
}

func (f *fakeSession) transact(all []*statement) error {
	f.started <- struct{}{}
	<-f.let
	f.mu.Lock()
	defer f.mu.Unlock()
	var queries []string
	for _, st := range all {
		queries = append(queries, st.query)
		st.affected = 1
	}
	f.transactions = append(f.transactions, queries)
	if f.fail != nil {
		return f.fail(all)
	}
	return nil
}

func (f *fakeSession) tidy() error       { return nil }
func (f *fakeSession) broken(error) bool { return f.isBroken }
func (f *fakeSession) close() error      { return nil }

func (f *fakeSession) letGo(n int) {
	for range n {
		f.let <- struct{}{}
	}
}

func startWriter(t *testing.T, f *fakeSession) *writer {
	t.Helper()
	w := newWriter(f, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		select {
		case <-w.closing:
		default:
			f.letGo(50)
			if err := w.close(); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

// give writes in the background and returns where the outcome will be.
func give(w *writer, ctx context.Context, query string) chan error {
	outcome := make(chan error, 1)
	go func() {
		_, err := w.one(ctx, query)
		outcome <- err
	}()
	return outcome
}

// queue gives writes one after the other while a transaction is under way.
func queue(t *testing.T, w *writer, queries ...string) (outcomes []chan error) {
	t.Helper()
	for _, q := range queries {
		n := len(w.queue)
		outcomes = append(outcomes, give(w, context.Background(), q))
		eventually(t, func() bool { return len(w.queue) == n+1 })
	}
	return outcomes
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about within 10 s")
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func TestOneTransactionCarriesAllThatHasQueuedUp(t *testing.T) {
	f := newFake()
	w := startWriter(t, f)
	first := give(w, context.Background(), "a")
	<-f.started
	rest := queue(t, w, "b", "c", "d")
	f.letGo(2)
	for _, outcome := range append(rest, first) {
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	}
	if len(f.transactions) != 2 || strings.Join(f.transactions[1], "") != "bcd" {
		t.Errorf("transactions %v, want [[a] [b c d]]", f.transactions)
	}
}

func TestAFailingWriteDoesNotHurtItsNeighbours(t *testing.T) {
	f := newFake()
	f.fail = func(all []*statement) error {
		for _, st := range all {
			if st.query == "bad" {
				return errors.New("bad statement")
			}
		}
		return nil
	}
	w := startWriter(t, f)
	first := give(w, context.Background(), "a")
	<-f.started
	outcomes := queue(t, w, "b", "bad", "c")
	f.letGo(10)
	for i, want := range []bool{true, false, true} {
		if err := <-outcomes[i]; (err == nil) != want {
			t.Errorf("write %d: error %v, want stored %t", i, err, want)
		}
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	if got := w.counts.retries.Load(); got != 3 {
		t.Errorf("%d retries, want 3", got)
	}
}

func TestAfterAFailedCommitNobodyIsAcknowledged(t *testing.T) {
	f := newFake()
	f.fail = func(all []*statement) error {
		if all[0].query == "b" {
			return &commitError{errors.New("no")}
		}
		return nil
	}
	w := startWriter(t, f)
	first := give(w, context.Background(), "a")
	<-f.started
	outcomes := queue(t, w, "b", "c")
	f.letGo(10)
	for i, outcome := range outcomes {
		var commit *commitError
		if err := <-outcome; !errors.As(err, &commit) {
			t.Errorf("write %d: error %v, want that of the commit", i, err)
		}
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	if _, err := w.one(context.Background(), "d"); err != nil {
		t.Errorf("the next write: %v", err)
	}
}

func TestAfterTheSessionBrokeNothingIsWritten(t *testing.T) {
	f := newFake()
	f.isBroken = true
	f.fail = func([]*statement) error { return errors.New("input/output error") }
	w := startWriter(t, f)
	f.letGo(10)
	if _, err := w.one(context.Background(), "a"); err == nil || errors.Is(err, ErrStopped) {
		t.Errorf("the first write: error %v, want that of the session", err)
	}
	if _, err := w.one(context.Background(), "b"); !errors.Is(err, ErrStopped) {
		t.Errorf("the second write: error %v, want ErrStopped", err)
	}
	if len(f.transactions) != 1 {
		t.Errorf("%d transactions, want 1", len(f.transactions))
	}
}

func TestACancelledWriteIsNotCarriedOut(t *testing.T) {
	f := newFake()
	w := startWriter(t, f)
	first := give(w, context.Background(), "a")
	<-f.started
	ctx, cancel := context.WithCancel(context.Background())
	waiting := give(w, ctx, "b")
	eventually(t, func() bool { return len(w.queue) == 1 })
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled write: error %v, want context.Canceled", err)
	}
	f.letGo(10)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if _, err := w.one(context.Background(), "c"); err != nil {
		t.Error(err)
	}
	for _, queries := range f.transactions {
		if strings.Contains(strings.Join(queries, ""), "b") {
			t.Errorf("transactions %v, b was cancelled", f.transactions)
		}
	}
}

func TestAWriteThatIsBeingCarriedOutIsWaitedFor(t *testing.T) {
	f := newFake()
	w := startWriter(t, f)
	ctx, cancel := context.WithCancel(context.Background())
	outcome := give(w, ctx, "a")
	<-f.started
	cancel()
	f.letGo(1)
	if err := <-outcome; err != nil {
		t.Errorf("error %v, but it was stored", err)
	}
}

func TestAContextThatHasEndedWritesNothing(t *testing.T) {
	f := newFake()
	w := startWriter(t, f)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.one(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestClosingCarriesOutWhatWaits(t *testing.T) {
	f := newFake()
	w := startWriter(t, f)
	first := give(w, context.Background(), "a")
	<-f.started
	rest := queue(t, w, "b", "c")
	f.letGo(10)
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	for _, outcome := range append(rest, first) {
		if err := <-outcome; err != nil {
			t.Errorf("a write that waited: %v", err)
		}
	}
	if _, err := w.one(context.Background(), "d"); !errors.Is(err, ErrClosed) {
		t.Errorf("after closing: error %v, want ErrClosed", err)
	}
}

func TestAFullQueueMakesCallersWait(t *testing.T) {
	f := newFake()
	w := startWriter(t, f)
	first := give(w, context.Background(), "a")
	<-f.started
	for range queueMax {
		give(w, context.Background(), "b")
	}
	eventually(t, func() bool { return len(w.queue) == queueMax })
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if _, err := w.one(ctx, "c"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want context.DeadlineExceeded", err)
	}
	f.letGo(50)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestOnAFullDiskNothingIsAcknowledgedAndOneWithRoomGoesOn(t *testing.T) {
	s, err := Open(context.Background(), Options{Path: filepath.Join(t.TempDir(), "store.db"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	limit := func(pages string) {
		if _, err := s.writer.session.(*sqliteSession).exec("PRAGMA max_page_count = "+pages, nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	limit("200")
	text := strings.Repeat("x", 3000)
	stored := 0
	for ; ; stored++ {
		if err = s.SetSetting(ctx, text[:100+stored], text); err != nil {
			break
		}
	}
	if stored == 0 {
		t.Fatal("the disk was full at once")
	}
	if _, err := s.Setting(ctx, text[:100+stored]); !errors.Is(err, ErrNoSetting) {
		t.Errorf("what was not acknowledged: error %v, want ErrNoSetting", err)
	}
	if err := s.SetSetting(ctx, text[:100], "short"); err != nil {
		t.Errorf("a write that needs no room: %v", err)
	}
	limit("2000")
	if err := s.SetSetting(ctx, text[:100+stored], text); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
