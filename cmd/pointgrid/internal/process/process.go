// Package process runs this program's other commands as child processes, for
// the tour and the benchmarks: they need a gateway that can be killed and parts
// whose CPU and memory are counted apart.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a running child. It ends with this process, whatever happens.
type Process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	mu   sync.Mutex
	last []string // last lines it wrote to standard error
	err  error
}

// linesKept is how many lines of standard error are kept for an error message.
const linesKept = 20

// Start runs this program with arguments. It returns when the child has written
// a line that begins with ready to standard output, with the rest of that line.
func Start(ctx context.Context, name, ready string, args ...string) (*Process, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	p := &Process{name: name, cmd: exec.Command(self, args...), done: make(chan struct{})}
	endWithParent(p.cmd)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	logs, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, "", err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	line := make(chan string, 1)
	var pipes sync.WaitGroup
	pipes.Go(func() { watch(out, ready, line) })
	pipes.Go(func() { p.keep(logs) })
	go func() {
		pipes.Wait()
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p.await(ctx, line)
}

func (p *Process) await(ctx context.Context, line <-chan string) (*Process, string, error) {
	select {
	case rest := <-line:
		return p, rest, nil
	case <-p.done:
		return nil, "", fmt.Errorf("%s ended before it was ready (%v):\n%s", p.name, p.err, p.Logs())
	case <-ctx.Done():
		p.Kill()
		return nil, "", fmt.Errorf("%s was not ready in time: %w:\n%s", p.name, ctx.Err(), p.Logs())
	}
}

// watch sends what follows ready in the first line that begins with it, and
// reads on until the end so that the child never blocks.
func watch(out io.Reader, ready string, line chan<- string) {
	sent := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), ready); ok && !sent {
			sent = true
			line <- strings.TrimSpace(rest)
		}
	}
}

func (p *Process) keep(logs io.Reader) {
	lines := bufio.NewScanner(logs)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.last = append(p.last, lines.Text())
		p.last = p.last[max(0, len(p.last)-linesKept):]
		p.mu.Unlock()
	}
}

// Logs returns the last lines that the child wrote to standard error.
func (p *Process) Logs() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.last, "\n")
}

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID returns the child's process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the child at once, as a power cut would, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // the only error is that it has ended already
	<-p.done
}

// Pause stops the child as it stands, and Resume lets it go on.
func (p *Process) Pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a child go on that was paused.
func (p *Process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// Ended waits until the child has ended, and returns its exit status.
func (p *Process) Ended(ctx context.Context) (status int, err error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("%s did not end: %w", p.name, ctx.Err())
	}
}

// Stop asks the child to end and kills it when it has not after the patience.
// It returns an error if the child had to be killed or ended with one.
func (p *Process) Stop(patience time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		return p.exit()
	}
	select {
	case <-p.done:
		return p.exit()
	case <-time.After(patience):
		p.Kill()
		return fmt.Errorf("%s did not end within %s", p.name, patience)
	}
}

func (p *Process) exit() error {
	<-p.done
	if p.err != nil {
		return fmt.Errorf("%s: %w:\n%s", p.name, p.err, p.Logs())
	}
	return nil
}
