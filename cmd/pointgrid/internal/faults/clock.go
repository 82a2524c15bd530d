//go:build unix

package faults

import (
	"context"
	"fmt"
	"os"
	"time"
)

// skews are by how much the gateway's clock is wrong, one after the other: what
// partners' hosts let pass (five minutes), what they do not, and jumps back.
var skews = []time.Duration{2 * time.Minute, -2 * time.Minute, 4 * time.Minute, 10 * time.Minute, -10 * time.Minute, 30 * time.Second, 0}

// wrongClock has the gateway's clock jump. Its callers go by it, or it would refuse
// their assertions; peers, orderer and partners' hosts stay right.
func (w *world) wrongClock(ctx context.Context) error {
	for _, skew := range skews {
		if err := w.setSkew(skew); err != nil {
			return err
		}
		if err := sleep(ctx, w.o.Fault); err != nil {
			return err
		}
		w.say("the gateway's clock was wrong by %s", skew)
		if err := w.more(ctx, 10); err != nil {
			return fmt.Errorf("clock wrong by %s: %w", skew, err)
		}
	}
	return nil
}

// setSkew makes the gateway's clock wrong by so much, and its callers' with it.
func (w *world) setSkew(by time.Duration) error {
	file := w.skewFile()
	if err := os.WriteFile(file+".new", []byte(by.String()), 0o600); err != nil {
		return err
	}
	w.skew.Store(int64(by))
	return os.Rename(file+".new", file)
}
