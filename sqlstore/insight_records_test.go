package sqlstore_test

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall/malltest"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/rewardstest"
)

func TestInsightFindsWhatTransfersName(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		s, ctx := open(t), context.Background()
		r := rewardstest.Sample(3)
		suite.Must(t, s.SaveRewards(ctx, []*rewards.Record{r}))
		events, err := s.InsightEvents(ctx, []string{r.ID, "EV-NONE"})
		suite.Must(t, err)
		suite.WantEqual(t, "events", events, []insight.Event{{ID: r.ID, Issue: r.Command, Day: r.Day, Kind: "prepayment", Channel: string(r.Channel), Segment: r.Segment,
			Tier: r.Tier, Rule: r.Explanation.Rule, Fen: r.Amount}})

		malltest.Stock(t, s, "lamp", 5)
		o := malltest.Order(7, "lamp", 2)
		_, err = s.CreateMallOrder(ctx, o)
		suite.Must(t, err)
		orders, err := s.InsightOrders(ctx, []ledger.ID{o.ID, malltest.ID(8)})
		suite.Must(t, err)
		suite.WantEqual(t, "orders", orders, []insight.Order{{ID: o.ID, Product: "lamp", Category: o.Category, Tier: "gold", Channel: "app", Points: o.Points, Fen: o.Fen}})

		bought, other, own := sample(1), sample(2), sample(3)
		bought.Party, bought.Request.Key = exchange.Party{Client: "mall"}, o.ID.String()
		own.Party, own.Request.Key = exchange.Party{Client: "mall"}, "page-"+newID(9).String() // by a member, on the mall's page
		for _, c := range []*exchange.Conversion{bought, other, own} {
			_, err = exchangetest.Create(ctx, s, c)
			suite.Must(t, err)
		}
		purchases, err := s.InsightPurchases(ctx, "mall", []ledger.ID{bought.ID, other.ID, own.ID})
		suite.Must(t, err)
		suite.WantEqual(t, "purchases", purchases, map[ledger.ID]ledger.ID{bought.ID: o.ID})

		row := converted(5, 9)
		suite.Must(t, s.Apply(ctx, projection.Group{Rows: []projection.Row{converted(4, 9), row}}))
		found, err := s.Movements(ctx, row.Locator, 10)
		suite.Must(t, err)
		suite.WantEqual(t, "movements", found, []ledger.Entry{{Transfer: row.Transfer, Locator: row.Locator}})
	})
}

func TestInsightCountsADaysConversions(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		s, ctx := open(t), context.Background()
		q := &exchange.Quote{ID: newID(9), Party: exchange.Party{Client: "sky-1", Partner: "sky"}, Source: "SKYMILES", Destination: "EPT", From: 100, To: 10, In: sample(1).In}
		suite.Must(t, s.CreateQuote(ctx, q))
		done, failed, open1 := sample(1), sample(2), sample(3)
		done.QuoteID = q.ID
		for _, c := range []*exchange.Conversion{done, failed, open1} {
			_, err := exchangetest.Create(ctx, s, c)
			suite.Must(t, err)
		}
		done.Status, done.Step, done.Outcome = exchange.Completed, exchange.StepDone, exchange.Completed
		failed.Status, failed.Step, failed.Outcome, failed.Failure = exchange.Failed, exchange.StepDone, exchange.Failed, &exchange.Failure{Code: "insufficient_points"}
		suite.Must(t, s.UpdateConversion(ctx, done))
		suite.Must(t, s.UpdateConversion(ctx, failed))
		back := &exchange.Reversal{ID: newID(11), Conversion: done.ID, Party: done.Party, Request: exchange.Idempotency{Key: "back"}, Source: done.Source, Amount: 1000, InTo: 100,
			Status: exchange.Processing, Step: exchange.StepTakeBack}
		_, err := s.CreateReversal(ctx, back)
		suite.Must(t, err)
		back.Status, back.Step = exchange.Completed, exchange.StepDone
		suite.Must(t, s.UpdateReversal(ctx, back))

		from, until := ledger.NewID(time.Now().Add(-time.Hour), [10]byte{}), ledger.NewID(time.Now().Add(time.Hour), [10]byte{})
		got, err := s.InsightStages(ctx, from, until)
		suite.Must(t, err)
		slices.SortFunc(got, func(a, b insight.Stage) int { return cmp.Compare(a.Step, b.Step) })
		of := func(step, code string, points int64) insight.Stage {
			return insight.Stage{Partner: "sky", Toward: "in", Step: step, Code: code, Count: 1, Points: points}
		}
		suite.WantEqual(t, "stages", got, []insight.Stage{of("completed", "", 12_345), of("failed", "insufficient_points", 12_345), of("from_quote", "", 0),
			of("processing", "", 12_345), of("quoted", "", 12_345), of("reversed", "", 100)})
		later, err := s.InsightStages(ctx, until, until)
		suite.Must(t, err)
		suite.WantEqual(t, "stages of another day", len(later), 0)
	})
}
