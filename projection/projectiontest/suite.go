package projectiontest

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
)

// Run checks a store. open returns an empty one and cleans up after itself.
func Run(t *testing.T, open func(t *testing.T) projection.Store) {
	suite.Run(t, open, suite.Promises[projection.Store]{
		{"an empty store is at height zero", empty},
		{"rows come back as they were", roundTrip},
		{"a group is applied whole or not at all", allOrNothing},
		{"what is added to a lot adds up", lotsAddUp},
		{"rows are paged in the order of the ledger", rowPages},
		{"history is paged newest first and only of the account", historyPages},
		{"lots are paged", lotPages},
		{"a cut drops rows of later blocks and changes lots", cut},
		{"a reset leaves nothing", reset},
	})
}

var ctx = context.Background()

func account(n byte) ledger.Account { return ledger.Account{n, 15: 0xff} }

// row returns a row of account n%3+1 in a batch of four, two batches to a block.
func row(n int) projection.Row {
	id := ledger.ID{byte(n >> 8), byte(n), 6: 0x70, 8: 0x80}
	return projection.Row{Block: uint64(n / 8), Locator: place(n), Transfer: ledger.Transfer{
		ID: id, Kind: ledger.KindIssue, At: 1_770_000_000_000 + int64(n), Window: ledger.Date(20_000 + n/100),
		Account: account(byte(n%3 + 1)), Amount: int64(n + 1), Lots: []ledger.Lot{{Expiry: 700, Amount: int64(n + 1)}},
		Reason: "rule 7",
	}}
}

func place(n int) ledger.Locator {
	return ledger.Locator{Batch: uint64(n / 4), Index: uint32(n % 4)}
}

func rows(from, to int) (all []projection.Row) {
	for n := from; n < to; n++ {
		all = append(all, row(n))
	}
	return all
}

func at(height uint64) projection.Checkpoint {
	return projection.Checkpoint{Height: height, Block: max(height, 1) - 1, Root: ledger.Hash{byte(height), 31: 1}}
}

func empty(t *testing.T, s projection.Store) {
	got, err := s.Checkpoint(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "checkpoint", got, projection.Checkpoint{})
	all, err := s.Rows(ctx, ledger.Locator{}, 10)
	suite.Must(t, err)
	lots, err := s.Lots(ctx, nil, 10)
	suite.Must(t, err)
	if len(all) != 0 || len(lots) != 0 {
		t.Errorf("an empty store has %v, %v", all, lots)
	}
}

// full are rows with everything that a row can carry.
func full() []projection.Row {
	leg := func(partner string, n int64) *ledger.Leg {
		return &ledger.Leg{Partner: partner, Agreement: ledger.ID{1, 6: 0x70, 8: 0x80, 15: byte(n)}, From: n, To: n + 1, EPT: n + 2,
			Fee: n + 3, Residue: -n, Value: 1 << 60}
	}
	bare := row(0)
	bare.Transfer = ledger.Transfer{ID: ledger.ID{6: 0x70, 8: 0x80, 15: 9}, Kind: ledger.KindCloseWindow, At: 1, Window: 20_000}
	cross := row(1)
	cross.Transfer.Kind, cross.Transfer.Lots = ledger.KindReverse, nil
	cross.Transfer.Source, cross.Transfer.Destination = leg("sky", 5), leg("star", 1<<50)
	cross.Transfer.Related, cross.Transfer.Reference, cross.Transfer.Reason = ledger.ID{8: 1}, "北京-4711'", "a, b: c"
	hold := row(2)
	hold.Transfer.Kind, hold.Transfer.To = ledger.KindHold, "mall"
	hold.Transfer.Lots = []ledger.Lot{{Expiry: 0, Amount: 1}, {Expiry: 683, Amount: ledger.AmountMax}, {Expiry: 1<<16 - 1, Amount: 3}}
	out := row(3)
	out.Transfer.Kind, out.Transfer.Destination = ledger.KindConvertOut, leg("sky", 0)
	far := row(4)
	far.Block, far.Locator = 1<<40, ledger.Locator{Lane: 1<<32 - 1, Batch: 1 << 47, Index: 4095}
	return []projection.Row{bare, cross, hold, out, far}
}

func roundTrip(t *testing.T, s projection.Store) {
	want := full()
	suite.Must(t, s.Apply(ctx, projection.Group{Rows: want, Checkpoint: at(7)}))
	got, err := s.Rows(ctx, ledger.Locator{}, 10)
	suite.Must(t, err)
	suite.WantEqual(t, "rows", got, want)
	reached, err := s.Checkpoint(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "checkpoint", reached, at(7))
}

