package webhookstest

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

// RunStore checks that a store keeps the promises of [webhooks.Store]. open
// returns an empty store and cleans up after itself.
func RunStore(t *testing.T, open func(t *testing.T) webhooks.Store) {
	suite.Run(t, open, suite.Promises[webhooks.Store]{
		{"an endpoint comes back as it was", endpointRoundTrip},
		{"an endpoint that was changed meanwhile is not changed", endpointChanged},
		{"a partner has so many endpoints and no more", endpointsMax},
		{"a partner's endpoints are its own", endpointsOfPartner},
		{"an event becomes a message to those it concerns who asked for it", eventReaches},
		{"messages are numbered without a gap by many at once", numbered},
		{"a disabled endpoint gets nothing but the news of it", disabledGetsNothing},
		{"what is due comes by time and number", due},
		{"an attempt of an earlier round does not count", attemptOfEarlierRound},
		{"messages are paged newest first", pages},
		{"what is forgotten is old, done and not the last", forget},
		{"a mark publishes once", markOnce},
		{"an endpoint is deleted with its messages", deleted},
	})
}

// id returns the n-th of a row of ascending IDs.
func id(n int) ledger.ID {
	var random [10]byte
	binary.BigEndian.PutUint32(random[4:], uint32(n))
	return ledger.NewID(time.UnixMilli(1_770_000_000_000+int64(n)), random)
}

// endpoint has every field set that is set when one is made.
func endpoint(n int, partner string, events ...string) *webhooks.Endpoint {
	return &webhooks.Endpoint{ID: id(n), Partner: partner, URL: "https://sky.example/hooks", Description: "航空 bookings", Events: events,
		Status: webhooks.Enabled, Secrets: []webhooks.Secret{{Scheme: webhooks.HMAC, Sealed: []byte{1, 0, 255}, CreatedAt: 3}},
		CreatedAt: 1_770_000_000_000, UpdatedAt: 1_770_000_000_001, Version: 1}
}

func create(t *testing.T, s webhooks.Store, all ...*webhooks.Endpoint) {
	t.Helper()
	for _, e := range all {
		suite.Must(t, s.CreateEndpoint(context.Background(), e))
	}
}

func event(of webhooks.Type, partners ...string) webhooks.Event {
	return webhooks.Event{Type: of, Partners: partners, At: 1_770_000_000_500, Data: webhooks.Settlement{SettlementID: "2026-11-21.sky"}}
}

func publish(t *testing.T, s webhooks.Store, events ...webhooks.Event) {
	t.Helper()
	suite.Must(t, s.Publish(context.Background(), events...))
}

// sequences returns the numbers of an endpoint's messages, newest first.
func sequences(t *testing.T, s webhooks.Store, f webhooks.Filter) []int64 {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = 200
	}
	found, err := s.Messages(context.Background(), f)
	suite.Must(t, err)
	all := []int64{}
	for _, m := range found {
		all = append(all, m.Sequence)
	}
	return all
}

func endpointRoundTrip(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	e := endpoint(1, "sky", "conversion.*", "settlement.netted")
	create(t, s, e)
	got, err := s.Endpoint(ctx, e.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "created", got, e)
	e.URL, e.Description, e.Events = "https://sky.example/2", "", []string{"*"}
	e.Status, e.Reason, e.DisabledAt, e.FailingSince, e.UpdatedAt = webhooks.Disabled, webhooks.Gone, 5, 6, 7
	e.Secrets = append([]webhooks.Secret{{Scheme: webhooks.Ed25519, Sealed: []byte{9}, CreatedAt: 8}}, e.Secrets...)
	e.Secrets[1].ExpiresAt = 99
	suite.Must(t, s.UpdateEndpoint(ctx, e))
	e.Version++
	got, err = s.Endpoint(ctx, e.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "updated", got, e)
	_, err = s.Endpoint(ctx, id(2))
	suite.WantErr(t, "one that is not there", err, webhooks.ErrNotFound)
	suite.WantErr(t, "update of one that is not there", s.UpdateEndpoint(ctx, endpoint(2, "sky")), webhooks.ErrNotFound)
	_, err = s.Message(ctx, e.ID, 1)
	suite.WantErr(t, "a message that is not there", err, webhooks.ErrNotFound)
}

