package gateway

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/session"
)

// buildMembers makes the service by which members stay signed in. Its clock is the
// machine's, as that of the staff's sessions.
func (g *Gateway) buildMembers(context.Context) (err error) {
	g.sessions, err = session.New(session.Options{Store: g.Store, Now: g.around.Now, Random: g.around.Random})
	return err
}

// memberPages builds the pages for members, reached at a URL.
func (g *Gateway) memberPages(set *page.Set, url string) (*mall.Mall, error) {
	accountKey, err := g.home.AccountKey(g.around.Random)
	if err != nil {
		return nil, err
	}
	return mall.New(mall.Options{Pages: set, Sessions: g.sessions, Ledger: g.Ledger,
		Account: func(_ context.Context, member string) (ledger.Account, error) {
			return ledger.MemberAccount(accountKey, member)
		},
		Hub: g.config.Alliance.Hub, Sandbox: g.config.Sandbox, URL: url, Location: g.calendar.Location,
		Now: g.Clock.Now, Machine: g.around.Now, Logger: g.around.Logger})
}
