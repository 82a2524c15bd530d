package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/identity"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/session"
)

// buildSessions makes the service by which members stay signed in. Its clock is the
// machine's, as that of the staff's sessions.
func (g *Gateway) buildSessions(context.Context) (err error) {
	g.sessions, err = session.New(session.Options{Store: g.Store, Now: g.around.Now, Random: g.around.Random})
	return err
}

// memberPages builds the pages for members, reached at a URL.
func (g *Gateway) memberPages(set *page.Set, url string) (*mall.Mall, error) {
	o := mall.Options{
		Pages: set, Sessions: g.sessions, Ledger: g.Ledger,
		Account: g.Members.Account,
		Shop:    g.Mall, Linked: g.linked, CompanyName: g.companyName,
		Exchange: g.Exchange, Book: g.Store, Rewards: g.Rewards, Disputes: g.Support,
		Hub: g.config.Alliance.Hub, Sandbox: g.config.Sandbox, URL: url, Location: g.calendar.Location,
		Now: g.Clock.Now, Machine: g.around.Now, Random: g.around.Random, Logger: g.around.Logger}
	if g.config.Projection.Enabled {
		o.History = g.Store
	}
	if narrowed := g.allowances(); narrowed != nil {
		o.Share = narrowed.DayShare
	}
	provider, err := g.identity(url)
	if err != nil {
		return nil, err
	}
	if provider != nil { // a nil pointer in an interface would not be nil
		o.Identity, o.Register = provider, g.registerMember
	}
	return mall.New(o)
}

// linked reports whether a member has an account with a partner.
func (g *Gateway) linked(ctx context.Context, member, partner string) (bool, error) {
	_, err := g.Store.LinkOf(ctx, partner, member)
	if errors.Is(err, exchange.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// companyName is what people call a partner; one that is not known is called by its
// code.
func (g *Gateway) companyName(code string, l page.Language) string {
	p, ok := g.registry.Partner(code)
	switch {
	case !ok:
		return code
	case l == page.Chinese:
		return cmp.Or(p.NameZH, p.Name, code)
	}
	return cmp.Or(p.Name, code)
}

// identity is the utility's provider; nil when none is configured. It is asked for
// nothing before somebody signs in.
func (g *Gateway) identity(url string) (*identity.Provider, error) {
	c := &g.config.Mall.Identity
	if c.Issuer == "" {
		return nil, nil
	}
	o := identity.Options{Issuer: c.Issuer, ClientID: c.ClientID, Redirect: url + mall.CallbackPath, Scopes: c.Scopes,
		MemberClaim: c.MemberClaim, NameClaim: c.NameClaim, Prompt: c.Prompt, Algorithms: c.Algorithms, Now: g.around.Now}
	if c.ClientSecretFile != "" {
		secret, err := os.ReadFile(c.ClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("configuration: mall.identity.client_secret_file: %w", err)
		}
		o.ClientSecret = strings.TrimSpace(string(secret))
	}
	return identity.New(o)
}

// registerMember takes in a customer who comes for the first time.
func (g *Gateway) registerMember(ctx context.Context, member string) error {
	_, err := g.Rewards.Register(ctx, []string{member})
	var refusal *rewards.Refusal
	if errors.As(err, &refusal) {
		return fmt.Errorf("%w: %w", mall.ErrNotAMember, err)
	}
	return err
}
