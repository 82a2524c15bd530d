package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/settlement/papers"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/signing"
)

// followEvery is how often the ledger is looked at for what companies signed by
// themselves, and payments for what was interrupted.
const followEvery = 2 * time.Second

// buildSigning makes what takes a night from reconciled to settled.
func (g *Gateway) buildSigning(context.Context) error {
	g.Signing = signing.New(signing.Options{Ledger: g.Ledger, Store: g.Store, Reconciler: g.Reconciler, Desk: g.Desk,
		MSP: g.config.Alliance.MSP, Subject: subject, Now: g.Clock.Now, Logger: g.around.Logger})
	holidays, err := g.config.Holidays()
	if err != nil {
		return err
	}
	g.Payments = payment.New(payment.Options{Ledger: g.Ledger, Settlements: g.Store, Store: g.Store, Desk: g.Desk, Parties: g.config.Parties(),
		MSP: g.config.Alliance.MSP, Subject: subject, Holidays: holidays, Zone: g.calendar.Location, Now: g.Clock.Now, Logger: g.around.Logger})
	names := map[string]string{"": g.config.Utility.Bank.Name}
	for _, p := range g.registry.All() {
		names[p.Code] = p.NameZH + " " + p.Name
	}
	g.Papers = papers.New(papers.Options{Ledger: g.Ledger, Payments: g.Store, Liability: g.Store, Dir: g.home.Statements(), Zone: g.calendar.Location,
		Accounts: g.config.Settlement.Journal.Accounts(), Names: names})
	g.metrics.registry.MustRegister(newSettlementMetrics(g.around, g.calendar, g.Clock.Now, g.Store.Unsettled))
	return nil
}

// runSigning follows what was signed elsewhere, and goes on with payments. A
// failure is tried again.
func (g *Gateway) runSigning(ctx context.Context) {
	err := errors.Join(g.Signing.Follow(ctx), g.Payments.Resume(ctx))
	if err != nil && ctx.Err() == nil {
		g.around.Logger.Error("settlements could not be followed and will be tried again", "error", err)
	}
}
