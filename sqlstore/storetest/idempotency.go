package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/idempotency"
)

const lease = time.Minute

// RunIdempotency checks that a store keeps the promises of [idempotency.Store].
// open returns an empty store and cleans up after itself.
func RunIdempotency(t *testing.T, open func(t *testing.T) idempotency.Store) {
	suite.Run(t, open, suite.Promises[idempotency.Store]{
		{"an answer is given again as it was", answeredAgain},
		{"a request that runs is running", stillRunning},
		{"another hash is a mismatch", anotherHash},
		{"client, route and key tell requests apart", requestsApart},
		{"a request given up can be made again", givenUp},
		{"a reservation of a program that died is taken over", takenOver},
		{"finishing needs a reservation", finishWithout},
		{"what is old is forgotten", forgotten},
		{"of many with one key one does the work", racingRequests},
	})
}

func post(key string) idempotency.Request {
	return idempotency.Request{Client: "sky-1", Route: "POST /v1/quotes", Key: key, Hash: ledger.Hash{1, 31: 2}}
}

var created = idempotency.Answer{Status: 201, ContentType: "application/json", Location: "/v1/quotes/1", Body: []byte(`{"id":"1"}`)}

// begin reserves a key that must be free.
func begin(t *testing.T, s idempotency.Store, r idempotency.Request, now time.Time) {
	t.Helper()
	a, err := s.Begin(context.Background(), r, now, lease)
	suite.Must(t, err)
	if a != nil {
		t.Fatalf("request %s has an answer already: %+v", r.Key, a)
	}
}

func wantBegin(t *testing.T, what string, s idempotency.Store, r idempotency.Request, now time.Time, want error) {
	t.Helper()
	_, err := s.Begin(context.Background(), r, now, lease)
	suite.WantErr(t, what, err, want)
}

func answeredAgain(t *testing.T, s idempotency.Store) {
	empty := idempotency.Answer{Status: 204}
	for key, want := range map[string]idempotency.Answer{"full": created, "empty": empty} {
		begin(t, s, post(key), noon)
		suite.Must(t, s.Finish(context.Background(), post(key), want, noon))
		for range 2 {
			got, err := s.Begin(context.Background(), post(key), noon.Add(time.Hour), lease)
			suite.Must(t, err)
			suite.WantEqual(t, key, got, &want)
		}
	}
}

func stillRunning(t *testing.T, s idempotency.Store) {
	begin(t, s, post("a"), noon)
	wantBegin(t, "at once", s, post("a"), noon, idempotency.ErrRunning)
	wantBegin(t, "at the end of the lease", s, post("a"), noon.Add(lease), idempotency.ErrRunning)
}

func anotherHash(t *testing.T, s idempotency.Store) {
	other := post("a")
	other.Hash[0]++
	begin(t, s, post("a"), noon)
	wantBegin(t, "while it runs", s, other, noon, idempotency.ErrMismatch)
	wantBegin(t, "after the lease", s, other, noon.Add(lease+time.Second), idempotency.ErrMismatch)
	suite.Must(t, s.Finish(context.Background(), post("a"), created, noon))
	wantBegin(t, "once it is answered", s, other, noon, idempotency.ErrMismatch)
}

func requestsApart(t *testing.T, s idempotency.Store) {
	client, route, key := post("a"), post("a"), post("b")
	client.Client, route.Route = "sky-2", "POST /v1/links"
	for _, r := range []idempotency.Request{post("a"), client, route, key} {
		begin(t, s, r, noon)
	}
}

func givenUp(t *testing.T, s idempotency.Store) {
	begin(t, s, post("a"), noon)
	suite.Must(t, s.Abandon(context.Background(), post("a")))
	begin(t, s, post("a"), noon)
	suite.Must(t, s.Finish(context.Background(), post("a"), created, noon))
	suite.Must(t, s.Abandon(context.Background(), post("a")))
	got, err := s.Begin(context.Background(), post("a"), noon, lease)
	suite.Must(t, err)
	suite.WantEqual(t, "an answer is not given up", got, &created)
}

func takenOver(t *testing.T, s idempotency.Store) {
	later := noon.Add(lease + time.Second)
	begin(t, s, post("a"), noon)
	begin(t, s, post("a"), later)
	wantBegin(t, "it is reserved anew", s, post("a"), later, idempotency.ErrRunning)
}

func finishWithout(t *testing.T, s idempotency.Store) {
	if err := s.Finish(context.Background(), post("a"), created, noon); err == nil {
		t.Error("finished what had not begun")
	}
	begin(t, s, post("a"), noon)
	suite.Must(t, s.Finish(context.Background(), post("a"), created, noon))
	if err := s.Finish(context.Background(), post("a"), idempotency.Answer{Status: 500}, noon); err == nil {
		t.Error("finished twice")
	}
	got, err := s.Begin(context.Background(), post("a"), noon, lease)
	suite.Must(t, err)
	suite.WantEqual(t, "the first answer", got, &created)
}

func forgotten(t *testing.T, s idempotency.Store) {
	const old = 1203
	for i := range old {
		begin(t, s, post(fmt.Sprint("old", i)), noon)
	}
	begin(t, s, post("new"), noon.Add(time.Hour))
	n, err := s.Forget(context.Background(), noon.Add(time.Hour))
	suite.Must(t, err)
	suite.WantEqual(t, "forgotten", n, old)
	begin(t, s, post("old7"), noon.Add(2*time.Hour))
	wantBegin(t, "the new one", s, post("new"), noon.Add(time.Hour), idempotency.ErrRunning)
}

func racingRequests(t *testing.T, s idempotency.Store) {
	var wg sync.WaitGroup
	var mine atomic.Int32
	for range 32 {
		wg.Go(func() {
			_, err := s.Begin(context.Background(), post("a"), noon, lease)
			if err == nil {
				mine.Add(1)
			} else if !errors.Is(err, idempotency.ErrRunning) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	suite.WantEqual(t, "that do the work", mine.Load(), int32(1))
}
