package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// admitPartners initialises a new ledger and registers the configured partners
// that it does not know yet. What the ledger has must agree with the
// configuration, because codes, programmes and scales are fixed for ever.
func (g *Gateway) admitPartners(ctx context.Context) error {
	alliance, err := g.Ledger.Alliance(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		alliance, err = g.initialise(ctx)
	}
	if err != nil {
		return err
	}
	if alliance.Hub != g.config.Alliance.Hub || alliance.MSP != g.config.Alliance.MSP {
		return fmt.Errorf("configuration: the ledger's hub is %s under %s, the configuration's %s under %s",
			alliance.Hub, alliance.MSP, g.config.Alliance.Hub, g.config.Alliance.MSP)
	}
	known, err := g.Ledger.Partners(ctx)
	if err != nil {
		return err
	}
	for _, p := range g.registry.All() {
		if err := g.admit(ctx, p, known); err != nil {
			return fmt.Errorf("partner %q: %w", p.Code, err)
		}
	}
	return nil
}

func (g *Gateway) initialise(ctx context.Context) (ledger.Alliance, error) {
	window := g.calendar.Date(g.Clock.Now())
	if err := g.submit(ctx, &ledger.Initialise{Hub: g.config.Alliance.Hub, Window: window}); err != nil {
		return ledger.Alliance{}, err
	}
	return g.Ledger.Alliance(ctx)
}

func (g *Gateway) admit(ctx context.Context, p partners.Partner, known []ledger.Partner) error {
	for _, k := range known {
		if k.Code != p.Code {
			continue
		}
		if k.Programme != p.Programme || k.Scale != p.Scale || k.MSP != p.MSP {
			return fmt.Errorf("configuration: the ledger has it with programme %s, scale %d and msp %s; these are fixed for ever",
				k.Programme, k.Scale, k.MSP)
		}
		return nil
	}
	return g.submit(ctx, &ledger.RegisterPartner{Partner: p.Code, Programme: p.Programme, Scale: p.Scale, MSP: p.MSP})
}

// already are refusals of what another gateway, which is starting too, has just done.
var already = []ledger.Code{ledger.CodeAlreadyInitialised, ledger.CodePartnerExists}

func (g *Gateway) submit(ctx context.Context, body ledger.Body) error {
	var random [10]byte
	if _, err := io.ReadFull(g.around.Random, random[:]); err != nil {
		return err
	}
	command := ledger.Command{ID: ledger.NewID(g.Clock.Now(), random), Body: body}
	results, err := g.Ledger.Submit(ctx, ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject}, command)
	if err != nil {
		return fmt.Errorf("%s: %w", body.Kind(), err)
	}
	if r := results[0]; r.Code != ledger.CodeOK && !slices.Contains(already, r.Code) {
		return fmt.Errorf("%s: %s: %s", body.Kind(), r.Code, r.Message)
	}
	return nil
}
