package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/reconcile/plant"
)

// Settlement measures the engines of the night: netting, and the three-way
// reconciliation with 0.1 % breaks of every type.
type Settlement struct {
	Out       io.Writer
	Dir       string // for the spill file
	Transfers []int64
	Memory    int64 // bytes for sorting; 0 is the engine's default
}

// WindowCommand is the hidden command whose process settles one window.
const WindowCommand = "bench-window"

// Window is what that process is told to do.
type Window struct {
	Transfers int64  `json:"transfers"`
	Memory    int64  `json:"memory"`
	Dir       string `json:"dir"`
}

// Settled is what it measured.
type Settled struct {
	Netting Span                     `json:"netting"`
	Phases  map[reconcile.Phase]Span `json:"phases"`
	All     Span                     `json:"all"` // of the reconciliation
	PeakRSS int64                    `json:"peak_rss"`
	Breaks  int64                    `json:"breaks"`
}

// Span is the time and the CPU time that something took.
type Span struct {
	Time, CPU time.Duration
}

// Run measures each size and prints a table. It returns an error if a planted
// break is not found with its type, or one is found that was not planted.
func (b *Settlement) Run(ctx context.Context) error {
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs; the time to make up the books is included\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "transfers\tnetting rows/s\tCPU ns each\treading s\tmatching s\tgrouping s\treconciled/s\tCPU ns each\tpeak MiB\tbreaks found\t")
	for _, n := range b.Transfers {
		var s Settled
		if err := child(ctx, WindowCommand, &Window{Transfers: n, Memory: b.Memory, Dir: b.Dir}, &s); err != nil {
			return err
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%.2f\t%.2f\t%.2f\t%d\t%d\t%d\t%d\t\n", n, s.Netting.rate(n), s.Netting.each(n),
			s.Phases[reconcile.Reading].Time.Seconds(), s.Phases[reconcile.Matching].Time.Seconds(), s.Phases[reconcile.Grouping].Time.Seconds(),
			s.All.rate(n), s.All.each(n), s.PeakRSS>>20, s.Breaks)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(b.Out, "every planted break was found with its type, and none was invented")
	return err
}

func (s Span) rate(n int64) int64 { return int64(float64(n) / max(s.Time.Seconds(), 1e-9)) }

func (s Span) each(n int64) int64 { return s.CPU.Nanoseconds() / max(n, 1) }

// RunWindow reads a Window as JSON, settles it and writes what it measured. It is
// the body of the process.
func RunWindow(ctx context.Context, in io.Reader, out io.Writer, now func() time.Time) error {
	var w Window
	if err := json.NewDecoder(in).Decode(&w); err != nil {
		return fmt.Errorf("window: %w", err)
	}
	var s Settled
	watch, err := newStopwatch(now)
	if err != nil {
		return err
	}
	if err := netWindow(w.Transfers); err != nil {
		return err
	}
	if s.Netting, err = watch.lap(); err != nil {
		return err
	}
	if err := w.reconcile(ctx, watch, &s); err != nil {
		return err
	}
	used, err := process.Self()
	if err != nil {
		return err
	}
	s.PeakRSS = used.PeakRSS
	return json.NewEncoder(out).Encode(&s)
}

// windowDate is any business day.
const windowDate ledger.Date = 20_778

func (w *Window) reconcile(ctx context.Context, watch *stopwatch, s *Settled) error {
	books := plant.Books{Transfers: w.Transfers, Every: 1000, Window: windowDate}
	o := books.Options()
	o.Memory, o.SpillDir = w.Memory, w.Dir
	phase, spans := reconcile.Reading, map[reconcile.Phase]Span{}
	var watching error
	next := func(p reconcile.Phase) {
		if p != phase && watching == nil {
			spans[phase], watching = watch.lap()
			phase = p
		}
	}
	o.Progress = func(p reconcile.Progress) { next(p.Phase) }
	report, err := reconcile.Run(ctx, o, books.Inputs(), reconcile.Outputs{Break: func(b reconcile.Break) error {
		if want := books.Type(plant.Index(b.Key)); b.Type != want {
			return fmt.Errorf("transfer %d: found %s, planted %s", plant.Index(b.Key), b.Type, want)
		}
		return nil
	}})
	next("")
	if err != nil || watching != nil {
		return fmt.Errorf("reconciling %d transfers: %w, %w", w.Transfers, err, watching)
	}
	for kind, planted := range books.Planted() {
		if report.Opened[kind] != planted {
			return fmt.Errorf("%s: found %d breaks, planted %d", reconcile.Type(kind), report.Opened[kind], planted)
		}
		s.Breaks += planted
	}
	s.Phases = spans
	for _, span := range spans {
		s.All.Time, s.All.CPU = s.All.Time+span.Time, s.All.CPU+span.CPU
	}
	return nil
}

// stopwatch measures one lap after the other.
type stopwatch struct {
	now func() time.Time
	at  time.Time
	cpu time.Duration
}

func newStopwatch(now func() time.Time) (*stopwatch, error) {
	w := &stopwatch{now: now}
	_, err := w.lap()
	return w, err
}

func (w *stopwatch) lap() (Span, error) {
	used, err := process.Self()
	at := w.now()
	s := Span{Time: at.Sub(w.at), CPU: used.CPU - w.cpu}
	w.at, w.cpu = at, used.CPU
	return s, err
}
