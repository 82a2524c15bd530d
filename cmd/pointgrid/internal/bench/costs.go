package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// Costs measures what one conversion costs the gateway, by where it is spent.
type Costs struct {
	Out      io.Writer
	Dir      string // an empty folder
	Members  int
	Clients  int
	Mode     string // "push" or "callback"
	Batch    int    // conversions in each request; 0 is one by itself
	Duration time.Duration
	Now      func() time.Time
	Fabric   bool
	Database string // an empty PostgreSQL database; empty is SQLite
}

// costsWarmup runs before what is measured.
const costsWarmup = 3 * time.Second

// Run converts for a while with the gateway's profiler on, and prints the CPU of a
// conversion by stage and what else it took. It returns an error as
// [Conversions.Run] does.
func (b *Costs) Run(ctx context.Context) error {
	c := Conversions{Out: b.Out, Dir: b.Dir, Members: b.Members, Batch: b.Batch, Warmup: costsWarmup, Duration: b.Duration, Now: b.Now, Fabric: b.Fabric, Database: b.Database}
	profiler, err := sandbox.Address("127.0.0.1:0")
	if err != nil {
		return err
	}
	stage, err := c.stage(ctx, func(c *config.Config) { c.Profile = profiler })
	if err != nil {
		return err
	}
	defer stage.Close()
	load, err := c.load(stage, b.Mode, b.Clients)
	if err != nil {
		return err
	}
	load.Warmup, load.Duration = 0, costsWarmup+b.Duration
	done := make(chan error, 1)
	var o Outcome
	go func() { done <- child(ctx, LoadCommand, load, &o) }()
	spent, err := b.watch(ctx, stage, profiler)
	if failed := <-done; failed != nil || err != nil {
		return fmt.Errorf("%w, %w", failed, err)
	}
	if len(o.Others) > 0 {
		return fmt.Errorf("answers other than 201: %v; first: %.2000s", o.Others, o.FirstBody)
	}
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs, %d callers, %s, %d conversions/s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		b.Clients, b.Mode, o.Counted*int64(time.Second)/max(int64(o.Elapsed), 1))
	if err := spent.print(b.Out); err != nil {
		return err
	}
	return c.check(ctx, stage, map[string]int64{kinds[b.Mode].company: o.Finished})
}

// spending is what was spent between two moments.
type spending struct {
	conversions float64
	stages      map[string]time.Duration
	counted     map[string]float64 // by the name of the metric
}

// watch looks at what is spent once the load has run for a while, until just before
// it ends.
func (b *Costs) watch(ctx context.Context, stage *sandbox.Stage, profiler string) (*spending, error) {
	select {
	case <-time.After(costsWarmup):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	before, err := readMetrics(ctx, stage.URL)
	if err != nil {
		return nil, err
	}
	length := max(b.Duration-time.Second, time.Second)
	profile, err := fetched(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", profiler, length/time.Second))
	if err != nil {
		return nil, err
	}
	after, err := readMetrics(ctx, stage.URL)
	if err != nil {
		return nil, err
	}
	s := &spending{counted: map[string]float64{}}
	for name, n := range after {
		s.counted[name] = n - before[name]
	}
	s.conversions = s.counted[conversionsEnded]
	s.stages, err = stagesOf(profile)
	return s, err
}

// conversionsEnded counts conversions and reversals that ended.
const conversionsEnded = "pointgrid_workflow_seconds"

// expenses are what a conversion takes beside the CPU, in the order in which they are
// told: those of several metrics are added up.
var expenses = []struct {
	name, unit string
	scale      float64
	metrics    []string
}{
	{"transactions of the database", "", 1, []string{"pointgrid_store_transactions_total"}},
	{"SQL statements that write", "", 1, []string{"pointgrid_store_statements_total"}},
	{"SQL queries", "", 1, []string{"pointgrid_store_reads_total"}},
	{"batches of the ledger", "", 1, []string{"pointgrid_ledger_batch_commands"}},
	{"fsyncs (transactions and batches)", "", 1, []string{"pointgrid_store_transactions_total", "pointgrid_ledger_batch_commands"}},
	{"bytes of the ledger's blocks", "B", 1, []string{"pointgrid_ledger_block_bytes_total"}},
	{"allocations", "", 1, []string{"go_gc_heap_allocs_objects_total"}},
	{"bytes allocated", "B", 1, []string{"go_gc_heap_allocs_bytes_total"}},
	{"CPU of the garbage collector, of the above", "µs", 1e6, []string{"go_cpu_classes_gc_total_cpu_seconds_total"}},
	{"waiting for locks, of all goroutines", "µs", 1e6, []string{"go_sync_mutex_wait_total_seconds_total"}},
}

func (s *spending) print(out io.Writer) error {
	each := max(s.conversions, 1)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "stage\tCPU µs each\t")
	var all time.Duration
	for _, stage := range stageOrder() {
		all += s.stages[stage]
		fmt.Fprintf(table, "%s\t%.1f\t\n", stage, float64(s.stages[stage].Nanoseconds())/1e3/each)
	}
	fmt.Fprintf(table, "all\t%.1f\t\n\t\t\n", float64(all.Nanoseconds())/1e3/each)
	fmt.Fprintln(table, "what else\teach\t")
	for _, e := range expenses {
		sum := 0.0
		for _, m := range e.metrics {
			sum += s.counted[m]
		}
		fmt.Fprintf(table, "%s\t%.3f %s\t\n", e.name, sum*e.scale/each, e.unit)
	}
	return table.Flush()
}

// fetchedMax bounds an answer of the gateway.
const fetchedMax = 64 << 20

func fetched(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, fetchedMax))
}

// readMetrics adds up each counter over its labels; of a histogram it is the count.
func readMetrics(ctx context.Context, gateway string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, gateway+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(resp.Body, fetchedMax))
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	sums := map[string]float64{}
	for name, family := range families {
		for _, m := range family.Metric {
			sums[name] += m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sums, nil
}
