// Package bench measures the product from outside: load generator, gateway and
// partners are processes of their own on the same machine, and only what is
// finished and on disk counts.
package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// Conversions measures conversions through REST.
type Conversions struct {
	Out      io.Writer
	Dir      string // an empty folder
	Members  int
	Clients  []int
	Modes    []string // "push" or "callback"
	Batch    int      // conversions in each request; 0 is one by itself
	Warmup   time.Duration
	Duration time.Duration // of each measurement
	Now      func() time.Time
	// Fabric puts the ledger on a Fabric network, and measures the first mode with
	// one command per transaction before anything else, by which the rest is
	// compared.
	Fabric bool
	// Database is an empty PostgreSQL database; empty is SQLite.
	Database string
	// Gateways is how many share ledger and database; 0 and 1 are one alone. Callers
	// are spread over them.
	Gateways int
	// Lanes is how many the ledger has, which several gateways share out; 0 leaves the
	// one that it begins with. With more than one, what the gateways prove at the end
	// includes that commands went to each other's lanes.
	Lanes uint32
	// Fault is what befalls the owner of a lane during each measurement: nothing,
	// [FaultKill] or [FaultPause].
	Fault string
}

// kind is what one mode measures: the company whose points are turned into
// electricity points.
var kinds = map[string]struct{ company, amount string }{
	"push":     {"mart", "12000"}, // 120.00 MART give 100 EPT
	"callback": {"sky", "300"},    // 300 SKY give 100 EPT
}

// Run measures every mode with every number of clients and prints a table. It
// returns an error if any conversion was not answered 201, or if the ledger does
// not hold exactly what was answered.
func (b *Conversions) Run(ctx context.Context) error {
	if err := b.checkCluster(); err != nil {
		return err
	}
	stage, err := b.stage(ctx, b.adjust)
	if err != nil {
		return err
	}
	defer stage.Close()
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs, %s per row; gateway, partners, load generator and all else share them\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.Duration)
	fmt.Fprintln(table, "mode\tper ledger transaction\tclients\tper request\tconversions/s\tp50 ms\tp99 ms\tmax ms\tother answers\tgateway CPU µs each\tpartners CPU µs each\tgateway peak MiB\t")
	finished := map[string]int64{}
	if err := b.spread(ctx, stage); err != nil {
		return err
	}
	if b.Fabric && b.Fault == "" {
		if err := b.baseline(ctx, stage, table, finished); err != nil {
			return err
		}
	}
	if err := b.rows(ctx, stage, table, "many", b.Modes, b.Clients, finished); err != nil {
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := b.check(ctx, stage, finished); err != nil || b.Gateways < 2 {
		return err
	}
	return b.prove(ctx, stage, finished)
}

// checkCluster refuses several gateways on what only one can have.
func (b *Conversions) checkCluster() error {
	switch {
	case b.Gateways > 1 && (!b.Fabric || b.Database == ""):
		return errors.New("several gateways share a PostgreSQL database and a Fabric network: give --database and --ledger fabric; the embedded ledger is one gateway's")
	case b.Lanes > 1 && !b.Fabric:
		return errors.New("the embedded ledger has one lane: give --ledger fabric with --lanes")
	case b.Fault != "" && b.Gateways < 2:
		return errors.New("--fault takes the owner of a lane away, so somebody must be left: give --gateways 2 or more")
	case b.Fault != "" && b.Batch > 0:
		return errors.New("--fault counts each conversion by its own key: leave --batch away")
	}
	return nil
}

// stage starts gateway and partners.
func (b *Conversions) stage(ctx context.Context, adjust func(*config.Config)) (*sandbox.Stage, error) {
	fmt.Fprintf(b.Out, "preparing %d members …\n", b.Members)
	return sandbox.StartStage(ctx, &sandbox.Site{Dir: b.Dir, DatabaseURL: b.Database}, sandbox.StageOptions{Members: b.Members, Linked: b.Members,
		Fabric: b.Fabric, Gateways: b.Gateways, Progress: func(line string) { fmt.Fprintln(b.Out, " ", line) }, Adjust: adjust, Now: b.Now})
}

// The baseline is slow and steady: it needs neither long nor many callers, of
// whom each waits for all before it.
const (
	baselineFor     = 20 * time.Second
	baselineClients = 64
)

// baseline measures with one command per ledger transaction.
func (b *Conversions) baseline(ctx context.Context, stage *sandbox.Stage, table io.Writer, finished map[string]int64) error {
	if err := stage.Reconfigure(ctx, func(c *config.Config) { b.adjust(c); c.Ledger.BatchMax = 1 }); err != nil {
		return err
	}
	short := *b
	short.Duration = min(b.Duration, baselineFor)
	clients := min(b.Clients[len(b.Clients)-1], baselineClients)
	if err := short.rows(ctx, stage, table, "1", b.Modes[:1], []int{clients}, finished); err != nil {
		return err
	}
	if err := stage.Reconfigure(ctx, b.adjust); err != nil {
		return err
	}
	return b.spread(ctx, stage)
}

func (b *Conversions) adjust(c *config.Config) { c.Ledger.Lanes = b.Lanes }

