package gateway

import (
	"io"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/web/console"
	"github.com/pointgrid/pointgrid/web/origin"
	"github.com/pointgrid/pointgrid/web/page"
)

func (g *Gateway) console(set *page.Set, url string, origins *origin.Finder) (*console.Console, error) {
	holidays, err := g.config.Holidays()
	if err != nil {
		return nil, err
	}
	return console.New(console.Options{Service: g.staff, Pages: set, Settlements: g.Store, Ledger: g.Ledger, Registry: g.registry, Desk: g.Desk,
		Statements: g.Statements, Waiting: g.Reconciler.Waiting, Signing: g.Signing, Payments: g.Payments, Papers: g.Papers, Holidays: holidays,
		Marketing: g.marketing(), Shop: g.Mall, ReturnMax: g.config.Support.RemedyLimit,
		Helpdesk: &console.Helpdesk{Support: g.Support, Members: g.Members, Conversions: g.Exchange, Orders: g.Mall, Ledger: g.Ledger, History: g.Store, Links: g.Store.LinksEver},
		Statement: func(s *settlement.Settlement) (io.ReadCloser, error) {
			return settlement.OpenStatement(g.home.Statements(), s)
		},
		Hub: g.config.Alliance.Hub, Sandbox: g.config.Sandbox, Address: origins.Address, URL: url, Location: g.calendar.Location,
		Now: g.Clock.Now, Machine: g.around.Now, Logger: g.around.Logger})
}
