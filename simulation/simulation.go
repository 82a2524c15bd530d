package simulation

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
)

// Result is what came out of one seed.
type Result struct {
	Seed uint64
	// Digest is that of everything that happened, in order.
	Digest string
	Events int
	// Violated are the laws that were broken; none is what one hopes for.
	Violated []string
	// Last are the last events before that.
	Last []string
}

// OK reports whether all laws held.
func (r *Result) OK() bool { return len(r.Violated) == 0 }

// Run plays one seed, and writes everything that happens to trace, if that is not nil. It
// needs a test to run in; a program gets one from [InTest].
func Run(t *testing.T, seed uint64, trace io.Writer) Result {
	t.Helper()
	return run(t, options{seed: seed, trace: trace})
}

func run(t *testing.T, o options) (r Result) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		r.Seed = o.seed
		w, err := newWorld(o)
		if err != nil {
			r.Violated = []string{fmt.Sprintf("the world cannot be made: %v", err)}
			return
		}
		w.play()
		r.Violated, r.Digest, r.Events, r.Last = w.violated, w.trace.digest(), w.trace.n, w.trace.tail()
	})
	return r
}
