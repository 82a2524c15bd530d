package sqlstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// told returns what an endpoint is told, oldest first.
func toldOf(t *testing.T, s *sqlstore.Store, endpoint ledger.ID) string {
	t.Helper()
	if _, err := s.Number(context.Background()); err != nil {
		t.Fatal(err)
	}
	found, err := s.Messages(context.Background(), webhooks.Filter{Endpoint: endpoint, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range found {
		all = append([]string{fmt.Sprint(m.Sequence, " ", m.Type)}, all...)
	}
	return strings.Join(all, ", ")
}

func subscribe(t testing.TB, s *sqlstore.Store, n uint64, partner string, events ...string) ledger.ID {
	t.Helper()
	e := &webhooks.Endpoint{ID: newID(n), Partner: partner, URL: "https://sky.example", Events: events, Status: webhooks.Enabled, Version: 1}
	if err := s.CreateEndpoint(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	return e.ID
}

func TestTheEndOfAConversionIsToldWithItAndOnce(t *testing.T) {
	onEach(t, theEndOfAConversionIsToldWithItAndOnce)
}

func theEndOfAConversionIsToldWithItAndOnce(t *testing.T, open openFunc) {
	s, ctx := open(t), context.Background()
	c := sample(1)
	theirs, failures := subscribe(t, s, 900, c.In.Partner, "*"), subscribe(t, s, 901, c.In.Partner, "conversion.failed")
	stranger, utility := subscribe(t, s, 902, "stranger", "*"), subscribe(t, s, 903, "", "*")
	if _, err := exchangetest.Create(ctx, s, c); err != nil {
		t.Fatal(err)
	}
	for _, step := range []exchange.Step{exchange.StepLedger, exchange.StepDone, exchange.StepDone} {
		c = c.Clone()
		c.Step = step
		if step == exchange.StepDone {
			c.Status, c.Outcome, c.FinishedAt = exchange.Completed, exchange.Completed, 77
		}
		if err := s.UpdateConversion(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[ledger.ID]string{theirs: "1 conversion.completed", failures: "", stranger: "", utility: "1 conversion.completed"} {
		if got := toldOf(t, s, id); got != want {
			t.Errorf("endpoint %s is told %q, want %q", id, got, want)
		}
	}
	m, err := s.Message(ctx, theirs, 1)
	if err != nil || m.At != 77 || !strings.Contains(m.Data, c.ID.String()) || strings.Contains(m.Data, c.Member) {
		t.Errorf("message is %+v, %v", m, err)
	}
}

func TestTheReversalsOfAConversionAreTold(t *testing.T) {
	onEach(t, theReversalsOfAConversionAreTold)
}

func theReversalsOfAConversionAreTold(t *testing.T, open openFunc) {
	s, ctx := open(t), context.Background()
	c := sample(1)
	c.Status, c.Outcome, c.Step = exchange.Completed, exchange.Completed, exchange.StepDone
	endpoint := subscribe(t, s, 900, c.In.Partner, "*")
	if _, err := exchangetest.Create(ctx, s, c); err != nil {
		t.Fatal(err)
	}
	reverse := func(n uint64, before, amount int64, status exchange.Status) {
		t.Helper()
		r := &exchange.Reversal{ID: newID(n), Conversion: c.ID, Party: c.Party, Request: exchange.Idempotency{Key: fmt.Sprint(n)},
			Source: c.Source, Amount: amount, Before: before, Status: exchange.Processing, Step: exchange.StepReverse}
		if existing, err := s.CreateReversal(ctx, r); err != nil || existing != nil {
			t.Fatal(existing, err)
		}
		r.Status, r.Step, r.FinishedAt = status, exchange.StepDone, 5
		for range 2 { // as after an unknown outcome
			if err := s.UpdateReversal(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	reverse(2, 0, 1, exchange.Completed)
	reverse(3, 1, 1, exchange.Failed)
	reverse(4, 1, c.From-1, exchange.Completed)
	want := "1 reversal.completed, 2 reversal.failed, 3 reversal.completed, 4 conversion.reversed"
	if got := toldOf(t, s, endpoint); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestEachStateOfASettlementIsToldOnce(t *testing.T) { onEach(t, eachStateOfASettlementIsToldOnce) }

func eachStateOfASettlementIsToldOnce(t *testing.T, open openFunc) {
	s, ctx := open(t), context.Background()
	endpoint := subscribe(t, s, 900, "sky", "settlement.*")
	for _, state := range []settlement.State{settlement.Closed, settlement.Closed, settlement.Netted, settlement.Netted} {
		var all []settlement.Settlement
		for _, code := range []string{"sky", "tel"} {
			all = append(all, settlement.Settlement{ID: settlement.ID(20_000, code), Partner: code, Window: 20_000, State: state,
				Position: ledger.Position{Partner: code, Window: 20_000}})
		}
		if err := s.SaveSettlements(ctx, all); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := toldOf(t, s, endpoint), "1 settlement.closed, 2 settlement.netted"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

// Nobody pays for what nobody asked for.
func TestWithoutASubscriberNothingIsWritten(t *testing.T) {
	s, ctx := openNew(t), context.Background()
	c := sample(1)
	subscribe(t, s, 900, "another", "*")
	if _, err := exchangetest.Create(ctx, s, c); err != nil {
		t.Fatal(err)
	}
	c.Step, c.Status = exchange.StepDone, exchange.Completed
	if err := s.UpdateConversion(ctx, c); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Backlog(ctx); err != nil || len(all) != 0 {
		t.Errorf("backlog is %v, %v", all, err)
	}
}

func TestSubscribersAreKnownAfterARestart(t *testing.T) {
	path := newFile(t)
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := subscribe(t, s, 900, "sky", "*")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	if err := s.Publish(context.Background(), webhooks.Event{Type: webhooks.ExposureWarning, Partners: []string{"sky"}, Data: webhooks.Exposure{}}); err != nil {
		t.Fatal(err)
	}
	if got := toldOf(t, s, endpoint); got != "1 exposure.warning" {
		t.Errorf("told %q", got)
	}
}

func TestTheUtilityAloneIsToldOnceOfPointsThatExpire(t *testing.T) {
	onEach(t, theUtilityAloneIsToldOnceOfPointsThatExpire)
}

func theUtilityAloneIsToldOnceOfPointsThatExpire(t *testing.T, open openFunc) {
	s, ctx := open(t), context.Background()
	utility, partner := subscribe(t, s, 900, "", "points.*"), subscribe(t, s, 901, "sky", "*")
	soon := rewards.Announcement{Account: ledger.Account{1}, Expiry: 675, Days: 30, Amount: 120, CreatedAt: 77}
	sooner, other := soon, soon
	sooner.Days, other.Account = 7, ledger.Account{2}
	for _, all := range [][]rewards.Announcement{{soon, other}, {soon}, {sooner, soon}} {
		if err := s.AnnounceExpiry(ctx, all); err != nil {
			t.Fatal(err)
		}
	}
	if got := toldOf(t, s, utility); got != "1 points.expiring, 2 points.expiring, 3 points.expiring" {
		t.Errorf("the utility is told %q", got)
	}
	if got := toldOf(t, s, partner); got != "" {
		t.Errorf("a partner is told %q", got)
	}
	m, err := s.Message(ctx, utility, 3)
	want := `{"account":"` + soon.Account.String() + `","expiry":"2026-04","days":7,"amount":"120"}`
	if err != nil || m.At != 77 || m.Data != want {
		t.Errorf("message is %+v, %v, want %s", m, err, want)
	}
}
