package settlementtest

import (
	"context"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
)

// Unfinished is a store that knows what is not settled.
type Unfinished interface {
	settlement.Store
	Unsettled(ctx context.Context, limit int) ([]*settlement.Settlement, error)
}

// RunUnsettled checks that a store returns what is not settled, oldest first. open
// returns an empty store and cleans up after itself.
func RunUnsettled(t *testing.T, open func(t *testing.T) Unfinished) {
	s, ctx := open(t), context.Background()
	var all []settlement.Settlement
	for i, state := range settlement.States() {
		for _, partner := range []string{"tel", "sky"} {
			window := ledger.Date(20_010 - i)
			all = append(all, settlement.Settlement{ID: settlement.ID(window, partner), Partner: partner, Window: window, State: state,
				Position: ledger.Position{Partner: partner, Window: window}})
		}
	}
	if err := s.SaveSettlements(ctx, all); err != nil {
		t.Fatal(err)
	}
	var want []string
	for window := ledger.Date(20_004); window <= 20_010; window++ { // 20,003 is settled
		want = append(want, settlement.ID(window, "sky"), settlement.ID(window, "tel"))
	}
	for _, limit := range []int{0, 3, 100} {
		found, err := s.Unsettled(ctx, limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range found {
			got = append(got, one.ID)
		}
		if !slices.Equal(got, want[:min(limit, len(want))]) {
			t.Errorf("the first %d that are not settled are %v, want %v", limit, got, want)
		}
	}
}
