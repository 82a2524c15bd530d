package bulkfile

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
)

// Converter converts many; [exchange.Service] is one.
type Converter interface {
	ConvertMany(ctx context.Context, p exchange.Party, requests []exchange.ConvertRequest, wait time.Duration) []exchange.Outcome
}

// Options configure a [Service]. Without a default a field is required.
type Options struct {
	Store    Store
	Exchange Converter
	Registry exchange.Registry
	Hub      string   // programme code of the electricity points; default "EPT"
	Dir      *os.Root // holds nothing else

	BytesMax int64 // of one file; default 256 MiB
	LinesMax int64 // of one file; default 1,000,000, a header not counted
	LineMax  int   // bytes of one line without its end; default 1,024
	OpenMax  int   // files of one partner that are not finished; default 8
	DiskMax  int64 // bytes of the folder; default 8 GiB
	// BatchMax is how many lines are converted at a time, at most
	// [exchange.ManyMax]; default 500.
	BatchMax int
	// Concurrent is how many files have a batch under way at a time; default 2.
	Concurrent int

	UploadKept  time.Duration // how long a file may take to be completed; default 48 h
	ResultsKept time.Duration // how long the results of a finished one are kept; default 7 days
	SweepEvery  time.Duration // how often that is looked after; default 10 min
	// RetryFirst and RetryMax bound the pause before lines for which there was no
	// room, or no outcome, are tried again. Defaults 20 ms and 2 s.
	RetryFirst, RetryMax time.Duration

	Now    func() time.Time // the alliance's clock
	Random io.Reader        // safe for concurrent use
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Hub = cmp.Or(o.Hub, "EPT")
	o.BytesMax = cmp.Or(o.BytesMax, 256<<20)
	o.LinesMax = cmp.Or(o.LinesMax, 1_000_000)
	o.LineMax = cmp.Or(o.LineMax, 1024)
	o.OpenMax = cmp.Or(o.OpenMax, 8)
	o.DiskMax = cmp.Or(o.DiskMax, 8<<30)
	o.BatchMax = cmp.Or(o.BatchMax, 500)
	o.Concurrent = cmp.Or(o.Concurrent, 2)
	o.UploadKept = cmp.Or(o.UploadKept, 48*time.Hour)
	o.ResultsKept = cmp.Or(o.ResultsKept, 7*24*time.Hour)
	o.SweepEvery = cmp.Or(o.SweepEvery, 10*time.Minute)
	o.RetryFirst = cmp.Or(o.RetryFirst, 20*time.Millisecond)
	o.RetryMax = cmp.Or(o.RetryMax, 2*time.Second)
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Store == nil, o.Exchange == nil, o.Registry == nil, o.Dir == nil:
		return errors.New("bulkfile: store, exchange, registry and folder are required")
	case o.Now == nil, o.Random == nil, o.Logger == nil:
		return errors.New("bulkfile: clock, randomness and logger are required")
	case min(o.BytesMax, o.LinesMax, o.DiskMax) < 1, min(o.LineMax, o.OpenMax, o.BatchMax, o.Concurrent) < 1, o.BatchMax > exchange.ManyMax:
		return errors.New("bulkfile: a bound is out of range")
	case min(o.UploadKept, o.ResultsKept, o.SweepEvery, o.RetryFirst, o.RetryMax) <= 0:
		return errors.New("bulkfile: durations must be positive")
	}
	return nil
}
