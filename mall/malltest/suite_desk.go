package malltest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

func proposal(n int, p *mall.Product) *mall.Proposal {
	return &mall.Proposal{ID: ID(n), Product: p, Maker: "lin", Note: "更便宜", At: 5, State: mall.Proposed}
}

func proposing(t *testing.T, s mall.Store) {
	ctx := context.Background()
	Stock(t, s, "lamp", 5)
	next := Product("lamp", mall.Goods)
	next.Version, next.Name.EN = 2, "Reading light"
	first := proposal(1, next)
	must(t, s.CreateProposal(ctx, first))
	if err := s.CreateProposal(ctx, proposal(2, next)); !errors.Is(err, mall.ErrProposed) {
		t.Errorf("a second open one: %v", err)
	}
	must(t, s.CreateProposal(ctx, proposal(3, Product("fan", mall.Goods))))
	got, err := s.Proposal(ctx, first.ID)
	must(t, err)
	if !reflect.DeepEqual(got, first) {
		t.Errorf("proposal\n got %+v\nwant %+v", got, first)
	}
	first.State, first.Checker, first.Reason, first.DecidedAt = mall.Rejected, "wu", "too cheap", 9
	must(t, s.RejectProposal(ctx, first))
	approved := *first
	approved.State = mall.Approved
	for what, err := range map[string]error{"rejected again": s.RejectProposal(ctx, first),
		"approved after that": s.ApproveProposal(ctx, &approved, change("lamp", mall.ChangedProduct, 2))} {
		if !errors.Is(err, mall.ErrChanged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	lampIs(t, s, 1, "light")

	second := proposal(4, next)
	must(t, s.CreateProposal(ctx, second))
	second.State, second.Checker, second.DecidedAt = mall.Approved, "wu", 9
	must(t, s.ApproveProposal(ctx, second, change("lamp", mall.ChangedProduct, 2)))
	lampIs(t, s, 2, "bulb")
	got, err = s.Proposal(ctx, second.ID)
	must(t, err)
	if !reflect.DeepEqual(got, second) {
		t.Errorf("approved\n got %+v\nwant %+v", got, second)
	}
	stale := proposal(5, next)
	must(t, s.CreateProposal(ctx, stale))
	stale.State = mall.Approved
	if err := s.ApproveProposal(ctx, stale, change("lamp", mall.ChangedProduct, 2)); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("after the product changed: %v", err)
	}
	if got, err := s.Proposal(ctx, stale.ID); err != nil || got.State != mall.Proposed {
		t.Errorf("what could not be approved is %+v, %v", got, err)
	}
	newProduct(t, s)
	listed(t, s)
}

// lampIs checks version and terms of the lamp.
func lampIs(t *testing.T, s mall.Store, version int64, lost string) {
	t.Helper()
	p, err := s.Product(context.Background(), "lamp")
	must(t, err)
	found, err := s.Products(context.Background(), mall.ProductFilter{Wanted: mall.Wanted(lost), Limit: 9})
	must(t, err)
	log, err := s.MallChanges(context.Background(), "lamp")
	must(t, err)
	if version == 1 && len(found) != 0 || version == 2 && (len(found) != 0 || p.Name.EN != "Reading light") || p.Version != version || len(log) != int(version)+1 {
		t.Errorf("the lamp is %+v with %d entries, and %q finds %d", p, len(log), lost, len(found))
	}
}

func newProduct(t *testing.T, s mall.Store) {
	ctx := context.Background()
	x, err := s.Proposal(ctx, ID(3))
	must(t, err)
	x.State = mall.Approved
	must(t, s.ApproveProposal(ctx, x, change("fan", mall.ChangedProduct, 1)))
	stockIs(t, s, "fan", 0, 0, 0)
	if _, err := s.Product(ctx, "fan"); err != nil {
		t.Errorf("the new product: %v", err)
	}
}

func listed(t *testing.T, s mall.Store) {
	for state, want := range map[mall.ProposalState][]ledger.ID{"": {ID(5), ID(4), ID(3), ID(1)}, mall.Approved: {ID(4), ID(3)}, mall.Proposed: {ID(5)}} {
		var got []ledger.ID
		for before := (ledger.ID{}); ; {
			page, err := s.Proposals(context.Background(), state, before, 1)
			must(t, err)
			if len(page) == 0 {
				break
			}
			before = page[0].ID
			got = append(got, before)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", state, got, want)
		}
	}
}

func picturing(t *testing.T, s mall.Store) {
	ctx := context.Background()
	p := &mall.Picture{ID: "p-1", Media: "image/png", Content: []byte{0, 1, 255}, By: "lin", At: 5}
	must(t, s.AddPicture(ctx, p))
	again := *p
	again.By = "wu"
	must(t, s.AddPicture(ctx, &again))
	got, err := s.Picture(ctx, "p-1")
	must(t, err)
	if !reflect.DeepEqual(got, p) {
		t.Errorf("picture %+v, want %+v", got, p)
	}
}

func claiming(t *testing.T, s mall.Store) {
	ctx := context.Background()
	claim := func(n, order int) *mall.Claim {
		return &mall.Claim{ID: ID(n), Order: ID(order), Quantity: 2, Reason: "坏了", At: 5, State: mall.ClaimOpen}
	}
	first := claim(1, 100)
	for what, c := range map[string]*mall.Claim{"the first": first, "of another order": claim(3, 101)} {
		if existing, err := s.CreateClaim(ctx, c); existing != nil || err != nil {
			t.Fatalf("%s: %+v, %v", what, existing, err)
		}
	}
	if existing, err := s.CreateClaim(ctx, claim(2, 100)); err != nil || !reflect.DeepEqual(existing, first) {
		t.Errorf("while one is open: %+v, %v", existing, err)
	}
	first.State, first.Checker, first.Answer, first.DecidedAt = mall.ClaimDeclined, "wu", "used", 9
	must(t, s.DecideClaim(ctx, first))
	if err := s.DecideClaim(ctx, first); !errors.Is(err, mall.ErrChanged) {
		t.Errorf("decided again: %v", err)
	}
	if got, err := s.Claim(ctx, first.ID); err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("claim %+v, %v", got, err)
	}
	if existing, err := s.CreateClaim(ctx, claim(2, 100)); existing != nil || err != nil {
		t.Errorf("after that: %+v, %v", existing, err)
	}
	for _, c := range []struct {
		filter mall.ClaimFilter
		want   []ledger.ID
	}{{mall.ClaimFilter{}, []ledger.ID{ID(3), ID(2), ID(1)}}, {mall.ClaimFilter{Order: ID(100)}, []ledger.ID{ID(2), ID(1)}},
		{mall.ClaimFilter{State: mall.ClaimOpen}, []ledger.ID{ID(3), ID(2)}}} {
		var got []ledger.ID
		for c.filter.Limit = 1; ; {
			page, err := s.Claims(ctx, c.filter)
			must(t, err)
			if len(page) == 0 {
				break
			}
			c.filter.Before = page[0].ID
			got = append(got, page[0].ID)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v picks %v, want %v", c.filter, got, c.want)
		}
	}
}
