package support_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/support/supporttest"
)

var (
	gateway = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	key     = []byte("an account key for tests, 32 bytes")

	anna = support.Person{ID: "anna"}
	ben  = support.Person{ID: "ben"}
	cara = support.Person{ID: "cara", Checker: true}
	dora = support.Person{ID: "dora", Checker: true}
)

// world is a ledger, a store, subjects and reviews in memory, and a service.
type world struct {
	t        testing.TB
	began    time.Time
	ledger   *moody
	store    support.Store
	subjects map[ledger.ID]*support.Subject
	remedies []support.Remedy
	answer   func(support.Remedy) (support.Answer, error)
	held     map[ledger.ID]*support.Held
	decided  map[ledger.ID]bool
	mu       sync.Mutex
	o        support.Options
	*support.Service
	keys int
}

// moody is a ledger that sometimes does not say what it did.
type moody struct {
	ledger.Ledger
	silent atomic.Int64 // answers that are lost
	issued atomic.Int64 // commands that were taken
}

func (m *moody) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	results, err := m.Ledger.Submit(ctx, who, commands...)
	m.issued.Add(int64(len(commands)))
	if m.silent.Add(-1) >= 0 {
		return nil, ledger.ErrOutcomeUnknown
	}
	return results, err
}

func (m *moody) Find(ctx context.Context, id ledger.ID) (ledger.Entry, error) {
	if m.silent.Load() > 0 {
		return ledger.Entry{}, errors.New("the ledger does not answer")
	}
	return m.Ledger.Find(ctx, id)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, store: supporttest.NewMemory(), subjects: map[ledger.ID]*support.Subject{}, held: map[ledger.ID]*support.Held{}, decided: map[ledger.ID]bool{}}
	w.began = time.Now()
	w.ledger = &moody{Ledger: ledgertest.NewMemory(w.clock)}
	w.submit(&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(w.clock())})
	w.answer = func(r support.Remedy) (support.Answer, error) {
		return support.Answer{Done: support.RemedyDone, Reference: "REF"}, nil
	}
	w.o = support.Options{Ledger: w.ledger, Identity: gateway, Store: w.store, Members: w, Subjects: w, Reviews: reviews{w}, Limits: support.Limits{Case: 100, Day: 250, Remedy: 1000},
		Day: ledger.DateOf, Due: func(d ledger.Date) ledger.Date { return d + 3 }, Patience: 300 * time.Millisecond, Now: w.clock, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	w.open()
	return w
}

// open begins a process, which knows only what is stored.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.Service, err = support.New(w.o)
	must(w.t, err)
}

// clock goes on from a day of the test's own.
func (w *world) clock() time.Time {
	return time.UnixMilli(1_770_000_000_000).Add(time.Since(w.began))
}

func (w *world) submit(body ledger.Body) {
	w.t.Helper()
	results, err := w.ledger.Ledger.Submit(context.Background(), gateway, ledger.Command{ID: w.id(), Body: body})
	must(w.t, err)
	if results[0].Code != ledger.CodeOK {
		w.t.Fatal(results[0].Code, results[0].Message)
	}
}

func (w *world) id() ledger.ID {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return ledger.NewID(w.clock(), random).Root()
}

func account(t testing.TB, member string) ledger.Account {
	t.Helper()
	a, err := ledger.MemberAccount(key, member)
	must(t, err)
	return a
}

// AccountOf implements [support.Members]: those whose number begins with M.
func (w *world) AccountOf(_ context.Context, member string) (ledger.Account, error) {
	if member[0] != 'M' {
		return ledger.Account{}, support.ErrNotFound
	}
	return account(w.t, member), nil
}

// Subject implements [support.Subjects].
func (w *world) Subject(_ context.Context, kind support.SubjectKind, id ledger.ID) (*support.Subject, error) {
	if s := w.subjects[id]; s != nil && s.Kind == kind {
		return s, nil
	}
	return nil, support.ErrNotFound
}

// Remedy implements [support.Subjects].
func (w *world) Remedy(_ context.Context, r support.Remedy) (support.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.remedies = append(w.remedies, r)
	return w.answer(r)
}

type reviews struct{ w *world }

// Held implements [support.Reviews].
func (r reviews) Held(_ context.Context, id ledger.ID) (*support.Held, error) {
	if h := r.w.held[id]; h != nil {
		return h, nil
	}
	return nil, support.ErrNotFound
}

// Decide implements [support.Reviews].
func (r reviews) Decide(_ context.Context, id ledger.ID, release bool) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.w.decided[id] = release
	return nil
}

// conversion is one of a member, of 3,000 that gave 1,000 points.
func (w *world) conversion(member string) ledger.ID {
	id := w.id()
	w.subjects[id] = &support.Subject{Kind: support.Conversion, ID: id, Member: member, At: w.clock().UnixMilli(), Points: 1000, Of: 3000}
	return id
}

func (w *world) idem() support.Idempotency {
	w.keys++
	return support.Idempotency{Key: fmt.Sprintf("k-%d", w.keys), Hash: ledger.Hash{1}}
}

func (w *world) disputed(member string) *support.Dispute {
	w.t.Helper()
	d, _, err := w.Open(context.Background(), w.opening(member, w.conversion(member)))
	must(w.t, err)
	return d
}

func (w *world) opening(member string, subject ledger.ID) support.OpenRequest {
	return support.OpenRequest{Idempotency: w.idem(), Client: "mall", Member: member, Kind: support.Conversion, Subject: subject, Reason: support.NotReceived, Text: "积分没有到账"}
}

func (w *world) goodwill(p support.Person, points int64, reference string) (*support.Act, error) {
	a, _, err := w.Do(context.Background(), p, support.ActRequest{Idempotency: w.idem(), Client: "console", Kind: support.Goodwill, Member: "M-1", Points: points, Reason: "sorry", Reference: reference})
	return a, err
}

func (w *world) balance(member string) int64 {
	w.t.Helper()
	state, err := w.ledger.Account(context.Background(), account(w.t, member))
	if errors.Is(err, ledger.ErrNotFound) {
		return 0
	}
	must(w.t, err)
	return state.Available()
}

// refuses expects a refusal with a code, or one of the errors of the package.
func refuses(t testing.TB, what string, err error, want any) {
	t.Helper()
	var r *support.Refusal
	switch w := want.(type) {
	case string:
		if !errors.As(err, &r) || r.Code != w {
			t.Errorf("%s: %v, want the code %s", what, err, w)
		}
	case error:
		if !errors.Is(err, w) {
			t.Errorf("%s: %v, want %v", what, err, w)
		}
	}
}
