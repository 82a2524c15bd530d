package idempotency_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/idempotency"
	"github.com/pointgrid/pointgrid/web/problem"
)

// shelf is a Store for one goroutine that remembers what it was told.
type shelf struct {
	running map[idempotency.Request]bool
	saved   map[string]idempotency.Answer
	hashes  map[string]ledger.Hash
	broken  error
}

func newShelf() *shelf {
	return &shelf{running: map[idempotency.Request]bool{}, saved: map[string]idempotency.Answer{}, hashes: map[string]ledger.Hash{}}
}

func name(r idempotency.Request) string { return r.Client + " " + r.Route + " " + r.Key }

func (s *shelf) Begin(_ context.Context, r idempotency.Request, _ time.Time, _ time.Duration) (*idempotency.Answer, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	if h, used := s.hashes[name(r)]; used && h != r.Hash {
		return nil, idempotency.ErrMismatch
	}
	if s.running[r] {
		return nil, idempotency.ErrRunning
	}
	if a, ok := s.saved[name(r)]; ok {
		return &a, nil
	}
	s.running[r], s.hashes[name(r)] = true, r.Hash
	return nil, nil
}

func (s *shelf) Finish(_ context.Context, r idempotency.Request, a idempotency.Answer, _ time.Time) error {
	delete(s.running, r)
	s.saved[name(r)] = a
	return s.broken
}

func (s *shelf) Abandon(_ context.Context, r idempotency.Request) error {
	delete(s.running, r)
	delete(s.hashes, name(r))
	return s.broken
}

func (s *shelf) Forget(context.Context, time.Time) (int, error) { return 0, nil }

func once(s idempotency.Store) *idempotency.Once {
	return &idempotency.Once{Store: s, Now: time.Now, Lease: time.Minute, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

var asked = idempotency.Request{Client: "sky-app", Route: "POST /v1/quotes", Key: "k", Hash: ledger.Hash{1}}

func TestWorkIsDoneOnceAndItsAnswerRepeated(t *testing.T) {
	o, runs := once(newShelf()), 0
	work := func() idempotency.Answer { runs++; return idempotency.Answer{Status: 201, Body: []byte("made")} }
	for i := range 3 {
		a, replayed, err := o.Do(t.Context(), asked, work)
		if err != nil || string(a.Body) != "made" || replayed != (i > 0) {
			t.Errorf("time %d: %v, replayed %t, %v", i, a, replayed, err)
		}
	}
	if runs != 1 {
		t.Errorf("worked %d times", runs)
	}
}

func TestARefusalGivesTheKeyBack(t *testing.T) {
	o := once(newShelf())
	for _, status := range []int{422, 500, 201} {
		status := status
		a, replayed, err := o.Do(t.Context(), asked, func() idempotency.Answer { return idempotency.Answer{Status: status} })
		if err != nil || replayed || a.Status != status {
			t.Errorf("status %d: got %d, replayed %t, %v", status, a.Status, replayed, err)
		}
	}
}

func TestAPanicGivesTheKeyBack(t *testing.T) {
	o := once(newShelf())
	func() {
		defer func() { _ = recover() }()
		_, _, _ = o.Do(t.Context(), asked, func() idempotency.Answer { panic("x") })
		t.Error("swallowed the panic")
	}()
	if _, replayed, err := o.Do(t.Context(), asked, func() idempotency.Answer { return idempotency.Answer{Status: 201} }); err != nil || replayed {
		t.Errorf("after the panic: replayed %t, %v", replayed, err)
	}
}

func TestAKeyInUseIsRefused(t *testing.T) {
	o := once(newShelf())
	other := asked
	other.Hash = ledger.Hash{2}
	_, _, err := o.Do(t.Context(), asked, func() idempotency.Answer {
		_, _, err := o.Do(t.Context(), asked, nil)
		refusedWith(t, err, 409, "still_running")
		return idempotency.Answer{Status: 201}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = o.Do(t.Context(), other, nil)
	refusedWith(t, err, 422, "idempotency_key_reused")
}

func TestABrokenStoreMeansThatNothingIsDone(t *testing.T) {
	s := newShelf()
	s.broken = errors.New("disk")
	if _, _, err := once(s).Do(t.Context(), asked, nil); !errors.Is(err, s.broken) {
		t.Errorf("got %v", err)
	}
}

func TestWorkThatWasDoneIsAnsweredThoughTheAnswerCannotBeSaved(t *testing.T) {
	s := newShelf()
	a, _, err := once(s).Do(t.Context(), asked, func() idempotency.Answer {
		s.broken = errors.New("disk")
		return idempotency.Answer{Status: 201}
	})
	if err != nil || a.Status != 201 {
		t.Errorf("got %v, %v", a, err)
	}
}

func TestKeys(t *testing.T) {
	cases := map[string]struct {
		values []string
		key    string
		code   string
	}{
		"none":             {nil, "", ""},
		"one":              {[]string{"a-1!~"}, "a-1!~", ""},
		"the longest":      {[]string{strings.Repeat("k", 255)}, strings.Repeat("k", 255), ""},
		"too long":         {[]string{strings.Repeat("k", 256)}, "", "idempotency_key_invalid"},
		"empty":            {[]string{""}, "", "idempotency_key_invalid"},
		"with a space":     {[]string{"a b"}, "", "idempotency_key_invalid"},
		"not ASCII":        {[]string{"键"}, "", "idempotency_key_invalid"},
		"twice":            {[]string{"a", "a"}, "", "idempotency_key_invalid"},
		"with a control":   {[]string{"a\x7f"}, "", "idempotency_key_invalid"},
		"with a line feed": {[]string{"a\nb"}, "", "idempotency_key_invalid"},
	}
	for label, c := range cases {
		t.Run(label, func(t *testing.T) {
			key, p := idempotency.Key(http.Header{"Idempotency-Key": c.values})
			if key != c.key || (p == nil) != (c.code == "") || p != nil && (p.Code != c.code || p.Status != 400) {
				t.Errorf("got %q, %v", key, p)
			}
		})
	}
}

func TestTheHashTellsMethodPathAndBodyApart(t *testing.T) {
	seen := map[ledger.Hash]bool{}
	for _, r := range [][3]string{{"POST", "/a", "b"}, {"POST", "/a", "c"}, {"POST", "/ab", ""}, {"PUT", "/a", "b"}, {"POST", "/", "ab"}, {"POST", "/a", strings.Repeat("b", 5000)}} {
		seen[idempotency.Hash(r[0], r[1], []byte(r[2]))] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d hashes of 6 requests", len(seen))
	}
}

func refusedWith(t *testing.T, err error, status int, code string) {
	t.Helper()
	var p *problem.Problem
	if !errors.As(err, &p) || p.Status != status || p.Code != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}
