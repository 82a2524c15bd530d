package storetest

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// RunSettlements checks that a store keeps the promises of [settlement.Store].
// open returns an empty store and cleans up after itself.
func RunSettlements(t *testing.T, open func(t *testing.T) settlement.Store) {
	suite.Run(t, open, suite.Promises[settlement.Store]{
		{"a settlement comes back as it was", settlementRoundTrip},
		{"a settlement is replaced", settlementReplaced},
		{"all are stored or none", settlementsTogether},
		{"a settlement that is not there is not found", settlementNotFound},
		{"settlements are paged newest first and by partner", settlementPages},
	})
}

func netted(window ledger.Date, partner string) settlement.Settlement {
	return settlement.Settlement{
		ID: settlement.ID(window, partner), Partner: partner, Window: window, State: settlement.Netted,
		Position: ledger.Position{Partner: partner, Window: window,
			In:          ledger.Flow{Count: 1, From: 2, To: 3, EPT: 4, Fee: 5, Value: 6},
			Out:         ledger.Flow{Count: 7, From: 8, To: 9, EPT: 10, Fee: 11, Value: 12},
			ReversedIn:  ledger.Flow{Count: 13, From: 14, To: 15, EPT: 16, Fee: 17, Value: 18},
			ReversedOut: ledger.Flow{Count: 19, From: 20, To: 21, EPT: 22, Fee: 23, Value: 1 << 60},
			Adjusted:    ledger.Adjusted{Count: 2, Value: -24}},
		Figures: ledger.SettlementFigures{Lines: 40, Root: ledger.Hash{1}, Net: -25, Brought: 26, Pay: 27, Receive: 28, Carried: -29},
		Marks:   []ledger.SettlementMark{{Step: ledger.SettlementNetted, By: ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}, At: 30, Text: "t"}},
		Breaks:  ledger.SettlementBreaks{Found: 3, Open: 1, Root: ledger.Hash{2}}, Channels: []netting.Line{{Partner: partner, Channel: netting.GrossIn,
			Opening: 1, Net: 2, Payable: 3, Closing: -4, Held: true}},
		Lines: 40, Digest: ledger.Hash{3, 31: 4}, File: "2026/sky.csv", UpdatedAt: 1_770_000_000_000,
	}
}

func settlementRoundTrip(t *testing.T, s settlement.Store) {
	full := netted(20_000, "sky")
	closed := settlement.Settlement{ID: settlement.ID(20_000, "retail"), Partner: "retail", Window: 20_000, State: settlement.Closed,
		Position: ledger.Position{Partner: "retail", Window: 20_000}, UpdatedAt: 5}
	suite.Must(t, s.SaveSettlements(context.Background(), []settlement.Settlement{full, closed}))
	for _, want := range []settlement.Settlement{full, closed} {
		got, err := s.Settlement(context.Background(), want.ID)
		suite.Must(t, err)
		suite.WantEqual(t, "settlement", got, &want)
	}
	suite.Must(t, s.SaveSettlements(context.Background(), nil))
}

func settlementReplaced(t *testing.T, s settlement.Store) {
	first, second := netted(20_000, "sky"), netted(20_000, "sky")
	second.Lines, second.Digest, second.Position.In.Value = 41, ledger.Hash{9}, 99
	suite.Must(t, s.SaveSettlements(context.Background(), []settlement.Settlement{first}))
	suite.Must(t, s.SaveSettlements(context.Background(), []settlement.Settlement{second}))
	got, err := s.Settlement(context.Background(), first.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "settlement", got, &second)
}

func settlementsTogether(t *testing.T, s settlement.Store) {
	good, bad := netted(20_000, "sky"), netted(20_000, "retail")
	bad.ID = "2026-01-01.other"
	if err := s.SaveSettlements(context.Background(), []settlement.Settlement{good, bad}); err == nil {
		t.Fatal("stored a settlement under the ID of another")
	}
	_, err := s.Settlement(context.Background(), good.ID)
	suite.WantErr(t, "its neighbour", err, settlement.ErrNotFound)
}

func settlementNotFound(t *testing.T, s settlement.Store) {
	_, err := s.Settlement(context.Background(), "2026-11-21.sky")
	suite.WantErr(t, "Settlement", err, settlement.ErrNotFound)
}

func settlementPages(t *testing.T, s settlement.Store) {
	var all []settlement.Settlement
	var want []string
	for _, window := range []ledger.Date{20_003, 20_001, 20_002} {
		for _, partner := range []string{"sky", "retail", "telecom"} {
			all = append(all, netted(window, partner))
		}
	}
	suite.Must(t, s.SaveSettlements(context.Background(), all))
	for _, window := range []ledger.Date{20_003, 20_002, 20_001} {
		for _, partner := range []string{"retail", "sky", "telecom"} {
			want = append(want, settlement.ID(window, partner))
		}
	}
	suite.WantEqual(t, "all", settlementIDs(t, s, ""), want)
	suite.WantEqual(t, "of sky", settlementIDs(t, s, "sky"), []string{want[1], want[4], want[7]})
	suite.WantEqual(t, "of nobody", settlementIDs(t, s, "nobody"), []string(nil))
	if _, err := s.Settlements(context.Background(), "", "yesterday", 2); err == nil {
		t.Error("took a page after what is not the ID of a settlement")
	}
}

func settlementIDs(t *testing.T, s settlement.Store, partner string) (ids []string) {
	t.Helper()
	before := ""
	for {
		page, err := s.Settlements(context.Background(), partner, before, 2)
		suite.Must(t, err)
		if len(page) == 0 {
			return ids
		}
		if len(page) > 2 {
			t.Fatalf("a page of %d, limit 2", len(page))
		}
		for _, one := range page {
			ids = append(ids, one.ID)
		}
		before = page[len(page)-1].ID
	}
}
