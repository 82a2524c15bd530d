package api_test

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards/bonus"
	"github.com/pointgrid/pointgrid/rewards/bonus/bonustest"
)

// shownBonuses are those of a test.
type shownBonuses struct{ all []*bonus.Bonus }

func (s *shownBonuses) Of(_ context.Context, conversion ledger.ID) (*bonus.Bonus, error) {
	for _, b := range s.all {
		if b.Conversion == conversion {
			return b, nil
		}
	}
	return nil, bonus.ErrNotFound
}

func (s *shownBonuses) OfAccount(ctx context.Context, account ledger.Account, before ledger.ID, limit int) ([]*bonus.Bonus, error) {
	m := bonustest.NewMemory()
	if err := m.DecideBonuses(ctx, s.all, nil); err != nil {
		return nil, err
	}
	return m.BonusesOf(ctx, account, before, limit)
}

func TestTheUtilityIsToldWhatATierBroughtOnAConversion(t *testing.T) {
	w := newWorld(t)
	a := w.as("sky-app").convert("k1", in(w.link("sky"), "3000")).is(201)
	account := ledger.Account{7}
	number := w.as("billing").post("/v1/members", map[string]any{"members": []string{"M-1"}}).is(200)
	must(t, account.UnmarshalText([]byte(number.text("members.0.account"))))
	id, err := ledger.ParseID(a.text("id"))
	must(t, err)
	later := ledger.ID{0x7f, 6: 0x70, 8: 0x80}
	for _, conversion := range []ledger.ID{id, later} {
		w.bonuses.all = append(w.bonuses.all, &bonus.Bonus{Conversion: conversion, Account: account, Tier: "gold", BPS: 200, RecordedAt: 1_770_000_000_000, Expiry: 700,
			Converted: 990, Stays: 660, Moves: []bonus.Move{{Cause: conversion, Command: ledger.ID{9, 6: 0x70, 8: 0x80}, Amount: 19, State: bonus.Done}, {Cause: ledger.ID{8}, Amount: 6, State: bonus.Done}}})
	}
	told := w.as("ops").get(a.text("links.self")).is(200)
	if told.text("bonus.tier") != "gold" || told.text("bonus.points") != "13" || told.text("bonus.stays") != "660" || told.text("bonus.state") != "done" {
		t.Errorf("the utility is told %s", told.body)
	}
	if partner := w.as("sky-app").get(a.text("links.self")).is(200); partner.at("bonus") != nil {
		t.Errorf("a partner is told %s", partner.body)
	}
	path := "/v1/members/" + account.String() + "/conversion_bonuses"
	first := w.as("billing").get(path + "?limit=1").is(200)
	second := w.as("billing").get(path + "?limit=1&cursor=" + first.text("next_cursor")).is(200)
	if first.text("bonuses.0.conversion_id") != later.String() || second.text("bonuses.0.conversion_id") != a.text("id") {
		t.Errorf("pages are %s and %s", first.body, second.body)
	}
	w.as("billing").get("/v1/members/00000000000000000000000000000001/conversion_bonuses").refused(404, "not_found")
	w.as("sky-app").get(path).refused(403, "scope_missing")
}