func (b *Conversions) rows(ctx context.Context, stage *sandbox.Stage, table io.Writer, batch string, modes []string, clients []int, finished map[string]int64) error {
	for _, mode := range modes {
		for _, n := range clients {
			o, err := b.row(ctx, stage, table, mode, batch, n)
			if err != nil {
				return err
			}
			finished[kinds[mode].company] += o
		}
	}
	return nil
}

func (b *Conversions) row(ctx context.Context, stage *sandbox.Stage, table io.Writer, mode, batch string, clients int) (int64, error) {
	load, err := b.load(stage, mode, clients)
	if err != nil {
		return 0, err
	}
	before, partnersBefore, err := usages(stage)
	if err != nil {
		return 0, err
	}
	run := generate
	if b.Fault != "" {
		run = func(ctx context.Context, load *Load) (*Outcome, error) { return b.faulty(ctx, stage, load) }
	}
	o, err := run(ctx, load)
	if err != nil {
		return 0, err
	}
	if b.Fault != "" {
		fmt.Fprintf(b.Out, "%s with %d clients: the longest time in which no conversion was answered was %s\n", mode, clients, o.Gap.Round(time.Millisecond))
	}
	after, partnersAfter, err := usages(stage)
	if err != nil {
		return 0, err
	}
	each := func(before, after process.Usage) int64 {
		return (after.CPU - before.CPU).Microseconds() / max(o.Finished, 1)
	}
	fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t\n", mode, batch, clients, max(b.Batch, 1),
		o.Counted*int64(time.Second)/max(int64(o.Elapsed), 1), millis(o.P50), millis(o.P99), millis(o.Max),
		sum(o.Others), each(before, after), each(partnersBefore, partnersAfter), after.PeakRSS>>20)
	if len(o.Others) > 0 {
		return 0, fmt.Errorf("%s with %d clients: answers other than 201: %v; first: %.2000s", mode, clients, o.Others, o.FirstBody)
	}
	return o.Finished, nil
}

func (b *Conversions) load(stage *sandbox.Stage, mode string, clients int) (*Load, error) {
	kind, ok := kinds[mode]
	if !ok {
		return nil, fmt.Errorf("mode %q is not push or callback", mode)
	}
	company := sandbox.CompanyOf(kind.company)
	l := &Load{URL: stage.URL, Site: stage.Site.Dir, Caller: company.Code, Source: company.Programme, Destination: "EPT", Amount: kind.amount,
		Push: mode == "push", Clients: clients, Batch: b.Batch, Warmup: b.Warmup, Duration: b.Duration}
	for _, node := range stage.Nodes {
		l.URLs = append(l.URLs, node.URL)
	}
	for n := 1; n <= b.Members; n++ {
		l.Links = append(l.Links, sandbox.LinkID(company, n).String())
	}
	return l, nil
}

// LoadCommand is the hidden command whose process generates load.
const LoadCommand = "bench-load"

func generate(ctx context.Context, l *Load) (*Outcome, error) {
	var o Outcome
	return &o, child(ctx, LoadCommand, l, &o)
}

// child runs a hidden command of this program in a process of its own, which
// reads and writes JSON.
func child(ctx context.Context, command string, in, out any) error {
	order, err := json.Marshal(in)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, command)
	var answer, logs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(order), &answer, &logs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w:\n%s", command, err, logs.String())
	}
	return json.Unmarshal(answer.Bytes(), out)
}

// usages are what the gateways used together, the memory that of the largest, and what
// the partners did.
func usages(stage *sandbox.Stage) (gateway, partners process.Usage, err error) {
	partners, err = stage.Partners.Usage()
	for _, node := range stage.Nodes {
		one, failed := node.Process.Usage()
		gateway.CPU, gateway.PeakRSS = gateway.CPU+one.CPU, max(gateway.PeakRSS, one.PeakRSS)
		err = errors.Join(err, failed)
	}
	return gateway, partners, err
}

// check compares what was answered with the ledger's positions and with the
// companies' own books.
func (b *Conversions) check(ctx context.Context, stage *sandbox.Stage, finished map[string]int64) error {
	for company, want := range finished {
		caller, err := stage.Client(company)
		if err != nil {
			return err
		}
		got, err := countIn(ctx, caller)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s: %d conversions were answered 201, the ledger has %d", company, want, got)
		}
		fmt.Fprintf(b.Out, "%s: %d conversions answered 201, %d on the ledger\n", company, want, got)
	}
	return nil
}

// countIn returns how many conversions in the ledger counts for the caller's
// company in the open window.
func countIn(ctx context.Context, caller *client.Client) (int64, error) {
	var answer struct {
		Positions []struct {
			In struct {
				Count int64 `json:"count"`
			} `json:"in"`
		} `json:"positions"`
	}
	if _, err := caller.Do(ctx, client.Request{Method: "GET", Path: "/v1/positions"}, &answer); err != nil {
		return 0, err
	}
	var n int64
	for _, p := range answer.Positions {
		n += p.In.Count
	}
	return n, nil
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%d.%d", d.Milliseconds(), d.Microseconds()/100%10)
}

func sum(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}
