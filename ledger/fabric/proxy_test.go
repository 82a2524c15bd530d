package fabric_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// proxy is a connection to a peer that tests can cut or hold.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns map[net.Conn]bool
	held  chan struct{} // closed when bytes may pass
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, conns: map[net.Conn]bool{}, held: make(chan struct{})}
	close(p.held)
	go p.accept()
	t.Cleanup(func() {
		l.Close()
		p.resume()
		p.cut()
	})
	return p
}

// before puts a proxy before the first peer of a company.
func before(t testing.TB, p *profile.Profile, msp string) *proxy {
	t.Helper()
	for i := range p.Companies {
		if p.Companies[i].MSP == msp {
			node := &p.Companies[i].Peers[0]
			way := newProxy(t, node.Address)
			node.Address = way.listener.Addr().String()
			return way
		}
	}
	t.Fatalf("no company %s", msp)
	return nil
}

func (p *proxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			in.Close()
			continue
		}
		p.mu.Lock()
		p.conns[in], p.conns[out] = true, true
		p.mu.Unlock()
		go p.pass(in, out)
		go p.pass(out, in)
	}
}

func (p *proxy) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		held := p.held
		p.mu.Unlock()
		<-held
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				return
			}
			return
		}
	}
}

// cut ends all connections; new ones are made.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
		delete(p.conns, c)
	}
}

// hold lets connections stand and nothing pass.
func (p *proxy) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = make(chan struct{})
}

func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.held:
	default:
		close(p.held)
	}
}
