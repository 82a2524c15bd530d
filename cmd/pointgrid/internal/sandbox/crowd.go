package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/web/session"
)

// CrowdOptions say how much a site for many visitors holds beside the amounts.
type CrowdOptions struct {
	Amounts  Amounts
	Products int // more than those of every sandbox
	Sessions int // of the first members
}

// Crowd is what visitors of such a site need.
type Crowd struct {
	Cookie   string   // name of the cookie
	Sessions []string // its values, one for each member who is signed in
	Products []string // IDs of the products that were added
}

// Crowd seeds the site, puts more products on its shelves and signs members in,
// before anything of it is started.
func (s *Site) Crowd(ctx context.Context, o CrowdOptions, now func() time.Time) (*Crowd, error) {
	if err := s.Seed(ctx, o.Amounts, now); err != nil {
		return nil, err
	}
	c := s.base()
	store, err := gateway.OpenStore(ctx, &c, now, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	crowd := &Crowd{Cookie: "pointgrid_member"}
	err = errors.Join(crowd.stock(ctx, store, o.Products, now), crowd.signIn(ctx, store, o.Sessions, now), store.Close())
	return crowd, err
}

// stock adds products to the shelf of the home, with a choice of prices.
func (c *Crowd) stock(ctx context.Context, store *sqlstore.Store, n int, now func() time.Time) error {
	for i := range n {
		p := &mall.Product{ID: fmt.Sprintf("lamp-%04d", i), Kind: mall.Goods, Category: "home", Version: 1, Listed: true,
			Name:    mall.Text{ZH: fmt.Sprintf("节能灯 %d 号", i), EN: fmt.Sprintf("LED lamp no. %d", i)},
			Summary: mall.Text{ZH: "九瓦，暖白光", EN: "9 W, warm white"},
			Prices:  forTier(orCash(int64(2600+i), int64(1000+i), 990), "gold", int64(2300+i)), QuantityMax: 5, Shelf: 20, UpdatedAt: now().UnixMilli()}
		change := func(what string, number int64) *mall.Change {
			return &mall.Change{Subject: p.ID, Number: number, What: what, By: "sandbox", At: now().UnixMilli()}
		}
		if err := store.SaveProduct(ctx, p, change(mall.ChangedProduct, 1)); err != nil {
			return err
		}
		if err := store.AddStock(ctx, 1000, change(mall.ChangedStock, 1)); err != nil {
			return err
		}
		c.Products = append(c.Products, p.ID)
	}
	return nil
}

// signIn opens a session for each of the first members.
func (c *Crowd) signIn(ctx context.Context, store session.Store, n int, now func() time.Time) error {
	sessions, err := session.New(session.Options{Store: store, Now: now, Random: rand.Reader})
	if err != nil {
		return err
	}
	for i := range n {
		v, err := sessions.Open(ctx, Member(i+1), session.Person{Name: Member(i + 1)}, "")
		if err != nil {
			return err
		}
		c.Sessions = append(c.Sessions, v.Token)
	}
	return nil
}
