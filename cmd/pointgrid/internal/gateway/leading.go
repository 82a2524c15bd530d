package gateway

import (
	"context"
	"errors"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// lead begins what must exist once: of one gateway alone, or of those of a cluster.
// It returns what ends it in order; what is interrupted all the same stands on disk.
func (g *Gateway) lead(ctx context.Context) (end func() error, err error) {
	if err := g.raiseLanes(ctx); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	if err := g.startServices(ctx); err != nil {
		stop()
		return nil, err
	}
	var background sync.WaitGroup
	for _, run := range g.background() {
		background.Go(func() { run(ctx) })
	}
	return func() error {
		stop()
		err := g.endServices(context.WithoutCancel(ctx))
		background.Wait()
		return err
	}, nil
}

// raiseLanes gives the ledger as many lanes as are configured. They become more while
// gateways work, and never fewer.
func (g *Gateway) raiseLanes(ctx context.Context) error {
	laned, ok := g.Ledger.(ledger.Laned)
	if !ok || g.config.Ledger.Lanes == 0 {
		return nil
	}
	n, err := laned.Lanes(ctx)
	if err != nil || n >= g.config.Ledger.Lanes {
		return err
	}
	g.around.Logger.Info("the ledger gets more lanes", "lanes", g.config.Ledger.Lanes, "before", n)
	return g.submit(ctx, &ledger.SetLanes{Lanes: g.config.Ledger.Lanes})
}

// startServices begins what takes requests besides conversions.
func (g *Gateway) startServices(ctx context.Context) error {
	if err := g.Files.Start(ctx); err != nil {
		return err
	}
	if err := g.Rewards.Start(ctx); err != nil {
		g.Files.Close()
		return err
	}
	if err := g.Mall.Start(ctx); err != nil {
		g.Files.Close()
		g.Rewards.Close()
		return err
	}
	return nil
}

// endServices ends files and the mall before the exchange ends, for which they wait.
func (g *Gateway) endServices(ctx context.Context) error {
	g.Files.Close()
	g.Rewards.Close()
	under, cancel := context.WithTimeout(ctx, servicesPatience)
	defer cancel()
	if err := g.Mall.Close(under); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// background is what goes on by itself while this gateway leads.
func (g *Gateway) background() []func(context.Context) {
	all := []func(context.Context){
		g.Privacy.Run,
		g.runBonuses,
		g.delivery.Run,
		g.watch.Run,
		func(ctx context.Context) { every(ctx, nightEvery, g.runNight) },
		func(ctx context.Context) { every(ctx, followEvery, g.runSigning) },
		func(ctx context.Context) { every(ctx, supportEvery, g.runSupport) },
		g.runReconciliation,
		func(ctx context.Context) { every(ctx, fetchEvery, g.fetchStatements); g.puller.Wait() },
		func(ctx context.Context) { every(ctx, forgetEvery, g.forget) },
	}
	if g.Projection != nil {
		all = append(all, g.runProjection, g.Counter.Run)
	}
	return all
}
