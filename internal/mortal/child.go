package mortal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
)

// Main is a TestMain. It runs the tests, except in a child, where the variable of
// the environment has the order that [Run] gave: there it runs the child.
func Main(m *testing.M, variable string, child func(order string) error) {
	if order := os.Getenv(variable); order != "" {
		if err := child(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Run runs a child, with the order as JSON, and reports whether it was killed, or
// else what it said. A child that fails ends the test.
func Run(t *testing.T, variable string, order any) (said []byte, killed bool) {
	t.Helper()
	encoded, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), variable+"="+string(encoded))
	var out, log bytes.Buffer
	child.Stdout, child.Stderr = &out, &log
	err = child.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGKILL {
			return nil, true
		}
	}
	if err != nil {
		t.Fatalf("child %s: %v\n%s%s", encoded, err, out.Bytes(), log.Bytes())
	}
	return out.Bytes(), false
}

// Die kills the process that calls it, as a failure of the machine does: nothing is
// closed, nothing is flushed.
func Die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// Moments are those of a process in which it could die.
type Moments struct{ left atomic.Int64 }

// DieAt has the process die at its n-th moment from now; 0 is never.
func (m *Moments) DieAt(n int64) { m.left.Store(n) }

// Pass is one moment.
func (m *Moments) Pass() {
	if m.left.Add(-1) == 0 {
		Die()
	}
}
