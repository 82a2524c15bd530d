package pgtest

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Cut says what happens to a connection at a commit.
type Cut int

const (
	// Through: nothing, everything is passed on.
	Through Cut = iota
	// BeforeCommit cuts both sides without passing the commit on.
	BeforeCommit
	// AtCommit passes the commit on and cuts both sides at once.
	AtCommit
	// AfterCommit passes the commit on, waits for the answer, and cuts instead of
	// passing it back.
	AfterCommit
	// HoldCommit cuts the client off and keeps the commit, and the server's side
	// open, until [Proxy.Release].
	HoldCommit
	// SilenceCommit keeps the commit and leaves both sides open.
	SilenceCommit
)

// Proxy passes connections on to a server's socket and cuts them when told to.
type Proxy struct {
	listener net.Listener
	socket   string
	mu       sync.Mutex
	cut      Cut
	refuse   bool
	open     map[net.Conn]bool
	held     []func()
	cuts     int
}

// NewProxy listens on a free port until the test ends.
func NewProxy(t testing.TB, s *Server) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, socket: s.Socket(), open: map[net.Conn]bool{}}
	go p.accept()
	t.Cleanup(func() { l.Close(); p.CutAll() })
	return p
}

// URL is that of the server by way of the proxy.
func (p *Proxy) URL(schema string) string {
	q := url.Values{"sslmode": {"disable"}, "search_path": {schema}}
	return fmt.Sprintf("postgres://pointgrid@%s/postgres?%s", p.listener.Addr(), q.Encode())
}

// Next sets what happens at the next commit, once.
func (p *Proxy) Next(c Cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = c
}

// Cuts returns how many commits were cut.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// Refuse makes the proxy close new connections at once, or no longer.
func (p *Proxy) Refuse(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = yes
}

// CutAll closes all connections.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
	clear(p.open)
}

// Release passes on the commits that were held.
func (p *Proxy) Release() {
	p.mu.Lock()
	held := p.held
	p.held = nil
	p.mu.Unlock()
	for _, pass := range held {
		pass()
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.socket)
		p.mu.Lock()
		if err != nil || p.refuse {
			client.Close()
			if server != nil {
				server.Close()
			}
		} else {
			p.open[client], p.open[server] = true, true
			l := &link{proxy: p, client: client, server: server}
			go l.forward()
			go l.back()
		}
		p.mu.Unlock()
	}
}

// link is one connection through the proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	mu             sync.Mutex
	swallow        bool // the answer that comes is not passed back
}

var commitMessage = []byte("COMMIT\x00")

func (l *link) forward() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := l.client.Read(buffer)
		if err != nil {
			l.server.Close()
			return
		}
		if bytes.Contains(buffer[:n], commitMessage) {
			if l.proxy.take(l, bytes.Clone(buffer[:n])) {
				return
			}
		}
		if _, err := l.server.Write(buffer[:n]); err != nil {
			l.client.Close()
			return
		}
	}
}

// take does what was set for this commit and reports whether the link ends here.
func (p *Proxy) take(l *link, message []byte) bool {
	p.mu.Lock()
	cut := p.cut
	p.cut = Through
	if cut != Through {
		p.cuts++
	}
	if cut == HoldCommit || cut == SilenceCommit {
		p.held = append(p.held, func() { _, _ = l.server.Write(message) }) // its other end may be gone by then
	}
	p.mu.Unlock()
	switch cut {
	case Through:
		return false
	case BeforeCommit:
		l.both()
	case AtCommit:
		_, _ = l.server.Write(message) // if it is gone already, so be it
		l.both()
	case AfterCommit:
		l.mu.Lock()
		l.swallow = true
		l.mu.Unlock()
		return false
	case HoldCommit:
		l.client.Close()
	}
	return true
}

func (l *link) both() {
	l.server.Close()
	l.client.Close()
}

func (l *link) back() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := l.server.Read(buffer)
		if err != nil {
			l.client.Close()
			return
		}
		l.mu.Lock()
		swallow := l.swallow
		l.mu.Unlock()
		if swallow {
			l.both()
			return
		}
		// A client that was cut off from a held commit leaves its server alone.
		_, _ = l.client.Write(buffer[:n])
	}
}
