package simulation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"time"
)

// trace is what happened, in order.
type trace struct {
	to   io.Writer // everything, if not nil
	sum  hash.Hash
	last []string // a ring
	n    int
}

// lastMax is how many events a report has.
const lastMax = 60

func newTrace(to io.Writer) *trace {
	return &trace{to: to, sum: sha256.New(), last: make([]string, lastMax)}
}

func (t *trace) add(at time.Duration, format string, args ...any) {
	line := fmt.Sprintf("%12.6f  %s\n", at.Seconds(), fmt.Sprintf(format, args...))
	io.WriteString(t.sum, line) // never fails
	t.last[t.n%lastMax] = line
	t.n++
	if t.to != nil {
		io.WriteString(t.to, line) // a trace that cannot be shown is no reason to stop
	}
}

// digest is the same only for runs in which the same happened.
func (t *trace) digest() string { return hex.EncodeToString(t.sum.Sum(nil)[:12]) }

func (t *trace) tail() (lines []string) {
	for i := max(0, t.n-lastMax); i < t.n; i++ {
		lines = append(lines, t.last[i%lastMax])
	}
	return lines
}
