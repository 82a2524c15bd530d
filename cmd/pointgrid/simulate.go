package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/simulation"
)

type simulateCommand struct {
	Seeds   uint64        `help:"How many seeds to play; 0 is as many as there is time for." default:"1000"`
	From    uint64        `help:"The first seed." default:"1"`
	For     time.Duration `help:"How long to go on, at most; 0 is until all seeds were played." default:"0s"`
	Workers int           `help:"Seeds that are played at the same time." default:"2"`
	Trace   bool          `help:"Print everything that happens; for one seed."`
}

func (s *simulateCommand) Run(ctx context.Context) error {
	switch {
	case s.Workers < 1 || s.For < 0:
		return fmt.Errorf("--workers is %d, --for %s; at least one worker is needed, and no negative time", s.Workers, s.For)
	case s.Seeds == 0 && s.For == 0:
		return errors.New("--seeds 0 needs --for: it would never end")
	case s.Trace && s.Seeds != 1:
		return fmt.Errorf("--trace is for one seed, not for %d; give --seeds 1", s.Seeds)
	}
	if s.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.For)
		defer cancel()
	}
	return s.play(ctx, os.Stdout)
}

// stuckAfter is how long one seed may take: a thousand times what it usually does.
const stuckAfter = time.Minute

func (s *simulateCommand) play(ctx context.Context, out io.Writer) error {
	sweep := simulation.Sweep{From: s.From, Seeds: s.Seeds, Workers: s.Workers, Patience: stuckAfter,
		Failed: func(r simulation.Result) { s.failed(out, r) },
		Stuck: func(seed uint64) {
			fmt.Fprintf(out, "seed %d is stuck for %s; replay it with: %s\n", seed, stuckAfter, replay(seed))
		},
	}
	if s.Trace {
		sweep.Trace = out
	}
	began := time.Now()
	fmt.Fprintf(out, "seeds from %d on\n", s.From)
	var sum simulation.Tally
	if err := simulation.InTest(func(t *testing.T) { sum = sweep.Run(ctx, t) }); err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Fprintf(out, "%d seeds, %d events in %.1f s (%.1f ms a seed with %d workers): %d broke a law\n", sum.Seeds, sum.Events,
		took.Seconds(), took.Seconds()*1000/max(float64(sum.Seeds), 1), s.Workers, sum.Failed)
	if sum.Failed > 0 {
		return errReported
	}
	return nil
}

// failed prints a seed that broke a law, with what happened last.
func (s *simulateCommand) failed(out io.Writer, r simulation.Result) {
	fmt.Fprintf(out, "\nseed %d broke a law after %d events, digest %s:\n", r.Seed, r.Events, r.Digest)
	for _, v := range r.Violated {
		fmt.Fprintf(out, "  %s\n", v)
	}
	if !s.Trace {
		fmt.Fprintln(out, "what happened last:")
		for _, line := range r.Last {
			fmt.Fprintf(out, "  %s", line)
		}
	}
	fmt.Fprintf(out, "replay it with: %s\n\n", replay(r.Seed))
}

func replay(seed uint64) string {
	return fmt.Sprintf("pointgrid simulate --from %d --seeds 1 --trace", seed)
}
