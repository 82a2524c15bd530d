package sqlstore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/support/supporttest"
)

func TestSupportStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		supporttest.Run(t, func(t *testing.T) support.Store { return open(t) })
	})
}

// Two members have had the membership S-1 one after the other, and the second has
// made two links since.
func TestLinksTellWhoSharesAMembership(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		s, ctx := open(t), context.Background()
		for n, l := range []exchange.Link{
			{Partner: "sky", Member: "M-1", Membership: "S-1", CreatedAt: 100, EndedAt: 200}, {Partner: "sky", Member: "M-2", Membership: "S-1", CreatedAt: 300},
			{Partner: "mart", Member: "M-2", Membership: "S-1", CreatedAt: 400}, {Partner: "mart", Member: "M-3", Membership: "T-3", CreatedAt: 500},
		} {
			l.ID = ledger.ID{byte(n + 1)}
			if err := s.CreateLink(ctx, &l); err != nil {
				t.Fatal(err)
			}
		}
		for member, want := range map[string]support.LinkFacts{"M-1": {First: 100, Shared: 2}, "M-2": {First: 300, Recent: 2, Shared: 2}, "M-3": {First: 500, Recent: 1, Shared: 1}, "M-4": {}} {
			got, err := s.LinkFacts(ctx, member, 250)
			if err != nil || got != want {
				t.Errorf("%s: %s, %v, want %s", member, fmt.Sprint(got), err, fmt.Sprint(want))
			}
		}
	})
}
