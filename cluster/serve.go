package cluster

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// listen answers other gateways: frames about lanes, and HTTP requests that they
// forward to the leader.
func (m *Member) listen(l net.Listener) {
	m.server = &http.Server{
		Handler:   http.HandlerFunc(m.serveForwarded),
		TLSConfig: m.keys.config(protocol, "http/1.1"),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){
			protocol: func(_ *http.Server, c *tls.Conn, _ http.Handler) { m.serveFrames(c) }},
		// As the server that faces the world has them, see web/api: who forwards is
		// trusted, whose request it is need not be.
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 75 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(m.o.Logger.Handler(), slog.LevelDebug),
	}
	m.working.Go(func() {
		if err := m.server.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
			m.o.Logger.Error("cluster: the internal listener ended", "error", err)
		}
	})
}

// serveFrames answers one gateway until its connection ends.
func (m *Member) serveFrames(conn net.Conn) {
	_ = conn.SetDeadline(time.Time{}) // those of HTTP do not count here
	in := bufio.NewReaderSize(conn, 64<<10)
	body, err := readFrame(in)
	if err != nil {
		return
	}
	caller, err := readHello(wire.NewDecoder(body))
	if err != nil {
		m.o.Logger.Warn("cluster: a gateway does not speak as this one does", "error", err)
		return
	}
	m.gate.greet(caller)
	a := &answering{m: m, caller: caller, conn: conn, out: newOutbox(), over: make(chan struct{})}
	go a.write()
	defer close(a.over)
	for {
		body, err := readFrame(in)
		if err != nil {
			return
		}
		if err := a.take(body); err != nil {
			m.o.Logger.Warn("cluster: a gateway asks for what cannot be read", "slot", caller.Number, "error", err)
			return
		}
	}
}

// answering is a connection on which another gateway asks.
type answering struct {
	m      *Member
	caller line
	conn   net.Conn
	out    *outbox
	over   chan struct{} // closed when nothing is read any more
}

// take begins to do what a frame asks for.
func (a *answering) take(body []byte) error {
	d := wire.NewDecoder(body)
	switch d.Byte() {
	case frameOrder:
		o, err := readOrder(d)
		if err != nil {
			return err
		}
		// Let in before the next frame is read: orders have the order in which they came.
		turn := a.m.gate.enter(a.caller, &o)
		go a.carryOut(&o, turn)
		return nil
	case frameTokens:
		number, tokens := d.Uint(), readSlots(d)
		if err := d.Close(); err != nil {
			return err
		}
		go a.hush(number, tokens)
		return nil
	}
	return errors.New("cluster: a frame that asks for nothing")
}

// carryOut does not end with the connection: a command that may be under way must
// not count as gone. An order that was not let in has no turn.
func (a *answering) carryOut(o *order, turn *turn) {
	out := answer{number: o.number, err: ErrLost}
	if turn != nil {
		if out.err = turn.come(a.m.ctx); out.err == nil {
			out.results, out.err = a.m.carryOut(a.m.ctx, o)
		}
		a.m.gate.leave(turn)
	}
	a.out.put(out.append)
}

// carryOut gives commands to a lane that this gateway serves, if it does so under the
// epoch that who gave them knows: with that, what was meant for an earlier time of ours
// as its owner is not carried out in a later one.
func (m *Member) carryOut(ctx context.Context, o *order) ([]ledger.Result, error) {
	epoch, ok := m.serves(o.lane)
	if !ok || epoch != o.epoch {
		return nil, ledger.ErrNotOwner
	}
	results, err := m.o.Ledger.SubmitLane(ctx, o.lane, o.caller, o.commands...)
	if errors.Is(err, ledger.ErrFenced) {
		m.drop(o.lane, epoch)
		m.soon()
	}
	return results, err
}

func (a *answering) hush(number uint64, tokens []Slot) {
	lanes, err := a.m.quiet(a.m.ctx, tokens)
	if err != nil {
		return // this gateway ends; who asked sees the connection end
	}
	a.out.put(func(e *wire.Encoder) { appendLanes(e, number, lanes) })
}

// write sends answers until the connection is over.
func (a *answering) write() {
	if err := a.out.run(a.conn, a.over); err != nil {
		_ = a.conn.Close() // reading ends with it
	}
}

// serves returns the epoch under which this gateway serves a lane, if it does and
// its lease lasts.
func (m *Member) serves(lane uint32) (epoch uint64, ok bool) {
	now := m.o.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	epoch, ok = m.held[lane]
	return epoch, ok && m.cause == nil && now.Before(m.until)
}
