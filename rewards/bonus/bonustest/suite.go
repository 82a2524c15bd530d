package bonustest

import (
	"context"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

// RunStore tests everything that [bonus.Store] promises. open returns an empty store.
func RunStore(t *testing.T, open func(t *testing.T) bonus.Store) {
	suite.Run(t, open, suite.Promises[bonus.Store]{
		{"what was decided is there with how far the ledger was read", testDecided},
		{"many are found at once", testMany},
		{"a move that ended stays as it ended", testSettled},
		{"what is due is found in order", testDue},
		{"what is due to somebody who is forgotten is refused", testForgone},
		{"an account's bonuses are read in pages, latest first", testPages},
		{"totals count what is left, by window and tier", testTotals},
	})
}

// Sample returns the n-th bonus, of one of three accounts, with a move that is due.
func Sample(n int) *bonus.Bonus {
	conversion := ledger.ID{1, 2, 3, byte(n >> 8), byte(n), 0, 0x70, 0, 0x80}
	return &bonus.Bonus{Conversion: conversion, Account: ledger.Account{byte(n%3 + 1)}, Tier: []string{"silver", "gold"}[n%2], BPS: int64(100 + n%2*100),
		RecordedAt: 1_770_000_000_000 + int64(n), Window: ledger.Date(20_400 + n%2), Expiry: 700, Converted: 1000, Stays: 1000,
		Moves: []bonus.Move{{Cause: conversion, Command: ledger.ID{9, byte(n >> 8), byte(n)}, Amount: int64(10 + n%2*10), State: bonus.Due}}}
}

// reversed adds a move that takes back.
func reversed(b *bonus.Bonus, cause byte, points, amount int64) *bonus.Bonus {
	b.Stays -= points
	b.Moves = append(b.Moves, bonus.Move{Cause: ledger.ID{8, cause, b.Conversion[4]}, Command: ledger.ID{7, cause, b.Conversion[4]}, Amount: amount, State: bonus.Due})
	return b
}

func decide(t *testing.T, s bonus.Store, n int) (all []*bonus.Bonus) {
	t.Helper()
	for i := range n {
		all = append(all, Sample(i))
	}
	suite.Must(t, s.DecideBonuses(context.Background(), all, nil))
	return all
}

// has checks what is stored of some conversions.
func has(t *testing.T, s bonus.Store, want ...*bonus.Bonus) {
	t.Helper()
	ids := []ledger.ID{{0xee}} // which has none
	for _, b := range want {
		ids = append(ids, b.Conversion)
	}
	got, err := s.Bonuses(context.Background(), ids)
	suite.Must(t, err)
	slices.SortFunc(got, func(a, b *bonus.Bonus) int { return slices.Compare(a.Conversion[:], b.Conversion[:]) })
	suite.WantEqual(t, "bonuses", got, want)
}

func testDecided(t *testing.T, s bonus.Store) {
	ctx := context.Background()
	marks, err := s.BonusMarks(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "marks at first", len(marks), 0)
	a, b := Sample(1), Sample(2)
	at := []bonus.Mark{{Lane: 0, Next: 7, Root: ledger.Hash{5}, Block: 12}, {Lane: 3, Next: 0}}
	suite.Must(t, s.DecideBonuses(ctx, []*bonus.Bonus{a, b}, at))
	has(t, s, a, b)
	reversed(b, 1, 400, 4)
	at[0] = bonus.Mark{Lane: 0, Next: 9, Root: ledger.Hash{6}, Block: 15}
	suite.Must(t, s.DecideBonuses(ctx, []*bonus.Bonus{b}, at[:1]))
	has(t, s, a, b)
	marks, err = s.BonusMarks(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "marks", marks, at)
	suite.Must(t, s.DecideBonuses(ctx, nil, nil))
}

func testMany(t *testing.T, s bonus.Store) {
	all := decide(t, s, 130) // more than one piece of a list
	slices.SortFunc(all, func(a, b *bonus.Bonus) int { return slices.Compare(a.Conversion[:], b.Conversion[:]) })
	has(t, s, all...)
}

func testSettled(t *testing.T, s bonus.Store) {
	ctx := context.Background()
	b := reversed(reversed(decide(t, s, 1)[0], 1, 400, 4), 2, 600, 6)
	suite.Must(t, s.DecideBonuses(ctx, []*bonus.Bonus{b}, nil))
	b.Moves[0].State, b.Moves[0].Debt = bonus.Done, -3
	b.Moves[1].State, b.Moves[1].Code = bonus.Refused, "lot_expired"
	b.Moves[2].Code = "account_frozen"
	suite.Must(t, s.SettleBonuses(ctx, []*bonus.Bonus{b}))
	has(t, s, b)
	late := Sample(0)
	reversed(reversed(late, 1, 400, 4), 2, 600, 6)
	late.Moves[2].State, late.Moves[2].Debt = bonus.Done, 6
	suite.Must(t, s.SettleBonuses(ctx, []*bonus.Bonus{late, Sample(9)})) // its first move is due again, and nobody knows the ninth
	b.Moves[2] = late.Moves[2]
	has(t, s, b)
	suite.Must(t, s.DecideBonuses(ctx, []*bonus.Bonus{reversed(reversed(Sample(0), 1, 400, 4), 2, 600, 6)}, nil))
	has(t, s, b)
	suite.Must(t, s.SettleBonuses(ctx, nil))
}

func testDue(t *testing.T, s bonus.Store) {
	ctx := context.Background()
	all := decide(t, s, 5)
	all[1].Moves[0].State, all[3].Moves[0].State = bonus.Done, bonus.Refused
	suite.Must(t, s.SettleBonuses(ctx, all))
	backlog, err := s.BonusBacklog(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "the backlog", backlog, bonus.Backlog{Moves: 3, Oldest: all[0].RecordedAt})
	first, err := s.DueBonuses(ctx, ledger.ID{}, 2)
	suite.Must(t, err)
	suite.WantEqual(t, "the first page", first, []*bonus.Bonus{all[0], all[2]})
	second, err := s.DueBonuses(ctx, all[2].Conversion, 2)
	suite.Must(t, err)
	suite.WantEqual(t, "the second page", second, []*bonus.Bonus{all[4]})
	for _, b := range all {
		b.Moves[0].State = bonus.Done
	}
	suite.Must(t, s.SettleBonuses(ctx, all))
	backlog, err = s.BonusBacklog(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "the backlog at the end", backlog, bonus.Backlog{})
}

func testForgone(t *testing.T, s bonus.Store) {
	ctx := context.Background()
	all := decide(t, s, 6) // 0 and 3 are of one account
	all[3].Moves[0].State = bonus.Done
	suite.Must(t, s.SettleBonuses(ctx, all))
	suite.Must(t, s.ForgoBonuses(ctx, all[0].Account, "gone"))
	all[0].Moves[0].State, all[0].Moves[0].Code = bonus.Refused, "gone"
	has(t, s, all...)
}

func testPages(t *testing.T, s bonus.Store) {
	ctx := context.Background()
	all := decide(t, s, 9)
	of := all[0].Account
	first, err := s.BonusesOf(ctx, of, ledger.ID{}, 2)
	suite.Must(t, err)
	suite.WantEqual(t, "the first page", first, []*bonus.Bonus{all[6], all[3]})
	second, err := s.BonusesOf(ctx, of, all[3].Conversion, 2)
	suite.Must(t, err)
	suite.WantEqual(t, "the second page", second, []*bonus.Bonus{all[0]})
	none, err := s.BonusesOf(ctx, ledger.Account{77}, ledger.ID{}, 2)
	suite.Must(t, err)
	suite.WantEqual(t, "bonuses of nobody", len(none), 0)
}

func testTotals(t *testing.T, s bonus.Store) {
	ctx := context.Background()
	all := decide(t, s, 6) // silver on the first day, gold on the second
	reversed(all[0], 1, 1000, 10)
	reversed(all[2], 1, 300, 3)
	suite.Must(t, s.DecideBonuses(ctx, []*bonus.Bonus{all[0], all[2]}, nil))
	all[1].Moves[0].State = bonus.Refused
	suite.Must(t, s.SettleBonuses(ctx, all))
	want := []rewards.Totals{{Day: 20_400, Kind: bonus.Kind, Code: "silver", Events: 3, Points: 17, Cancelled: 1},
		{Day: 20_401, Kind: bonus.Kind, Code: "gold", Events: 3, Points: 40, Cancelled: 1}}
	got, err := s.BonusTotals(ctx, 20_400, 20_401)
	suite.Must(t, err)
	suite.WantEqual(t, "totals", got, want)
	got, err = s.BonusTotals(ctx, 20_401, 20_500)
	suite.Must(t, err)
	suite.WantEqual(t, "totals of the second day", got, want[1:])
}
