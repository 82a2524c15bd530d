package exchangetest

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
)

// converted stores a conversion of 1,000 that was completed.
func converted(t *testing.T, s exchange.Store, n int) *exchange.Conversion {
	t.Helper()
	c := conversion(n)
	create(t, s, c)
	c.Status, c.Outcome, c.Step, c.FinishedAt = exchange.Completed, exchange.Completed, exchange.StepDone, 1_770_000_000_500
	suite.Must(t, s.UpdateConversion(context.Background(), c))
	return c
}

func reversalRoundTrip(t *testing.T, s exchange.Store) {
	c := converted(t, s, 1)
	r := reversal(2, c, 0, 100)
	wantAllSet(t, r, "Before", "Failure", "FinishedAt", "EscalatedAt", "Window")
	createReversal(t, s, r)
	got, err := s.Reversal(context.Background(), r.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "as made", got, r)

	r.Window = 20_486
	r.Status, r.Step, r.SourceReference, r.DestinationReference = exchange.Failed, exchange.StepDone, "R-1", "R-2"
	r.Failure = &exchange.Failure{Code: "insufficient_points", Detail: "spent"}
	r.FinishedAt, r.Deadline, r.EscalatedAt = 4, 5, 6
	wantAllSet(t, r, "Before")
	suite.Must(t, s.UpdateReversal(context.Background(), r))
	second := reversal(3, c, 0, 50)
	createReversal(t, s, second)
	all, err := s.Reversals(context.Background(), c.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "of the conversion", all, []*exchange.Reversal{r, second})
	all, err = s.Reversals(context.Background(), id(77))
	suite.Must(t, err)
	if len(all) != 0 {
		t.Errorf("reversals of another conversion: %d, want none", len(all))
	}
}

func oneReversalAtATime(t *testing.T, s exchange.Store) {
	c, other := converted(t, s, 1), converted(t, s, 2)
	first := reversal(3, c, 0, 100)
	createReversal(t, s, first)
	_, err := s.CreateReversal(context.Background(), reversal(4, c, 0, 100))
	suite.WantErr(t, "a second reversal", err, exchange.ErrReversalUnderWay)
	createReversal(t, s, reversal(5, other, 0, 100))

	again := reversal(6, c, 0, 100)
	again.Request.Key = first.Request.Key
	existing, err := s.CreateReversal(context.Background(), again)
	suite.Must(t, err)
	suite.WantEqual(t, "the same key while it is under way", existing, first)

	suite.Must(t, s.UpdateReversal(context.Background(), completed(first)))
	createReversal(t, s, reversal(7, c, 100, 100))
}

func reversalOnOldSum(t *testing.T, s exchange.Store) {
	c := converted(t, s, 1)
	r := reversal(2, c, 0, 100)
	createReversal(t, s, r)
	suite.Must(t, s.UpdateReversal(context.Background(), completed(r)))
	_, err := s.CreateReversal(context.Background(), reversal(3, c, 0, 950))
	suite.WantErr(t, "on the sum of before", err, exchange.ErrReversalUnderWay)
	createReversal(t, s, reversal(4, c, 100, 900))
}

func reversalAddedOnce(t *testing.T, s exchange.Store) {
	c := converted(t, s, 1)
	part := reversal(2, c, 0, 400)
	createReversal(t, s, part)
	suite.Must(t, s.UpdateReversal(context.Background(), part))
	suite.WantEqual(t, "while under way", stored(t, s, c), c)
	for range 2 {
		suite.Must(t, s.UpdateReversal(context.Background(), completed(part)))
		c.Reversed = 400
		suite.WantEqual(t, "after a part", stored(t, s, c), c)
	}
	rest := reversal(3, c, 400, 600)
	createReversal(t, s, rest)
	for range 2 {
		suite.Must(t, s.UpdateReversal(context.Background(), completed(rest)))
		c.Reversed, c.Status = 1000, exchange.Reversed
		suite.WantEqual(t, "after the rest", stored(t, s, c), c)
	}
}

func failedReversalNotAdded(t *testing.T, s exchange.Store) {
	c := converted(t, s, 1)
	r := reversal(2, c, 0, 1000)
	createReversal(t, s, r)
	r.Status, r.Step = exchange.Failed, exchange.StepDone
	suite.Must(t, s.UpdateReversal(context.Background(), r))
	suite.WantEqual(t, "conversion", stored(t, s, c), c)
}

func keysApart(t *testing.T, s exchange.Store) {
	c := converted(t, s, 1)
	r := reversal(2, c, 0, 100)
	r.Request.Key = c.Request.Key
	createReversal(t, s, r)
	other := reversal(3, converted(t, s, 4), 0, 100)
	other.Request.Key, other.Party.Client = r.Request.Key, "sky-2"
	createReversal(t, s, other)
}

func unfinishedReversals(t *testing.T, s exchange.Store) {
	var want, got []ledger.ID
	for n := 1; n <= 9; n++ {
		r := reversal(100+n, converted(t, s, n), 0, 100)
		createReversal(t, s, r)
		if n%3 == 0 {
			suite.Must(t, s.UpdateReversal(context.Background(), completed(r)))
			continue
		}
		want = append(want, r.ID)
	}
	var after ledger.ID
	for {
		page, err := s.UnfinishedReversals(context.Background(), after, 2)
		suite.Must(t, err)
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			got = append(got, r.ID)
		}
		after = page[len(page)-1].ID
	}
	suite.WantEqual(t, "unfinished", got, want)
}
