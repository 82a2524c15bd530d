package sqlstore_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/partners/webhooks/webhookstest"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// numbering numbers after each publication, as who leads does soon after.
type numbering struct{ *sqlstore.Store }

func (n numbering) after(ctx context.Context, err error) error {
	_, numbered := n.Number(ctx)
	return errors.Join(err, numbered)
}

func (n numbering) Publish(ctx context.Context, events ...webhooks.Event) error {
	return n.after(ctx, n.Store.Publish(ctx, events...))
}

func (n numbering) UpdateEndpoint(ctx context.Context, e *webhooks.Endpoint, events ...webhooks.Event) error {
	return n.after(ctx, n.Store.UpdateEndpoint(ctx, e, events...))
}

func (n numbering) Mark(ctx context.Context, marks ...webhooks.Mark) error {
	return n.after(ctx, n.Store.Mark(ctx, marks...))
}

func TestWebhookStoreOfACluster(t *testing.T) {
	sharedServer(t)
	webhookstest.RunStore(t, func(t *testing.T) webhooks.Store {
		c := newCluster(t)
		return numbering{c.open(t, c.join(t), nil)}
	})
}

// endAll ends new conversions at several stores at once.
func endAll(t *testing.T, stores []*sqlstore.Store, n int) {
	fromEach(8*len(stores), n, func(i int) {
		s, x := stores[i%len(stores)], sample(rand.Uint64())
		if _, err := exchangetest.Create(context.Background(), s, x); err != nil {
			t.Error(err)
		}
		x.Step, x.Status, x.Outcome, x.FinishedAt = exchange.StepDone, exchange.Completed, exchange.Completed, int64(i)
		for range 2 { // as after an unknown outcome
			if err := s.UpdateConversion(context.Background(), x); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestWhatSeveralGatewaysTellIsNumberedWithoutAGapAndOnce(t *testing.T) {
	c := newCluster(t)
	stores := []*sqlstore.Store{c.open(t, c.join(t), nil), c.open(t, c.join(t), nil)}
	leader := stores[0]
	endpoint := subscribe(t, leader, 900, sample(1).In.Partner, "conversion.*")
	waitUntil(t, func() bool { return len(published(t, stores[1], leader, endpoint)) > 0 })
	before := len(published(t, nil, leader, endpoint))
	stop := make(chan struct{})
	var numberer sync.WaitGroup
	numberer.Go(func() {
		for {
			if _, err := leader.Number(context.Background()); err != nil {
				t.Error(err)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	endAll(t, stores, 400)
	close(stop)
	numberer.Wait()
	all := published(t, nil, leader, endpoint)
	var told []string
	for i, m := range all {
		if m.Sequence != int64(i+1) {
			t.Fatalf("message %d has number %d", i+1, m.Sequence)
		}
		told = append(told, m.Data)
	}
	slices.Sort(told)
	if len(slices.Compact(told)) != len(all) || len(all) != before+400 {
		t.Errorf("%d messages, of which %d differ; want %d", len(all), len(slices.Compact(told)), before+400)
	}
}

// published has a store end a conversion, and returns what the endpoint is told,
// oldest first.
func published(t *testing.T, by, leader *sqlstore.Store, endpoint ledger.ID) (all []*webhooks.Message) {
	t.Helper()
	if by != nil {
		endAll(t, []*sqlstore.Store{by}, 1)
	}
	_, err := leader.Number(context.Background())
	suite.Must(t, err)
	for before := int64(0); ; {
		page, err := leader.Messages(context.Background(), webhooks.Filter{Endpoint: endpoint, Before: before, Limit: 200})
		suite.Must(t, err)
		all = append(all, page...)
		if len(page) < 200 {
			slices.Reverse(all)
			return all
		}
		before = page[len(page)-1].Sequence
	}
}

func TestAnEndpointThatWasDeletedIsToldNothingMore(t *testing.T) {
	c := newCluster(t)
	s := c.open(t, c.join(t), nil)
	endpoint := subscribe(t, s, 900, sample(1).In.Partner, "conversion.*")
	endAll(t, []*sqlstore.Store{s}, 1)
	suite.Must(t, s.DeleteEndpoint(context.Background(), endpoint))
	for range 2 {
		if n, err := s.Number(context.Background()); n != 0 || err != nil {
			t.Errorf("%d messages were numbered, %v", n, err)
		}
	}
}

func TestEndsOfReversalsAreToldInOrderInACluster(t *testing.T) {
	sharedServer(t)
	theReversalsOfAConversionAreTold(t, func(t testing.TB) *sqlstore.Store {
		c := newCluster(t)
		return c.open(t, c.join(t), nil)
	})
}

func TestAStoreAloneNumbersWhatAClusterLeft(t *testing.T) {
	c := newCluster(t)
	inside := c.open(t, c.join(t), nil)
	endpoint := subscribe(t, inside, 900, sample(1).In.Partner, "conversion.*")
	endAll(t, []*sqlstore.Store{inside}, 3)
	suite.Must(t, inside.Close())
	alone := openAtURL(t, c.server.URL(c.path))
	endAll(t, []*sqlstore.Store{alone}, 1)
	if got, want := toldOf(t, alone, endpoint), "1 conversion.completed, 2 conversion.completed, 3 conversion.completed, 4 conversion.completed"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}
