package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// trial is one run of one rule. Its methods may be called side by side.
type trial struct {
	ctx context.Context
	tap *tap

	mu       sync.Mutex
	problems []Problem
	skipped  string
}

// Context ends when the rule has used up its time.
func (t *trial) Context() context.Context { return t.ctx }

// Errorf notes that something is wrong and goes on.
func (t *trial) Errorf(format string, args ...any) {
	p := Problem{Text: printable(fmt.Sprintf(format, args...)), Exchange: t.tap.latest()}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.problems) < problemsMax {
		t.problems = append(t.problems, p)
	}
}

// problemsMax bounds what is reported of one rule.
const problemsMax = 8

// Fatalf notes that something is wrong and ends the goroutine. After several
// goroutines the rule's own must call stopIfFailed.
func (t *trial) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

// Skip ends the rule, which cannot be checked for the reason given.
func (t *trial) Skip(reason string) {
	t.mu.Lock()
	t.skipped = reason
	t.mu.Unlock()
	runtime.Goexit()
}

func (t *trial) failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.problems) > 0
}

// stopIfFailed ends the rule after one of its goroutines has ended it.
func (t *trial) stopIfFailed() {
	if t.failed() {
		runtime.Goexit()
	}
}

// run runs part of a rule to its end. What panics is our fault, not the host's,
// and is reported as such.
func (t *trial) run(part func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if cause := recover(); cause != nil {
				t.Errorf("the kit itself failed, which is not the host's fault: %v", cause)
			}
		}()
		part()
	}()
	<-done
}

// plain says in words what a call of the connector ended with.
func plain(err error) string {
	var e *connector.Error
	var timeout net.Error
	switch {
	case err == nil:
		return "no error"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens at that address (connection refused)"
	case errors.As(err, new(tls.RecordHeaderError)):
		return "what listens at that address does not speak TLS; is it http:// rather than https://?"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "there was no answer in time"
	case errors.As(err, &e) && e.Code != "" && e.Status != 0:
		return strings.TrimSuffix(fmt.Sprintf("it was answered with status %d, problem %s: %v", e.Status, e.Code, e.Err), ": ")
	case errors.As(err, &e) && e.Status != 0:
		return fmt.Sprintf("status %d: %v", e.Status, e.Err)
	case errors.As(err, &e) && e.Err != nil:
		return e.Err.Error()
	}
	return err.Error()
}

// said is an answer in words.
func said(a connector.Answer) string {
	text := string(a.Outcome)
	if a.DeclineCode != "" {
		text += " (" + string(a.DeclineCode) + ")"
	}
	return text
}

// printable keeps what a host answered from writing to a terminal as it likes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r >= ' ' && r != 0x7f && (r < 0x80 || r > 0x9f) {
			return r
		}
		return '\uFFFD'
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// seconds rounds for people.
func seconds(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }
