package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// skewEvery is how often the file is read that says how wrong the clock is.
const skewEvery = 20 * time.Millisecond

// errSkewed keeps wrong clocks out of production.
var errSkewed = errors.New("--skew-file is for tests of faults: only a sandbox may have a wrong clock")

// skewed is a clock that is wrong by what a file says, from when the file says it
// until the context ends.
func skewed(ctx context.Context, file string, log *slog.Logger) (func() time.Time, error) {
	var by atomic.Int64
	read := func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		d, err := time.ParseDuration(strings.TrimSpace(string(text)))
		if err == nil {
			by.Store(int64(d))
		}
		return err
	}
	if err := read(); err != nil {
		return nil, err
	}
	go func() {
		tick := time.NewTicker(skewEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := read(); err != nil {
				log.Error("the clock stays as wrong as it is", "error", err)
			}
		}
	}()
	return func() time.Time { return time.Now().Add(time.Duration(by.Load())) }, nil
}
