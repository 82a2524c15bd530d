package gateway

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

const (
	// reconcileEvery is how often it is looked for something to compare, besides when
	// a statement comes; fetchEvery for statements to be fetched or found.
	reconcileEvery = time.Minute
	fetchEvery     = 5 * time.Second
	// fetchPatience bounds what fetching one statement may take, and in a sandbox what
	// moving the clock waits for it.
	fetchPatience   = 20 * time.Minute
	sandboxPatience = 10 * time.Second
)

// buildReconciliation joins up what lies between a partner's statement and the
// settlement that is reconciled on the ledger.
func (g *Gateway) buildReconciliation(context.Context) (err error) {
	g.nudge = make(chan struct{}, 1)
	g.Desk = desk.New(desk.Options{Store: g.Store, Ledger: g.Ledger, MSP: g.config.Alliance.MSP, Now: g.Clock.Now, Random: g.around.Random,
		WriteOffMax: g.config.Reconciliation.WriteOffMax * yuan, DueDays: g.config.Reconciliation.DueDays})
	received, err := g.folder(g.home.Received())
	if err != nil {
		return err
	}
	g.Statements, err = statements.New(statements.Options{Store: g.Store, Ledger: g.Ledger, Layout: g.layout, Calendar: g.calendar, Dir: received,
		Limits: statementfile.Limits{Bytes: g.config.Reconciliation.BytesMax}, Now: g.Clock.Now, Random: g.around.Random, Logger: g.around.Logger,
		Received: func(*statements.Statement) { g.reconcileSoon() }})
	if err != nil {
		return err
	}
	kept, err := g.folder(g.home.Reconciled())
	if err != nil {
		return err
	}
	g.Reconciler = settlement.NewReconciler(settlement.ReconcilerOptions{Ledger: g.Ledger,
		Identity: ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject}, Store: g.Store, Runs: g.Store, Records: g.Store, Links: g.Store,
		Statements: g.Statements, Desk: g.Desk, Calendar: g.calendar, Dir: kept, SpillDir: g.home.Reconciled(),
		Tolerance: func(code string) reconcile.Tolerance { return g.statement(code).Tolerance.Reconcile() },
		Due:       func(code string) time.Duration { return g.statement(code).DueAfter() },
		Now:       g.Clock.Now, Random: g.around.Random, Logger: g.around.Logger, Progress: g.around.Progress})
	g.metrics.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pointgrid_statements_overdue",
			Help: "Settlements whose partner's statement should have come; -1 when it cannot be said."}, g.overdue),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pointgrid_breaks_blocking",
			Help: "Breaks of the last windows that keep a settlement from being signed; -1 when it cannot be said."}, g.blocking))
	return g.buildIntake()
}

// overdue counts what the metric says.
func (g *Gateway) overdue() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), lagPatience)
	defer cancel()
	waiting, err := g.Reconciler.Waiting(ctx)
	if err != nil {
		return -1
	}
	n := 0.0
	for _, w := range waiting {
		if w.Overdue {
			n++
		}
	}
	return n
}

// blockingWindows is how far back open breaks are counted.
const blockingWindows = 62

func (g *Gateway) blocking() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), lagPatience)
	defer cancel()
	today := g.calendar.Date(g.Clock.Now())
	counts, err := g.Store.CaseCounts(ctx, "", today-blockingWindows, today)
	if err != nil {
		return -1
	}
	n := 0.0
	for _, c := range counts {
		if c.State.Blocks() && !c.Tolerated {
			n += float64(c.Cases)
		}
	}
	return n
}

// yuan in the millionths that the ledger counts.
const yuan = 1_000_000

// folder opens a folder of the home, and makes it when it is missing.
func (g *Gateway) folder(path string) (*os.Root, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	g.closers = append(g.closers, root.Close)
	return root, nil
}

