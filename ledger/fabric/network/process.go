package network

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is one program of the network. Whether it runs is told by a lock that
// it inherits and that the system releases with it, so that no process of
// another program, to which its ID went meanwhile, is ever taken for it. The
// file under the lock holds the ID.
type process struct {
	name string
	file string // name of its files, if not its own
	run  string // folder of the files under lock
	logs string
}

// program is what a process executes.
type program struct {
	path string
	args []string
	env  []string
}

// poll is how often a state that cannot be waited for is looked at.
const poll = 20 * time.Millisecond

// patience is how long a process may take to end when asked.
const patience = 10 * time.Second

func (p process) lockFile() string { return filepath.Join(p.run, cmp.Or(p.file, p.name)+".pid") }
func (p process) logFile() string  { return filepath.Join(p.logs, cmp.Or(p.file, p.name)+".log") }

// pid returns the ID of the running process; false when it does not run.
func (p process) pid() (int, bool, error) {
	f, err := os.Open(p.lockFile())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	// Shared, so that two who look at the same time do not take each other for it.
	free, err := lock(f, false)
	if free || err != nil {
		return 0, false, err
	}
	b, err := os.ReadFile(p.lockFile())
	if err != nil {
		return 0, false, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, true, fmt.Errorf("network: %s is starting", p.name)
	}
	return pid, true, nil
}

// start starts the process unless it runs, and reaps it when it ends.
func (p process) start(what program, attached bool) (started bool, err error) {
	f, err := os.OpenFile(p.lockFile(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, err
	}
	defer f.Close() // the child has a copy
	free, err := lock(f, true)
	for try := 0; try < 5 && err == nil && !free; try++ { // somebody may be looking
		time.Sleep(poll / 2)
		free, err = lock(f, true)
	}
	if err != nil || !free {
		return false, err
	}
	log, err := os.OpenFile(p.logFile(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return false, err
	}
	defer log.Close()
	c := exec.Command(what.path, what.args...)
	c.Env, c.Dir = what.env, p.run
	c.Stdout, c.Stderr, c.ExtraFiles = log, log, []*os.File{f}
	detach(c, attached)
	if err := f.Truncate(0); err != nil {
		return false, err
	}
	if err := c.Start(); err != nil {
		return false, fmt.Errorf("network: %s: %w", p.name, err)
	}
	go func() { _ = c.Wait() }() // how it ended is in its log
	_, err = f.WriteAt([]byte(strconv.Itoa(c.Process.Pid)+"\n"), 0)
	return true, err
}

// end asks the process to end, or with kill ends it at once, and returns when it
// is gone. One that does not run is gone.
func (p process) end(ctx context.Context, kill bool) error {
	signal, late := ask, time.After(patience)
	if kill {
		signal = stop
	}
	for sent := false; ; {
		pid, running, err := p.pid()
		switch {
		case !running:
			return err
		case err == nil && !sent:
			// An error says that it is gone, which the lock tells better.
			_ = signal(pid)
			sent = true
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("network: %s did not end: %w", p.name, ctx.Err())
		case <-late:
			signal, sent = stop, false
		case <-time.After(poll):
		}
	}
}

// logsKept is how many lines of a log are shown with an error.
const logsKept = 15

// lastLines returns the end of the process's log.
func (p process) lastLines() string {
	b, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-logsKept):], "\n")
}
