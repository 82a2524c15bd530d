package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// Network is a network in a folder of this machine. Its methods may be called
// from many goroutines, save [Network.AddCompany] and [Network.Upgrade].
type Network struct {
	site      *site
	programs  string // folder
	chaincode string // program
	attached  bool
	progress  func(string)
	now       func() time.Time

	mu sync.Mutex // guards the site's progress, and its file
}

// ErrNone is returned for a folder without a network.
var ErrNone = errors.New("network: there is no network in this folder; make one with fabric up")

// ErrUnknown is returned for a name that is no process of the network.
var ErrUnknown = errors.New("network: no such process")

// errOpened says why nothing can be started.
var errOpened = errors.New("network: it was opened to be looked at; to start something use Up")

// Open returns the network of a folder as it is, to look at it or to end it.
// It returns [ErrNone]. Programs are not needed for that; to start some again
// use [Up].
func Open(dir string) (*Network, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s, err := loadSite(dir)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, fmt.Errorf("%w: %s", ErrNone, dir)
	}
	return &Network{site: s, progress: func(string) {}}, nil
}

// Dir is the network's folder.
func (n *Network) Dir() string { return n.site.dir }

// ProfileFile is the file that those read who connect to the network.
func (n *Network) ProfileFile() string { return n.site.path("profile.json") }

// Profile reads the network's profile.
func (n *Network) Profile() (*profile.Profile, error) { return profile.Read(n.ProfileFile()) }

// Names returns the names of all processes: orderer0…, and for each company
// peer.NAME and chaincode.NAME.
func (n *Network) Names() []string { return n.site.processes() }

// Orderers returns the names of the orderers.
func (n *Network) Orderers() (names []string) {
	for _, o := range n.site.Orderers {
		names = append(names, o.Name)
	}
	return names
}

// Address returns host:port at which a process listens, or "" for a name that is
// none.
func (n *Network) Address(name string) string {
	if _, addresses, ok := n.programOf(name); ok {
		return addresses[len(addresses)-1]
	}
	return ""
}

// Data returns the folder in which a peer or an orderer keeps the ledger.
func (n *Network) Data(name string) string {
	for _, m := range n.site.Companies {
		if peerName(m.Name) == name {
			return filepath.Join(m.folder(n.site), "peer", "data")
		}
	}
	for _, o := range n.site.Orderers {
		if o.Name == name {
			return filepath.Join(o.folder(n.site), "data")
		}
	}
	return ""
}

// Log returns the file to which a process writes.
func (n *Network) Log(name string) string { return n.site.process(name).logFile() }

// Start starts a process that does not run, and returns when it can be reached.
// It returns [ErrUnknown].
func (n *Network) Start(ctx context.Context, name string) error {
	if err := n.known(name); err != nil {
		return err
	}
	if n.programs == "" {
		return errOpened
	}
	what, addresses, _ := n.programOf(name)
	p := n.site.process(name)
	if _, err := p.start(what, n.attached); err != nil {
		return err
	}
	for _, a := range addresses {
		if err := n.reach(ctx, p, a); err != nil {
			return err
		}
	}
	return nil
}

// reach waits until a process listens.
func (n *Network) reach(ctx context.Context, p process, address string) error {
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		if _, running, err := p.pid(); !running {
			return errors.Join(fmt.Errorf("network: %s ended before it listened; the end of %s is:\n%s", p.name, p.logFile(), p.lastLines()), err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("network: %s does not listen at %s: %w; the end of %s is:\n%s", p.name, address, ctx.Err(), p.logFile(), p.lastLines())
		case <-time.After(poll):
		}
	}
}

// Stop asks a process to end and returns when it has. It returns [ErrUnknown].
func (n *Network) Stop(ctx context.Context, name string) error { return n.end(ctx, name, false) }

// Kill ends a process at once, as a power cut would. It returns [ErrUnknown].
func (n *Network) Kill(ctx context.Context, name string) error { return n.end(ctx, name, true) }

// Halt stops a process where it is, as on a machine that hangs: it listens and
// does not answer. Resume lets it go on. They return [ErrUnknown], and an error
// for a process that does not run.
func (n *Network) Halt(name string) error { return n.signal(name, halt) }

// Resume lets a process go on; see [Network.Halt].
func (n *Network) Resume(name string) error { return n.signal(name, resume) }

func (n *Network) signal(name string, send func(pid int) error) error {
	if err := n.known(name); err != nil {
		return err
	}
	pid, running, err := n.site.process(name).pid()
	if err == nil && !running {
		err = fmt.Errorf("network: %s does not run", name)
	}
	if err != nil {
		return err
	}
	return send(pid)
}

// known returns [ErrUnknown] for a name that is no process.
func (n *Network) known(name string) error {
	if slices.Contains(n.Names(), name) {
		return nil
	}
	return fmt.Errorf("%w: %s; there are %s", ErrUnknown, name, list(n.Names()))
}

func (n *Network) end(ctx context.Context, name string, kill bool) error {
	if err := n.known(name); err != nil {
		return err
	}
	return n.site.process(name).end(ctx, kill)
}

// Down ends all processes: first the peers, which finish the block they are at,
// then the rest. What they keep stays in the folder.
func (n *Network) Down(ctx context.Context) error {
	unlock, err := await(ctx, n.site.path("lock"), func() { n.progress("waiting for another command on this network") })
	if err != nil {
		return err
	}
	defer unlock()
	var peers, rest []string
	for _, m := range n.site.Companies {
		peers, rest = append(peers, peerName(m.Name)), append(rest, chaincodeOf(m.Name))
		if m.Next != nil {
			rest = append(rest, nextOf(m.Name))
		}
	}
	end := func(name string) error { return n.end(ctx, name, false) }
	return errors.Join(each(peers, end), each(append(rest, n.Orderers()...), end))
}

// each runs a function for all names side by side and returns all errors.
func each[T any](all []T, do func(T) error) error {
	errs := make([]error, len(all))
	var running sync.WaitGroup
	for i, v := range all {
		running.Go(func() { errs[i] = do(v) })
	}
	running.Wait()
	return errors.Join(errs...)
}

// exists reports whether a file or folder is there.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