// buildIntake makes what fetches statements and what finds them.
func (g *Gateway) buildIntake() error {
	g.puller = statements.NewPuller(statements.PullerOptions{Service: g.Statements, Wanted: g.wanted, Patience: fetchPatience,
		Host: func(code string) connector.Host { return g.hosts[code] }, Now: g.around.Now, Logger: g.around.Logger})
	if g.config.Reconciliation.Folder == "" {
		return nil
	}
	root, err := os.OpenRoot(g.config.Reconciliation.Folder)
	if err != nil {
		return fmt.Errorf("configuration: reconciliation.folder: %w", err)
	}
	g.closers = append(g.closers, root.Close)
	var codes []string
	for _, p := range g.config.Companies {
		if p.Statement.Source == config.FromFolder {
			codes = append(codes, p.Code)
		}
	}
	g.statementWatch = statements.NewWatch(statements.WatchOptions{Service: g.Statements, Root: root, Partners: codes, Logger: g.around.Logger})
	return nil
}

// statement is how a partner's statements come.
func (g *Gateway) statement(code string) *config.Statement {
	for i := range g.config.Companies {
		if p := &g.config.Companies[i]; p.Code == code {
			return &p.Statement
		}
	}
	return &config.Statement{}
}

// mspOf is a partner's identity on the ledger.
func (g *Gateway) mspOf(code string) (string, bool) {
	p, known := g.registry.Partner(code)
	if !known {
		return "", false
	}
	return p.MSP, true
}

func (g *Gateway) layout(code string) (statementfile.Layout, bool) {
	p, known := g.registry.Partner(code)
	if !known {
		return statementfile.Layout{}, false
	}
	l := g.statement(code).Layout.File()
	l.Programme, l.Scale, l.Zone = p.Programme, p.Scale, g.calendar.Location
	return l, true
}

// wanted are the statements that may be fetched now.
func (g *Gateway) wanted(ctx context.Context) ([]statements.Wanted, error) {
	waiting, err := g.Reconciler.Waiting(ctx)
	var all []statements.Wanted
	for _, w := range waiting {
		from := g.statement(w.Partner)
		ready := g.calendar.Start(w.Window + 1).Add(from.FetchedAfter())
		if from.Source == config.FromConnector && !g.Clock.Now().Before(ready) {
			all = append(all, statements.Wanted{Partner: w.Partner, Day: w.Window})
		}
	}
	for i := 0; i < len(g.config.Companies) && err == nil; i++ {
		if p := &g.config.Companies[i]; p.Statement.Source == config.FromConnector {
			var days []ledger.Date
			days, err = g.Reconciler.Doubtful(ctx, p.Code)
			for _, day := range days {
				all = append(all, statements.Wanted{Partner: p.Code, Day: day, Again: true})
			}
		}
	}
	return all, err
}

// reconcileSoon wakes runReconciliation.
func (g *Gateway) reconcileSoon() {
	select {
	case g.nudge <- struct{}{}:
	default: // it is awake
	}
}

// runReconciliation compares what there is to compare until the context ends.
func (g *Gateway) runReconciliation(ctx context.Context) {
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	for {
		if _, err := g.Reconciler.RunDue(ctx); err != nil && ctx.Err() == nil {
			g.around.Logger.Error("reconciliation failed and will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-g.nudge:
		}
	}
}

// fetchStatements looks for statements where they are to be fetched or found.
func (g *Gateway) fetchStatements(ctx context.Context) {
	if err := g.puller.Begin(ctx, false); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("statements could not be asked for", "error", err)
	}
	if g.statementWatch == nil {
		return
	}
	if err := g.statementWatch.Look(ctx); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("a statement could not be taken from its folder", "error", err)
	}
}

// reconcileNow fetches and compares what is due before it returns, for a sandbox
// whose clock was moved. What fails is tried again as ever.
func (g *Gateway) reconcileNow(ctx context.Context, made []settlement.Settlement) []settlement.Settlement {
	fetching, cancel := context.WithTimeout(ctx, sandboxPatience)
	err := g.puller.Begin(fetching, true)
	g.puller.Wait()
	cancel()
	if err == nil {
		_, err = g.Reconciler.RunDue(ctx)
	}
	if err != nil {
		g.around.Logger.Error("reconciliation failed and will be tried again", "error", err)
	}
	for i := range made {
		if now, err := g.Store.Settlement(ctx, made[i].ID); err == nil {
			made[i] = *now
		}
	}
	return made
}
