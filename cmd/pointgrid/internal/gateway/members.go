package gateway

import (
	"context"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// OpenMembers opens the registry of members over a store, under the key of a home.
func OpenMembers(ctx context.Context, h Home, store members.Store, random io.Reader, now func() time.Time) (*members.Registry, error) {
	key, err := h.AccountKey(random)
	if err != nil {
		return nil, err
	}
	return members.Open(ctx, members.RegistryOptions{Store: store, Key: key, Random: random, Now: now})
}

func (g *Gateway) openMembers(ctx context.Context) (err error) {
	g.Members, err = OpenMembers(ctx, g.home, g.Store, g.around.Random, g.Clock.Now)
	return err
}

// buildPrivacy makes what exports and erases members, with every part of the house that
// knows any. The tables come last: they know the memberships.
func (g *Gateway) buildPrivacy(context.Context) (err error) {
	quiet := 30 * time.Second // longer than any request is under way
	if g.config.Sandbox {
		quiet = 2 * time.Second
	}
	g.Privacy, err = members.NewPrivacy(members.PrivacyOptions{Registry: g.Members, Ledger: g.Ledger,
		Identity: ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject}, Places: g.places(), Quiet: quiet, Logger: g.around.Logger})
	return err
}

// places are all that know members. A package that keeps a member's number adds one here.
func (g *Gateway) places() []members.Place {
	return []members.Place{
		{Name: "ledger", Export: g.exportLedger},
		{Name: "exchange", Export: g.exportExchange},
		{Name: "rewards", Export: g.exportRewards},
		{Name: "mall", Export: g.exportMall},
		{Name: "bonuses", Export: g.exportBonuses, Erase: g.Bonuses.Erase},
		g.Support.Place(),
		g.Store.MemberPlace(),
	}
}
