package cluster

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// dialPatience bounds connecting to another gateway.
const dialPatience = time.Second

// transport is that of requests that are forwarded to the leader.
func (c *credentials) transport() http.RoundTripper {
	return &http.Transport{TLSClientConfig: c.config("http/1.1"), MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: dialPatience, DialContext: (&net.Dialer{Timeout: dialPatience}).DialContext}
}

// peers are the connections to other gateways, one for each, made when needed.
type peers struct {
	m    *Member
	mu   sync.Mutex
	all  map[Slot]*peer
	made uint64 // connections; see [line]
	done bool
}

// line is a connection of a gateway, which numbers those that it makes: of two to the
// same gateway the later one has the higher number.
type line struct {
	Slot
	number uint64
}

// errNothingSent: the gateway could not be reached, and nothing was done.
var errNothingSent = errors.New("cluster: the gateway cannot be reached")

// errBroken: the connection was lost while one waited for the answer.
var errBroken = errors.New("cluster: the connection to the gateway was lost")

// get returns the connection to a gateway, or errNothingSent.
func (p *peers) get(g Gateway) (*peer, error) {
	p.mu.Lock()
	if p.done {
		p.mu.Unlock()
		return nil, errNothingSent
	}
	c := p.all[g.Slot]
	if c == nil || c.ended() {
		c = newPeer()
		if p.all == nil {
			p.all = map[Slot]*peer{}
		}
		p.all[g.Slot] = c
		p.made++
		go c.run(p.m, g, line{Slot: p.m.slot, number: p.made})
	}
	p.mu.Unlock()
	select {
	case <-c.up:
		return c, nil
	case <-c.down:
		return nil, fmt.Errorf("%w: %w", errNothingSent, c.err)
	}
}

// keep ends connections to gateways that are dead.
func (p *peers) keep(v *View) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s, c := range p.all {
		if g, ok := v.Gateway(s); !ok || !g.Alive {
			c.end(errors.New("cluster: the gateway is dead"))
			delete(p.all, s)
		}
	}
}

func (p *peers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
	for _, c := range p.all {
		c.end(ledger.ErrClosed)
	}
}

// hush is the question of [Member.hush] to another gateway.
func (p *peers) hush(ctx context.Context, g Gateway, dead []Slot) ([]uint32, error) {
	c, err := p.get(g)
	if err != nil {
		return nil, err
	}
	r := c.ask(func(e *wire.Encoder, number uint64) {
		e.Byte(frameTokens)
		e.Uint(number)
		appendSlots(e, dead)
	})
	select {
	case <-r.done:
		return r.lanes, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// peer is a connection to another gateway. What waits to be sent goes out
// together, and answers come as they are ready: a lane that stalls holds up none
// of the others.
type peer struct {
	up, down chan struct{} // closed when it is connected, and when it has ended
	err      error         // why, once down is closed
	out      *outbox

	mu      sync.Mutex
	conn    net.Conn
	next    uint64
	waiting map[uint64]*reply
	over    bool
}

// reply is what one waits for.
type reply struct {
	done    chan struct{}
	results []ledger.Result
	lanes   []uint32
	err     error
}

func newPeer() *peer {
	return &peer{up: make(chan struct{}), down: make(chan struct{}), out: newOutbox(), waiting: map[uint64]*reply{}}
}

func (p *peer) ended() bool {
	select {
	case <-p.down:
		return true
	default:
		return false
	}
}

// run connects, and reads answers until the connection ends.
func (p *peer) run(m *Member, g Gateway, as line) {
	conn, err := m.dial(g)
	if err != nil {
		p.end(err)
		return
	}
	p.mu.Lock()
	if p.conn = conn; p.over {
		_ = conn.Close() // it was ended while it was being made
	}
	p.mu.Unlock()
	close(p.up)
	go p.write(conn, as)
	p.end(p.read(conn))
}

func (m *Member) dial(g Gateway) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(m.ctx, dialPatience)
	defer cancel()
	return (&tls.Dialer{Config: m.keys.config(protocol)}).DialContext(ctx, "tcp", g.Address)
}

// end ends the connection. Whoever waits is told that the outcome is not known.
func (p *peer) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.over, p.err = true, err
	close(p.down)
	if p.conn != nil {
		_ = p.conn.Close() // whatever it says, nothing more comes from there
	}
	for number, r := range p.waiting {
		r.err = fmt.Errorf("%w: %w: %v", ledger.ErrOutcomeUnknown, errBroken, err)
		close(r.done)
		delete(p.waiting, number)
	}
}

// ask sends a frame and returns where its answer will be.
func (p *peer) ask(write func(e *wire.Encoder, number uint64)) *reply {
	r := &reply{done: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		r.err = fmt.Errorf("%w: %w", errNothingSent, p.err)
		close(r.done)
		return r
	}
	p.next++
	p.waiting[p.next] = r
	p.out.put(func(e *wire.Encoder) { write(e, p.next) })
	return r
}

// write greets, and sends what waits.
func (p *peer) write(conn net.Conn, as line) {
	var hello wire.Encoder
	appendFrame(&hello, func(e *wire.Encoder) { appendHello(e, as) })
	_, err := conn.Write(hello.Bytes())
	if err == nil {
		err = p.out.run(conn, p.down)
	}
	p.end(err)
}

func (p *peer) read(conn net.Conn) error {
	in := bufio.NewReaderSize(conn, 64<<10)
	for {
		body, err := readFrame(in)
		if err != nil {
			return err
		}
		if err := p.take(body); err != nil {
			return err
		}
	}
}

// take gives an answer to whoever waits for it.
func (p *peer) take(body []byte) error {
	d := wire.NewDecoder(body)
	switch d.Byte() {
	case frameAnswer:
		a, err := readAnswer(d)
		if err != nil {
			return err
		}
		p.deliver(a.number, &reply{results: a.results, err: a.err})
		return nil
	case frameLanes:
		number, lanes, err := readLanes(d)
		if err != nil {
			return err
		}
		p.deliver(number, &reply{lanes: lanes})
		return nil
	}
	return errors.New("cluster: a frame that is no answer")
}

func (p *peer) deliver(number uint64, a *reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.waiting[number]; r != nil {
		delete(p.waiting, number)
		r.results, r.lanes, r.err = a.results, a.lanes, a.err
		close(r.done)
	}
}
