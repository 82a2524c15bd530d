package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// Overload measures what a gateway can carry, and then asks several times as much of
// it.
type Overload struct {
	Out      io.Writer
	Dir      string // an empty folder
	Members  int
	Clients  int // whose requests, one after the other, are what it can carry
	Batch    int // conversions in each request; 0 is one by itself
	Times    int // as much is asked for, again and again
	Duration time.Duration
	Now      func() time.Time
	Database string // an empty PostgreSQL database; empty is SQLite
}

// Run prints what was carried out and how soon, and what was refused and how soon. It
// returns an error when an answer was neither the result nor 429 nor 503, or when the
// ledger does not hold exactly what was answered.
func (b *Overload) Run(ctx context.Context) error {
	c := Conversions{Out: b.Out, Dir: b.Dir, Members: b.Members, Batch: b.Batch, Warmup: 3 * time.Second, Duration: b.Duration, Now: b.Now, Database: b.Database}
	stage, err := c.stage(ctx, nil)
	if err != nil {
		return err
	}
	defer stage.Close()
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs, %s per row; gateway and load generator share them\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.Duration)
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "load\tasked/s\tconverted/s\tp50 ms\tp99 ms\tmax ms\trefused/s\trefused p50 ms\trefused p99 ms\tgateway CPU µs each\tgateway MiB\t")
	load, err := c.load(stage, "push", b.Clients)
	if err != nil {
		return err
	}
	all := int64(0)
	base, err := b.row(ctx, stage, table, load, &all)
	if err != nil {
		return err
	}
	for _, times := range []int{1, b.Times} {
		load.Rate = int(int64(times) * base.Counted * int64(time.Second) / int64(base.Elapsed) / int64(max(b.Batch, 1)))
		if _, err := b.row(ctx, stage, table, load, &all); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return c.check(ctx, stage, map[string]int64{kinds["push"].company: all})
}

func (b *Overload) row(ctx context.Context, stage *sandbox.Stage, table io.Writer, load *Load, all *int64) (*Outcome, error) {
	before, err := stage.Gateway.Usage()
	if err != nil {
		return nil, err
	}
	o, err := generate(ctx, load)
	if err != nil {
		return nil, err
	}
	*all += o.Finished
	after, err := stage.Gateway.Usage()
	if err != nil {
		return nil, err
	}
	for what := range o.Others {
		if what != "503" && what != "429" && what != "in a batch" {
			return nil, fmt.Errorf("answers other than 201, 429 and 503: %v; first: %.2000s", o.Others, o.FirstBody)
		}
	}
	b.print(table, load, o, before, after)
	return o, nil
}

func (b *Overload) print(table io.Writer, load *Load, o *Outcome, before, after process.Usage) {
	each := int64(max(b.Batch, 1))
	s, name := Slice{P50: o.P50, P99: o.P99, Max: o.Max, Refused: (o.Others["503"] + o.Others["429"] + o.Others["in a batch"]) / each}, fmt.Sprintf("%d callers in turn", load.Clients)
	asked := "as many as it can"
	if load.Rate > 0 {
		s, name, asked = o.Slices[0], "at a rate", fmt.Sprint(int64(load.Rate)*each)
	}
	perSecond := func(n int64) int64 { return n * int64(time.Second) / max(int64(load.Duration), 1) }
	fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%d\t%s\t%s\t%d\t%d\t\n", name, asked, perSecond(o.Counted), millis(s.P50), millis(s.P99), millis(s.Max),
		perSecond(s.Refused*each), millis(s.RefusedP50), millis(s.RefusedP99), (after.CPU-before.CPU).Microseconds()/max(o.Finished, 1), after.PeakRSS>>20)
}
