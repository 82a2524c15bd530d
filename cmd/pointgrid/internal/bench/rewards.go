package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
)

// Rewards measures events that earn points, through the bulk route.
type Rewards struct {
	Out      io.Writer
	Dir      string // an empty folder
	Members  int
	Clients  []int
	Batch    int // events in each request
	Warmup   time.Duration
	Duration time.Duration // of each measurement
	Now      func() time.Time
	// Database is an empty PostgreSQL database; empty is SQLite.
	Database string
}

// Run measures every number of clients and prints a table. It returns an error if
// any event was not issued, or if the ledger does not hold exactly those that were
// answered as issued.
func (b *Rewards) Run(ctx context.Context) error {
	fmt.Fprintf(b.Out, "preparing %d members …\n", b.Members)
	stage, err := sandbox.StartStage(ctx, &sandbox.Site{Dir: b.Dir, DatabaseURL: b.Database}, sandbox.StageOptions{Members: b.Members, Now: b.Now})
	if err != nil {
		return err
	}
	defer stage.Close()
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs, %s per row; gateway, load generator and all else share them\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.Duration)
	fmt.Fprintln(table, "clients\tper request\tevents/s\tp50 ms\tp99 ms\tmax ms\tother answers\tgateway CPU µs each\tgateway peak MiB\t")
	var issued int64
	for _, clients := range b.Clients {
		n, err := b.row(ctx, stage, table, clients)
		if err != nil {
			return err
		}
		issued += n
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return b.check(ctx, stage, issued)
}

func (b *Rewards) row(ctx context.Context, stage *sandbox.Stage, table io.Writer, clients int) (int64, error) {
	load := &RewardLoad{URL: stage.URL, Site: stage.Site.Dir, Members: b.Members, Clients: clients, Batch: b.Batch, Warmup: b.Warmup, Duration: b.Duration}
	before, err := stage.Gateway.Usage()
	if err != nil {
		return 0, err
	}
	var o Outcome
	if err := child(ctx, RewardLoadCommand, load, &o); err != nil {
		return 0, err
	}
	after, err := stage.Gateway.Usage()
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(table, "%d\t%d\t%d\t%s\t%s\t%s\t%d\t%d\t%d\t\n", clients, b.Batch, o.Counted*int64(time.Second)/max(int64(o.Elapsed), 1),
		millis(o.P50), millis(o.P99), millis(o.Max), sum(o.Others), each(before, after, o.Finished), after.PeakRSS>>20)
	if len(o.Others) > 0 {
		return 0, fmt.Errorf("%d clients: events that were not issued: %v; first: %.2000s", clients, o.Others, o.FirstBody)
	}
	return o.Finished, nil
}

// each is the microseconds of CPU time per piece of work.
func each(before, after process.Usage, n int64) int64 {
	return (after.CPU - before.CPU).Microseconds() / max(n, 1)
}

// check ends the gateway and counts what is on the ledger.
func (b *Rewards) check(ctx context.Context, stage *sandbox.Stage, want int64) (err error) {
	if err := stage.Gateway.Stop(time.Minute); err != nil {
		return err
	}
	l, err := stage.Site.OpenLedger(ctx, b.Now, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	alliance, err := l.Alliance(ctx)
	if err != nil {
		return err
	}
	var got int64
	for window := alliance.Window; window > alliance.Window-3; window-- { // a night may lie between
		err := l.Transfers(ctx, window, func(e ledger.Entry) error {
			if e.Transfer.Kind == ledger.KindIssue && strings.HasPrefix(e.Transfer.Reason, "rule=") {
				got++
			}
			return nil
		})
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
	}
	if got != want {
		return fmt.Errorf("%d events were answered as issued, the ledger has %d", want, got)
	}
	fmt.Fprintf(b.Out, "the ledger holds exactly the %d events that were answered as issued\n", got)
	return nil
}
