package bench

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"
)

// Growth measures the embedded ledger, every batch on disk, as it grows: with more
// and more accounts, and after many transfers.
type Growth struct {
	Out io.Writer
	Dir string // what an earlier run left in it is gone on with
	// Accounts are how many hold points at each row, ascending.
	Accounts []int64
	// Transfers are conversions that are made, uniformly over all accounts, before
	// the last row; 0 leaves that row out.
	Transfers int64
	Duration  time.Duration // of each measurement
}

// Run prints a row for each number of accounts, and one after the transfers. Each
// step is a process of its own, so that memory is that of the step and nothing is
// in the process's caches but what opening brings.
func (b *Growth) Run(ctx context.Context) error {
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs; 64 callers with one conversion each, accounts drawn uniformly, %s per row\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.Duration)
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "accounts\ttransfers before\tadded s\topened ms\ttransfers/s\tp50 ms\tp99 ms\tCPU µs each\tblock B each\tpeak MiB\ton disk MiB\t")
	for _, n := range b.Accounts {
		if err := b.row(ctx, table, Herd{Accounts: n}); err != nil {
			return err
		}
	}
	if b.Transfers > 0 {
		if err := b.row(ctx, table, Herd{Accounts: b.Accounts[len(b.Accounts)-1], Transfers: b.Transfers}); err != nil {
			return err
		}
	}
	return table.Flush()
}

func (b *Growth) row(ctx context.Context, table io.Writer, h Herd) error {
	h.Dir = b.Dir
	var grown, measured Grown
	if err := child(ctx, HerdCommand, &h, &grown); err != nil {
		return err
	}
	fmt.Fprintf(b.Out, "  %d accounts, %d transfers: added in %.0f s, %d MiB at most\n", h.Accounts, grown.Before, grown.Took.Seconds(), grown.PeakRSS>>20)
	h.Transfers, h.Measure = 0, b.Duration
	if err := child(ctx, HerdCommand, &h, &measured); err != nil {
		return err
	}
	size, err := sizeOf(b.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(table, "%d\t%d\t%.0f\t%d\t%d\t%s\t%s\t%.1f\t%d\t%d\t%d\t\n", h.Accounts, grown.Before, grown.Took.Seconds(), measured.Opened.Milliseconds(),
		measured.Count*int64(time.Second)/max(int64(measured.Took), 1), millis(measured.P50), millis(measured.P99),
		float64(measured.CPU.Nanoseconds())/1e3/float64(max(measured.Count, 1)), measured.Bytes/max(measured.Count, 1), measured.PeakRSS>>20, size>>20)
	return nil
}

// sizeOf adds up the files below a folder, in bytes.
func sizeOf(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
