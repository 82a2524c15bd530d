package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// File measures a file of conversions, from its first byte sent to its last
// result read.
type File struct {
	Out     io.Writer
	Dir     string // an empty folder
	Members int
	Lines   int64
	Format  string // csv or ndjson
	Now     func() time.Time
	// Fabric puts the ledger on a Fabric network.
	Fabric bool
	// Database is an empty PostgreSQL database; empty is SQLite.
	Database string
}

// fileRun is one run of it.
type fileRun struct {
	*File
	stage   *sandbox.Stage
	caller  *client.Client
	company sandbox.Company
}

// Run sends a file of lines that can all be converted, waits for its end and
// prints a table. It returns an error when a line was not converted, when the
// results are not one per line, or when the ledger has other conversions than
// the results say.
func (b *File) Run(ctx context.Context) error {
	fmt.Fprintf(b.Out, "preparing %d members and %d lines …\n", b.Members, b.Lines)
	stage, err := sandbox.StartStage(ctx, &sandbox.Site{Dir: b.Dir, DatabaseURL: b.Database}, sandbox.StageOptions{Members: b.Members, Linked: b.Members,
		Fabric: b.Fabric, Progress: func(line string) { fmt.Fprintln(b.Out, " ", line) }, Now: b.Now})
	if err != nil {
		return err
	}
	defer stage.Close()
	r := &fileRun{File: b, stage: stage, company: sandbox.CompanyOf(kinds["push"].company)}
	if r.caller, err = stage.Client(r.company.Code); err != nil {
		return err
	}
	content, err := r.write(filepath.Join(b.Dir, "accruals."+b.Format))
	if err != nil {
		return err
	}
	defer content.Close()
	return r.measure(ctx, content)
}

// write makes the file.
func (r *fileRun) write(path string) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriter(f)
	if r.Format == "csv" {
		fmt.Fprintln(w, "link_id,amount,reference")
	}
	line := "{\"link_id\":%q,\"amount\":%q,\"reference\":\"%s-%09d\"}\n"
	if r.Format == "csv" {
		line = "%s,%s,%s-%09d\n"
	}
	run := fmt.Sprintf("%x", r.Now().Unix())
	for n := range r.Lines {
		link := sandbox.LinkID(r.company, 1+rand.IntN(r.Members))
		fmt.Fprintf(w, line, link.String(), kinds["push"].amount, run, n)
	}
	return f, w.Flush()
}

func (r *fileRun) measure(ctx context.Context, content *os.File) error {
	before, err := r.stage.Gateway.Usage()
	if err != nil {
		return err
	}
	began := r.Now()
	f, err := r.caller.SendFile(ctx, client.Upload{Format: r.Format, Name: "bench", Content: content})
	if err != nil {
		return err
	}
	sent := r.Now()
	halfway := before
	f, err = r.caller.AwaitFile(ctx, f.ID, 250*time.Millisecond, func(f *client.File) {
		if f.Percent <= 50 {
			if usage, err := r.stage.Gateway.Usage(); err == nil {
				halfway = usage
			}
		}
	})
	if err != nil {
		return err
	}
	done := r.Now()
	lines, converted, err := r.results(ctx, f.ID)
	if err != nil {
		return err
	}
	read := r.Now()
	after, err := r.stage.Gateway.Usage()
	if err != nil {
		return err
	}
	r.table(content, [4]time.Time{began, sent, done, read}, [3]process.Usage{before, halfway, after})
	return r.check(ctx, f, lines, converted)
}

// results counts the lines of the results, and those that were converted.
func (r *fileRun) results(ctx context.Context, id string) (lines, converted int64, err error) {
	in, out := io.Pipe()
	go func() { out.CloseWithError(r.caller.FileResults(ctx, id, out)) }()
	s := bufio.NewScanner(in)
	for s.Scan() {
		lines++
		if bytes.Contains(s.Bytes(), []byte("converted")) {
			converted++
		}
	}
	if r.Format == "csv" {
		lines-- // the header
	}
	return lines, converted, s.Err()
}

func (r *fileRun) table(content *os.File, at [4]time.Time, usage [3]process.Usage) {
	took := func(from, to int) float64 { return at[to].Sub(at[from]).Seconds() }
	fmt.Fprintf(r.Out, "%s %s/%s, %d CPUs; gateway, partners and client share them\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	w := tabwriter.NewWriter(r.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	size := int64(0)
	if info, err := content.Stat(); err == nil {
		size = info.Size()
	}
	fmt.Fprintln(w, "format\tlines\tMiB\tsent s\tconverted s\tresults read s\tall s\tlines/s\tgateway CPU µs each\tgateway peak MiB, half done\tgateway peak MiB\t")
	fmt.Fprintf(w, "%s\t%d\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%d\t%d\t%d\t\n", r.Format, r.Lines, size>>20, took(0, 1), took(1, 2), took(2, 3), took(0, 3),
		float64(r.Lines)/took(0, 2), (usage[2].CPU-usage[0].CPU).Microseconds()/max(r.Lines, 1), usage[1].PeakRSS>>20, usage[2].PeakRSS>>20)
	_ = w.Flush() // to a terminal
}

// check compares what was said with the ledger's positions.
func (r *fileRun) check(ctx context.Context, f *client.File, lines, converted int64) error {
	got, err := countIn(ctx, r.caller)
	switch {
	case err != nil:
		return err
	case f.State != "finished" || f.Succeeded != r.Lines || f.Failed+f.Repeated != 0:
		return fmt.Errorf("the file is %s with %d lines converted, %d repeated, %d failed; want %d converted", f.State, f.Succeeded, f.Repeated, f.Failed, r.Lines)
	case lines != r.Lines || converted != r.Lines:
		return fmt.Errorf("%d results, %d of them converted; want %d", lines, converted, r.Lines)
	case got != r.Lines:
		return fmt.Errorf("%d lines were converted, the ledger has %d", r.Lines, got)
	}
	fmt.Fprintf(r.Out, "%s: %d lines converted, %d results, %d on the ledger\n", r.company.Code, f.Succeeded, lines, got)
	return nil
}
