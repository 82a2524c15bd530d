package gateway

import (
	"context"
	"io"
	"time"

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
