package cluster

import (
	"net"
	"sync"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// outbox are frames on their way into a connection. What has gathered goes out in one
// write.
type outbox struct {
	more chan struct{} // there is something to write

	mu  sync.Mutex
	out wire.Encoder // frames that were not written yet
}

func newOutbox() *outbox { return &outbox{more: make(chan struct{}, 1)} }

// put adds a frame.
func (o *outbox) put(write func(*wire.Encoder)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	appendFrame(&o.out, write)
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// run writes until the connection fails, with whose error it returns, or is over.
func (o *outbox) run(conn net.Conn, over <-chan struct{}) error {
	var spare wire.Encoder
	for {
		select {
		case <-o.more:
		case <-over:
			return nil
		}
		o.mu.Lock()
		o.out, spare = spare, o.out
		o.mu.Unlock()
		if _, err := conn.Write(spare.Bytes()); err != nil {
			return err
		}
		spare.Reset()
	}
}