func endpointChanged(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	create(t, s, endpoint(1, "sky", "*"))
	mine, err := s.Endpoint(ctx, id(1))
	suite.Must(t, err)
	theirs := mine.Clone()
	theirs.URL = "https://theirs.example"
	suite.Must(t, s.UpdateEndpoint(ctx, theirs))
	mine.URL = "https://mine.example"
	suite.WantErr(t, "update of an old version", s.UpdateEndpoint(ctx, mine, event(webhooks.EndpointDisabled, "sky")), webhooks.ErrChanged)
	suite.WantEqual(t, "messages of a refused update", sequences(t, s, webhooks.Filter{Endpoint: id(1)}), []int64{})
}

func endpointsMax(t *testing.T, s webhooks.Store) {
	for n := range webhooks.EndpointsMax {
		create(t, s, endpoint(n, "sky", "*"))
	}
	suite.WantErr(t, "one too many", s.CreateEndpoint(context.Background(), endpoint(100, "sky")), webhooks.ErrTooMany)
	create(t, s, endpoint(101, "tel", "*"))
}

func endpointsOfPartner(t *testing.T, s webhooks.Store) {
	create(t, s, endpoint(1, "sky", "*"), endpoint(2, "tel", "*"), endpoint(3, "sky", "*"), endpoint(4, "", "*"))
	for _, c := range []struct {
		partner string
		after   int
		limit   int
		want    []ledger.ID
	}{{"sky", 0, 9, []ledger.ID{id(1), id(3)}}, {"sky", 1, 9, []ledger.ID{id(3)}}, {"", 0, 3, []ledger.ID{id(1), id(2), id(3)}}, {"mart", 0, 9, nil}} {
		found, err := s.Endpoints(context.Background(), c.partner, id(c.after), c.limit)
		suite.Must(t, err)
		var got []ledger.ID
		for _, e := range found {
			got = append(got, e.ID)
		}
		suite.WantEqual(t, fmt.Sprintf("%+v", c), got, c.want)
	}
}

func eventReaches(t *testing.T, s webhooks.Store) {
	create(t, s, endpoint(1, "sky", "settlement.*"), endpoint(2, "tel", "*"), endpoint(3, "sky", "conversion.failed"), endpoint(4, "", "*"))
	notified := map[ledger.ID]int{}
	s.Notify(func(id ledger.ID) { notified[id]++ })
	publish(t, s, event(webhooks.SettlementNetted, "sky"))
	publish(t, s, event(webhooks.ConversionFailed, "sky", "tel"))
	for n, want := range map[int][]int64{1: {1}, 2: {1}, 3: {1}, 4: {2, 1}} {
		suite.WantEqual(t, fmt.Sprint("messages of ", n), sequences(t, s, webhooks.Filter{Endpoint: id(n)}), want)
	}
	suite.WantEqual(t, "notified", notified, map[ledger.ID]int{id(1): 1, id(2): 1, id(3): 1, id(4): 2})
	m, err := s.Message(context.Background(), id(1), 1)
	suite.Must(t, err)
	if m.CreatedAt == 0 {
		t.Error("the message bears no time")
	}
	m.CreatedAt = 0
	suite.WantEqual(t, "message", m, &webhooks.Message{Endpoint: id(1), Sequence: 1, Type: webhooks.SettlementNetted, At: 1_770_000_000_500,
		Data: `{"settlement_id":"2026-11-21.sky","partner":"","window":""}`, State: webhooks.Pending})
}

