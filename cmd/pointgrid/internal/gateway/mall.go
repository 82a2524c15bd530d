package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backoffice"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/rewards"
)

// buildMall makes the mall with the systems that are configured. Calls to them are
// signed with the gateway's key, as those to partners are.
func (g *Gateway) buildMall(context.Context) error {
	codeKey, err := g.home.CodeKey(g.around.Random)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(g.config.Alliance.TimeZone)
	if err != nil {
		return err
	}
	c := g.config.Mall
	o := mall.Options{Ledger: g.traces.ledger(g.Ledger), Identity: ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject}, Store: g.Store,
		Exchange: &bourse{g}, Tiers: tiers{g.Rewards}, Members: g.Members, CodeKey: codeKey, FourEyes: c.FourEyes, OfferTTL: c.OfferTTL, Deadline: c.Deadline, DispatchWithin: c.DispatchWithin,
		Zone: zone, Now: g.Clock.Now, Random: g.around.Random, Logger: g.around.Logger}
	// An interface with a nil pointer in it would not be nil.
	if billing, err := g.backOffice(c.Billing); err != nil {
		return err
	} else if billing != nil {
		o.Billing = billing
	}
	if payments, err := g.backOffice(c.Payments); err != nil {
		return err
	} else if payments != nil {
		o.Payments = payments
	}
	m := newMallMetrics(g.around)
	o.Observe = m.observe
	if g.Mall, err = mall.New(o); err != nil {
		return err
	}
	m.mall = g.Mall
	g.metrics.registry.MustRegister(m)
	return nil
}

// backOffice returns a client for a system of the utility; nil without a URL.
func (g *Gateway) backOffice(url string) (*backoffice.Client, error) {
	if url == "" {
		return nil, nil
	}
	signer, err := signature.NewSigner(g.key.ID, g.key.Private, g.around.Now, g.around.Random)
	if err != nil {
		return nil, err
	}
	return backoffice.New(backoffice.Options{URL: url, Sign: signer.Sign, Timeout: g.config.Mall.Timeout})
}

// tiers tells the mall how members stand.
type tiers struct{ rewards *rewards.Service }

// StandingOf implements [mall.Tiers]. Somebody who is not registered has no tier.
func (t tiers) StandingOf(ctx context.Context, member string) (mall.Standing, error) {
	way, err := t.rewards.Way(ctx, member)
	if errors.Is(err, rewards.ErrNotFound) {
		return mall.Standing{}, nil
	}
	return mall.Standing{Tier: way.Tier, Exclusive: way.Now.Shelf, Fast: way.Now.Fast}, err
}

// bourse lets the mall buy partner points at the exchange, as a client of the
// utility with the order's ID as its key.
type bourse struct{ g *Gateway }

var shop = exchange.Party{Client: "mall"}

// purchaseWait is how long one call waits for a conversion to end; the mall asks
// again.
const purchaseWait = 5 * time.Second

// Convert implements [mall.Exchange].
func (b *bourse) Convert(ctx context.Context, p mall.Purchase) (mall.Answer, error) {
	made, err := b.g.Store.ConversionByKey(ctx, shop.Client, p.Order.String())
	if err == nil && made.Step == exchange.StepDone {
		return purchased(made), nil
	}
	if err != nil && !errors.Is(err, exchange.ErrNotFound) {
		return mall.Answer{}, err
	}
	link, err := b.g.Store.LinkOf(ctx, p.Partner, p.Member)
	switch {
	case errors.Is(err, exchange.ErrNotFound) && made == nil:
		return mall.Answer{Outcome: mall.Declined, Code: exchange.CodeLinkMissing}, nil
	case errors.Is(err, exchange.ErrNotFound):
		return mall.Answer{Outcome: mall.Pending}, nil // the exchange brings it to its end
	case err != nil:
		return mall.Answer{}, err
	}
	return b.convert(ctx, p, link)
}

func (b *bourse) convert(ctx context.Context, p mall.Purchase, link *exchange.Link) (mall.Answer, error) {
	company, ok := b.g.registry.Partner(p.Partner)
	if !ok {
		return mall.Answer{Outcome: mall.Declined, Code: exchange.CodeProgrammeUnknown}, nil
	}
	made, _, err := b.g.Exchange.Convert(ctx, shop, exchange.ConvertRequest{Source: b.g.config.Alliance.Hub, Destination: company.Programme, From: p.Points,
		LinkID: link.ID, Idempotency: exchange.Idempotency{Key: p.Order.String(), Hash: sha256.Sum256(p.Order[:])}}, purchaseWait)
	var refusal *exchange.Refusal
	var busy *exchange.Busy
	switch {
	case errors.As(err, &refusal):
		return mall.Answer{Outcome: mall.Declined, Code: refusal.Code}, nil
	case errors.As(err, &busy):
		return mall.Answer{}, fmt.Errorf("%w: %w", mall.ErrNotSent, err)
	case errors.Is(err, exchange.ErrStillRunning):
		return mall.Answer{Outcome: mall.Pending}, nil
	case err != nil:
		return mall.Answer{}, err
	}
	return purchased(made), nil
}

// purchased says how a conversion stands.
func purchased(c *exchange.Conversion) mall.Answer {
	switch {
	case c.Step != exchange.StepDone:
		return mall.Answer{Outcome: mall.Pending}
	case c.Outcome == exchange.Completed:
		return mall.Answer{Outcome: mall.Done, Reference: c.ID.String()}
	}
	a := mall.Answer{Outcome: mall.Declined}
	if c.Failure != nil {
		a.Code = c.Failure.Code
	}
	return a
}
