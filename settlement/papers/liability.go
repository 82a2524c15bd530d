package papers

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

// WindowsMax is how many windows one report may be over.
const WindowsMax = 3_660

// Report says what members had, what happened to it in the windows, and what they
// have, by the month in which points expire.
type Report struct {
	From, To ledger.Date
	Months   []paper.Month
	// Expired of Ended points is the breakage: of those that ended in the windows,
	// the ones that nobody used.
	Expired, Ended int64
}

// Liability returns the report over the windows from one to another, both included.
// It returns [ErrNotCounted] or [ErrInvalid].
func (s *Service) Liability(ctx context.Context, from, to ledger.Date) (*Report, error) {
	if err := s.counted(ctx, from, to); err != nil {
		return nil, err
	}
	before, err := s.o.Liability.LiabilitySums(ctx, 0, from-1)
	if err != nil {
		return nil, err
	}
	earlier := paper.NewLiability()
	if err := earlier.Take(before); err != nil {
		return nil, err
	}
	closed, err := earlier.Report(nil)
	if err != nil {
		return nil, err
	}
	opening := map[ledger.Month]int64{}
	for _, m := range closed {
		if m.Closing != 0 {
			opening[m.Expiry] = m.Closing
		}
	}
	moved, err := s.o.Liability.LiabilitySums(ctx, from, to)
	if err != nil {
		return nil, err
	}
	during := paper.NewLiability()
	if err := during.Take(moved); err != nil {
		return nil, err
	}
	r := &Report{From: from, To: to}
	if r.Months, err = during.Report(opening); err != nil {
		return nil, err
	}
	r.Expired, r.Ended = paper.Breakage(r.Months)
	return r, nil
}

// counted checks that all windows of a report are there.
func (s *Service) counted(ctx context.Context, from, to ledger.Date) error {
	if from < 1 || to < from || to-from >= WindowsMax {
		return fmt.Errorf("%w: windows from %s to %s; the first comes first, and there are at most %d", ErrInvalid, from, to, WindowsMax)
	}
	last, err := s.o.Liability.LastLiability(ctx)
	if errors.Is(err, settlement.ErrNotFound) {
		return fmt.Errorf("%w: none is", ErrNotCounted)
	}
	if err == nil && to > last {
		err = fmt.Errorf("%w: %s; the last is %s", ErrNotCounted, to, last)
	}
	return err
}

// Behind returns what happened to the points of one expiry month in each window: the
// rows behind the figures of [Service.Liability].
func (s *Service) Behind(ctx context.Context, expiry ledger.Month, from, to ledger.Date) ([]settlement.WindowMovements, error) {
	if err := s.counted(ctx, from, to); err != nil {
		return nil, err
	}
	return s.o.Liability.LiabilityWindows(ctx, expiry, from, to)
}

// WriteCSV writes the report, one expiry month a line, with what it comes to.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	all := [][]string{{"expiry", "opening", "earned", "converted_in", "converted_out", "redeemed", "expired", "closing"}}
	var sum paper.Month
	for i := range r.Months {
		m := &r.Months[i]
		all = append(all, line(m.Expiry.String(), m))
		for _, s := range [...]struct {
			sum  *int64
			more int64
		}{{&sum.Opening, m.Opening}, {&sum.Earned, m.Earned}, {&sum.ConvertedIn, m.ConvertedIn}, {&sum.ConvertedOut, m.ConvertedOut},
			{&sum.Redeemed, m.Redeemed}, {&sum.Expired, m.Expired}, {&sum.Closing, m.Closing}} {
			var ok bool
			if *s.sum, ok = ledger.Add(*s.sum, s.more); !ok {
				return paper.ErrOverflow
			}
		}
	}
	return out.WriteAll(append(all, line("total", &sum)))
}

func line(name string, m *paper.Month) []string {
	row := []string{name}
	for _, n := range []int64{m.Opening, m.Earned, m.ConvertedIn, m.ConvertedOut, m.Redeemed, m.Expired, m.Closing} {
		row = append(row, strconv.FormatInt(n, 10))
	}
	return row
}