func numbered(t *testing.T, s webhooks.Store) {
	create(t, s, endpoint(1, "sky", "*"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if err := s.Publish(context.Background(), event(webhooks.ConversionCompleted, "sky"), event(webhooks.ReversalFailed, "sky")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := sequences(t, s, webhooks.Filter{Endpoint: id(1)})
	if len(got) != 160 {
		t.Fatalf("%d messages, want 160", len(got))
	}
	for i, n := range got {
		if n != int64(160-i) {
			t.Fatalf("message %d has number %d", i, n)
		}
	}
}

func disabledGetsNothing(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	create(t, s, endpoint(1, "sky", "*"), endpoint(2, "sky", "*"))
	e, err := s.Endpoint(ctx, id(1))
	suite.Must(t, err)
	e.Status, e.Reason = webhooks.Disabled, webhooks.Gone
	suite.Must(t, s.UpdateEndpoint(ctx, e, event(webhooks.EndpointDisabled, "sky")))
	publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	_, err = s.PublishTo(ctx, id(1), event(webhooks.EndpointTest))
	suite.WantErr(t, "a test of a disabled endpoint", err, webhooks.ErrNotFound)
	suite.WantEqual(t, "while disabled", sequences(t, s, webhooks.Filter{Endpoint: id(1)}), []int64{1})
	suite.WantEqual(t, "of its neighbour", sequences(t, s, webhooks.Filter{Endpoint: id(2)}), []int64{2, 1})
	e.Version, e.Status, e.Reason = e.Version+1, webhooks.Enabled, ""
	suite.Must(t, s.UpdateEndpoint(ctx, e, event(webhooks.EndpointEnabled, "sky")))
	publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	suite.WantEqual(t, "enabled again", sequences(t, s, webhooks.Filter{Endpoint: id(1)}), []int64{3, 2, 1})
	m, err := s.PublishTo(ctx, id(1), event(webhooks.EndpointTest))
	suite.Must(t, err)
	suite.WantEqual(t, "number of the test", m.Sequence, int64(4))
}

func due(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	create(t, s, endpoint(1, "sky", "*"))
	for range 4 {
		publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	}
	var attempts []*webhooks.Message
	for n, next := range map[int64]int64{1: 100, 2: 50, 3: 1000} {
		m, err := s.Message(ctx, id(1), n)
		suite.Must(t, err)
		m.Attempts, m.NextAt, m.LastAt, m.Took, m.Code, m.Answer, m.Error = 1, next, 40, 7, 500, "no\"\n点", "timeout"
		attempts = append(attempts, m)
	}
	suite.Must(t, s.SaveAttempts(ctx, attempts))
	for _, c := range []struct {
		now   int64
		limit int
		want  []int64
		next  int64
	}{{0, 9, []int64{4}, 50}, {100, 9, []int64{4, 2, 1}, 1000}, {100, 2, []int64{4, 2}, 0}, {1000, 9, []int64{4, 2, 1, 3}, 0}} {
		found, next, err := s.Due(ctx, id(1), c.now, c.limit)
		suite.Must(t, err)
		var got []int64
		for _, m := range found {
			got = append(got, m.Sequence)
		}
		suite.WantEqual(t, fmt.Sprintf("due at %d", c.now), got, c.want)
		if c.limit == 9 && next != c.next {
			t.Errorf("at %d the next is due at %d, want %d", c.now, next, c.next)
		}
	}
	stored, err := s.Message(ctx, id(1), attempts[0].Sequence)
	suite.Must(t, err)
	suite.WantEqual(t, "attempt", stored, attempts[0])
	backlog, err := s.Backlog(ctx)
	suite.Must(t, err)
	if len(backlog) != 1 || backlog[0].Endpoint != id(1) || backlog[0].Pending != 4 || backlog[0].Oldest == 0 {
		t.Errorf("backlog is %+v", backlog)
	}
}

func attemptOfEarlierRound(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	create(t, s, endpoint(1, "sky", "*"))
	publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	sent, err := s.Message(ctx, id(1), 1)
	suite.Must(t, err)
	n, err := s.Requeue(ctx, id(1), 1, 5)
	suite.Must(t, err)
	suite.WantEqual(t, "requeued", n, int64(1))
	sent.State = webhooks.Delivered
	suite.Must(t, s.SaveAttempts(ctx, []*webhooks.Message{sent}))
	got, err := s.Message(ctx, id(1), 1)
	suite.Must(t, err)
	if got.State != webhooks.Pending || got.Round != 1 {
		t.Errorf("the message is %+v; want it pending in round 1", got)
	}
}

func pages(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	create(t, s, endpoint(1, "sky", "*"))
	for range 5 {
		publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	}
	finish(t, s, id(1), 2, webhooks.Failed)
	finish(t, s, id(1), 4, webhooks.Delivered)
	for _, c := range []struct {
		filter webhooks.Filter
		want   []int64
	}{
		{webhooks.Filter{Limit: 2}, []int64{5, 4}}, {webhooks.Filter{Limit: 2, Before: 4}, []int64{3, 2}},
		{webhooks.Filter{State: webhooks.Failed}, []int64{2}}, {webhooks.Filter{State: webhooks.Delivered}, []int64{4}},
		{webhooks.Filter{State: webhooks.Pending, Before: 5}, []int64{3, 1}},
	} {
		c.filter.Endpoint = id(1)
		suite.WantEqual(t, fmt.Sprintf("%+v", c.filter), sequences(t, s, c.filter), c.want)
	}
	if _, err := s.Messages(ctx, webhooks.Filter{Endpoint: id(1)}); err == nil {
		t.Error("no limit, no error")
	}
}

func finish(t *testing.T, s webhooks.Store, endpoint ledger.ID, sequence int64, state webhooks.State) {
	t.Helper()
	m, err := s.Message(context.Background(), endpoint, sequence)
	suite.Must(t, err)
	m.State = state
	suite.Must(t, s.SaveAttempts(context.Background(), []*webhooks.Message{m}))
}

func forget(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	create(t, s, endpoint(1, "sky", "*"))
	for range 4 {
		publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	}
	for _, n := range []int64{1, 3, 4} {
		finish(t, s, id(1), n, webhooks.Delivered)
	}
	n, err := s.ForgetMessages(ctx, 1)
	suite.Must(t, err)
	suite.WantEqual(t, "forgotten that are not old", n, int64(0))
	n, err = s.ForgetMessages(ctx, 1<<50)
	suite.Must(t, err)
	suite.WantEqual(t, "forgotten", n, int64(2))
	publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	suite.WantEqual(t, "left", sequences(t, s, webhooks.Filter{Endpoint: id(1)}), []int64{5, 4, 2})
}

func markOnce(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	create(t, s, endpoint(1, "sky", "*"))
	e := event(webhooks.ExposureWarning, "sky")
	for _, value := range []string{"80", "80", "95", "80"} {
		suite.Must(t, s.Mark(ctx, webhooks.Mark{Kind: "exposure", Name: "sky/in", Value: value, Event: &e}))
	}
	suite.Must(t, s.Mark(ctx, webhooks.Mark{Kind: "exposure", Name: "sky/out", Value: "0"}, webhooks.Mark{Kind: "agreement", Name: "x", Value: "proposed"}))
	suite.WantEqual(t, "messages", sequences(t, s, webhooks.Filter{Endpoint: id(1)}), []int64{3, 2, 1})
	got, err := s.Marks(ctx, "exposure")
	suite.Must(t, err)
	suite.WantEqual(t, "marks", got, map[string]string{"sky/in": "80", "sky/out": "0"})
}

func deleted(t *testing.T, s webhooks.Store) {
	ctx := context.Background()
	create(t, s, endpoint(1, "sky", "*"))
	publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	suite.Must(t, s.DeleteEndpoint(ctx, id(1)))
	suite.WantErr(t, "again", s.DeleteEndpoint(ctx, id(1)), webhooks.ErrNotFound)
	publish(t, s, event(webhooks.ConversionCompleted, "sky"))
	suite.WantEqual(t, "messages", sequences(t, s, webhooks.Filter{Endpoint: id(1)}), []int64{})
}
