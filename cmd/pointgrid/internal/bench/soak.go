package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
)

// Soak measures what a gateway can carry, and then asks a share of it for a long
// time.
type Soak struct {
	Out      io.Writer
	Dir      string // an empty folder
	Members  int
	Clients  int // whose requests, one after the other, are what it can carry
	Share    int // percent of that which is asked for
	Duration time.Duration
	Slice    time.Duration // of each row
	Now      func() time.Time
	Database string // an empty PostgreSQL database; empty is SQLite
}

// capacityFor is how long what a gateway can carry is measured.
const capacityFor = 20 * time.Second

// Run prints a row for each slice. It returns an error when an answer was not 201, or
// when the ledger does not hold exactly what was answered.
func (b *Soak) Run(ctx context.Context) error {
	c := Conversions{Out: b.Out, Dir: b.Dir, Members: b.Members, Warmup: 5 * time.Second, Duration: capacityFor, Now: b.Now, Database: b.Database}
	stage, err := c.stage(ctx, nil)
	if err != nil {
		return err
	}
	defer stage.Close()
	load, err := c.load(stage, "push", b.Clients)
	if err != nil {
		return err
	}
	base, err := generate(ctx, load)
	if err != nil {
		return err
	}
	capacity := base.Counted * int64(time.Second) / int64(base.Elapsed)
	load.Rate, load.Duration, load.Slice = int(capacity*int64(b.Share)/100), b.Duration, b.Slice
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs; %d callers in turn get %d conversions/s, p50 %s ms, p99 %s ms; %d/s are asked for during %s\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.Clients, capacity, millis(base.P50), millis(base.P99), load.Rate, b.Duration)
	o, used, err := b.watched(ctx, load, stage.Gateway)
	if err != nil {
		return err
	}
	b.print(o, used)
	if len(base.Others)+len(o.Others) > 0 {
		return fmt.Errorf("answers other than 201: %v %v; first: %.2000s", base.Others, o.Others, o.FirstBody)
	}
	return c.check(ctx, stage, map[string]int64{kinds["push"].company: base.Finished + o.Finished})
}

// watched generates the load, and looks at the gateway's memory at the end of each
// slice.
func (b *Soak) watched(ctx context.Context, load *Load, gateway *process.Process) (*Outcome, []process.Usage, error) {
	done := make(chan struct{})
	var used []process.Usage
	var looking error
	var watcher sync.WaitGroup
	watcher.Go(func() {
		tick := time.NewTicker(b.Slice)
		defer tick.Stop()
		for looking == nil {
			select {
			case <-done:
				return
			case <-tick.C:
				var u process.Usage
				u, looking = gateway.Usage()
				used = append(used, u)
			}
		}
	})
	o, err := generate(ctx, load)
	close(done)
	watcher.Wait()
	return o, used, errors.Join(err, looking)
}

func (b *Soak) print(o *Outcome, used []process.Usage) {
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "until\tconversions/s\tp50 ms\tp99 ms\tmax ms\tgateway MiB\tgateway CPU µs each\t")
	for i, s := range o.Slices {
		memory, each := int64(0), int64(0)
		if i < len(used) {
			memory = used[i].RSS >> 20
		}
		if i > 0 && i < len(used) {
			each = (used[i].CPU - used[i-1].CPU).Microseconds() / max(s.Converted, 1)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%d\t%d\t\n", time.Duration(i+1)*b.Slice, s.Converted*int64(time.Second)/int64(b.Slice),
			millis(s.P50), millis(s.P99), millis(s.Max), memory, each)
	}
	// What table writes goes to the same place as all else, which fails then too.
	_ = table.Flush()
	third := len(o.Slices) / 3
	if third == 0 {
		return
	}
	p99 := func(all []Slice) time.Duration {
		var each []time.Duration
		for _, s := range all {
			each = append(each, s.P99)
		}
		slices.Sort(each)
		return each[len(each)/2]
	}
	fmt.Fprintf(b.Out, "median p99 of the first third %s ms, of the last %s ms\n", millis(p99(o.Slices[:third])), millis(p99(o.Slices[len(o.Slices)-third:])))
}