func allOrNothing(t *testing.T, s projection.Store) {
	first := projection.Group{Rows: rows(0, 8), Lots: []projection.Lot{{Account: account(1), Expiry: 700, Amount: 5}}, Checkpoint: at(1)}
	suite.Must(t, s.Apply(ctx, first))
	again := projection.Group{Rows: append(rows(8, 12), row(3)), Lots: first.Lots, Checkpoint: at(2)}
	if err := s.Apply(ctx, again); err == nil {
		t.Error("a row was applied twice")
	}
	got, err := s.Rows(ctx, ledger.Locator{}, 100)
	suite.Must(t, err)
	suite.WantEqual(t, "rows", got, first.Rows)
	lots, err := s.Account(ctx, account(1))
	suite.Must(t, err)
	suite.WantEqual(t, "lots", lots, first.Lots)
	reached, err := s.Checkpoint(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "checkpoint", reached, at(1))
}

func lotsAddUp(t *testing.T, s projection.Store) {
	change := func(height uint64, lots ...projection.Lot) {
		suite.Must(t, s.Apply(ctx, projection.Group{Lots: lots, Checkpoint: at(height)}))
	}
	change(1, projection.Lot{Account: account(1), Expiry: 701, Amount: 10}, projection.Lot{Account: account(1), Expiry: 700, Amount: 7},
		projection.Lot{Account: account(2), Expiry: 700, Amount: 1})
	change(2, projection.Lot{Account: account(1), Expiry: 700, Amount: -7, Held: 7}, projection.Lot{Account: account(2), Expiry: 700, Amount: -1})
	got, err := s.Account(ctx, account(1))
	suite.Must(t, err)
	suite.WantEqual(t, "account", got, []projection.Lot{{Account: account(1), Expiry: 700, Held: 7}, {Account: account(1), Expiry: 701, Amount: 10}})
	if got, err = s.Account(ctx, account(2)); err != nil || len(got) != 0 {
		t.Errorf("an account that has nothing left has %v, %v", got, err)
	}
}

func rowPages(t *testing.T, s projection.Store) {
	suite.Must(t, s.Apply(ctx, projection.Group{Rows: rows(0, 50), Checkpoint: at(7)}))
	var got []projection.Row
	for from := (ledger.Locator{}); ; from.Index++ {
		page, err := s.Rows(ctx, from, 7)
		suite.Must(t, err)
		if got = append(got, page...); len(page) < 7 {
			break
		}
		from = page[6].Locator
	}
	suite.WantEqual(t, "rows", got, rows(0, 50))
}

func historyPages(t *testing.T, s projection.Store) {
	suite.Must(t, s.Apply(ctx, projection.Group{Rows: rows(0, 50), Checkpoint: at(7)}))
	var got, want []projection.Row
	for n := 49; n >= 0; n-- {
		if n%3 == 1 {
			want = append(want, row(n))
		}
	}
	for before := (*ledger.Locator)(nil); ; {
		page, err := s.History(ctx, account(2), before, 4)
		suite.Must(t, err)
		if got = append(got, page...); len(page) < 4 {
			break
		}
		before = &page[3].Locator
	}
	suite.WantEqual(t, "history", got, want)
}

func lotPages(t *testing.T, s projection.Store) {
	var want []projection.Lot
	for n := range 20 {
		want = append(want, projection.Lot{Account: account(byte(n/3 + 1)), Expiry: ledger.Month(n % 3), Amount: 1, Held: int64(n)})
	}
	suite.Must(t, s.Apply(ctx, projection.Group{Lots: want, Checkpoint: at(1)}))
	var got []projection.Lot
	for after := (*projection.Lot)(nil); ; {
		page, err := s.Lots(ctx, after, 4)
		suite.Must(t, err)
		if got = append(got, page...); len(page) < 4 {
			break
		}
		after = &page[3]
	}
	suite.WantEqual(t, "lots", got, want)
}

func cut(t *testing.T, s projection.Store) {
	lot := projection.Lot{Account: account(1), Expiry: 700, Amount: 9}
	suite.Must(t, s.Apply(ctx, projection.Group{Rows: rows(0, 24), Lots: []projection.Lot{lot}, Checkpoint: at(3)}))
	suite.Must(t, s.Cut(ctx, projection.Cut{Block: 1, Lots: []projection.Lot{{Account: account(1), Expiry: 700, Amount: -4}}, Checkpoint: at(1)}))
	got, err := s.Rows(ctx, ledger.Locator{}, 100)
	suite.Must(t, err)
	suite.WantEqual(t, "rows", got, rows(0, 8))
	lots, err := s.Account(ctx, account(1))
	suite.Must(t, err)
	suite.WantEqual(t, "lots", lots, []projection.Lot{{Account: account(1), Expiry: 700, Amount: 5}})
	reached, err := s.Checkpoint(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "checkpoint", reached, at(1))
}

func reset(t *testing.T, s projection.Store) {
	suite.Must(t, s.Apply(ctx, projection.Group{Rows: rows(0, 8), Lots: []projection.Lot{{Account: account(1), Amount: 5}}, Checkpoint: at(1)}))
	suite.Must(t, s.Reset(ctx))
	empty(t, s)
	suite.Must(t, s.Apply(ctx, projection.Group{Rows: rows(0, 8), Checkpoint: at(1)}))
}
