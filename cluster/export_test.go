package cluster

import (
	"bufio"
	"errors"
	"net"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Kill ends a member as a crash would: nothing is finished, nothing given back.
func (m *Member) Kill() {
	m.mu.Lock()
	m.leaving = true
	clear(m.held)
	m.mu.Unlock()
	m.stop()
	_ = m.server.Close()
	m.peers.close()
	m.working.Wait()
}

// Inside is how many orders of a gateway are under way here.
func (m *Member) Inside(s Slot) int {
	m.gate.mu.Lock()
	defer m.gate.mu.Unlock()
	return m.gate.inside[s]
}

// Sever breaks the connections to other gateways.
func (m *Member) Sever() {
	m.peers.mu.Lock()
	defer m.peers.mu.Unlock()
	for _, c := range m.peers.all {
		c.end(errors.New("severed"))
	}
}

// Line is a connection to another gateway on which a test says what it likes.
type Line struct {
	conn net.Conn
	in   *bufio.Reader
}

// Dial greets another gateway on a connection with a number.
func (m *Member) Dial(to Gateway, number uint64) (*Line, error) {
	conn, err := m.dial(to)
	if err != nil {
		return nil, err
	}
	l := &Line{conn: conn, in: bufio.NewReader(conn)}
	return l, l.send(func(e *wire.Encoder) { appendHello(e, line{Slot: m.slot, number: number}) })
}

func (l *Line) send(write func(*wire.Encoder)) error {
	var e wire.Encoder
	appendFrame(&e, write)
	_, err := l.conn.Write(e.Bytes())
	return err
}

// Give gives commands to a lane and returns its answer.
func (l *Line) Give(lane uint32, epoch uint64, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	o := order{number: 1, lane: lane, epoch: epoch, caller: caller, commands: commands}
	if err := l.send(o.append); err != nil {
		return nil, err
	}
	body, err := readFrame(l.in)
	if err != nil {
		return nil, err
	}
	d := wire.NewDecoder(body)
	d.Byte()
	a, err := readAnswer(d)
	if err != nil {
		return nil, err
	}
	return a.results, a.err
}

// Close ends the connection.
func (l *Line) Close() error { return l.conn.Close() }
