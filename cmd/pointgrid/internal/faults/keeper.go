//go:build unix

package faults

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// keeper has the gateway run, as whatever supervises processes in production does:
// one that ends is started again.
type keeper struct {
	stage *sandbox.Stage
	say   func(format string, args ...any)

	mu      sync.Mutex // held while the gateway is down
	current *process.Process
	stopped bool
	own     int // how often it ended by itself, or did not start
	last    string
}

func newKeeper(s *sandbox.Stage, say func(format string, args ...any)) *keeper {
	return &keeper{stage: s, say: say, current: s.Gateway}
}

// note keeps what the gateway said before it ended by itself, or why it did not start.
func (k *keeper) note(said string) {
	k.own++
	k.last = said
	lines := strings.Split(strings.TrimSpace(said), "\n")
	k.say("the gateway ended by itself, and is started again: %s", strings.Join(lines[max(0, len(lines)-3):], " / "))
}

// restartPause is how long a gateway that does not start is left alone.
const restartPause = 200 * time.Millisecond

// watch starts the gateway again whenever it has ended by itself, until the context
// ends.
func (k *keeper) watch(ctx context.Context) {
	for {
		p, stopped := k.gateway()
		if stopped {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-p.Done():
		}
		k.mu.Lock()
		if k.current == p && !k.stopped && ctx.Err() == nil { // nobody killed it
			k.note(p.Logs())
			_ = k.start(ctx) // only when the context has ended
		}
		k.mu.Unlock()
	}
}

func (k *keeper) gateway() (current *process.Process, stopped bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current, k.stopped
}

// start starts the gateway, however often it takes.
func (k *keeper) start(ctx context.Context) error {
	for {
		err := k.stage.StartGateway(ctx)
		if err == nil {
			k.current = k.stage.Gateway
			return nil
		}
		k.note(err.Error())
		if err := sleep(ctx, restartPause); err != nil {
			return fmt.Errorf("the gateway was not started again: %s: %w", k.last, err)
		}
	}
}

// kill kills the gateway and starts it again after a while.
func (k *keeper) kill(ctx context.Context, down time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current.Kill()
	if err := sleep(ctx, down); err != nil {
		return err
	}
	return k.start(ctx)
}

// pause stops the gateway where it is for a while.
func (k *keeper) pause(ctx context.Context, d time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := syscall.Kill(k.current.PID(), syscall.SIGSTOP); err != nil {
		return err
	}
	waited := sleep(ctx, d)
	if err := syscall.Kill(k.current.PID(), syscall.SIGCONT); err != nil {
		return err
	}
	return waited
}

// stop ends the gateway in order, for good.
func (k *keeper) stop(patience time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	return k.current.Stop(patience)
}

func (k *keeper) logs() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last != "" {
		return k.last + "\n…\n" + k.current.Logs()
	}
	return k.current.Logs()
}

func (k *keeper) ended() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.own
}
