package fabric

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"github.com/pointgrid/pointgrid/ledger"
)

// connections keeps one connection to each peer and orderer, for the SDK and for
// streams of events. It implements the SDK's CommManager; unlike the SDK's own it
// can be told that a connection, though open, leads nowhere.
type connections struct {
	mu     sync.Mutex
	open   map[string]*grpc.ClientConn // by address
	closed bool
}

func newConnections() *connections { return &connections{open: map[string]*grpc.ClientConn{}} }

// DialContext returns a connection that is ready, made when there is none.
func (c *connections) DialContext(ctx context.Context, address string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	conn, err := c.get(address, opts)
	if err != nil {
		return nil, err
	}
	for {
		switch state := conn.GetState(); state {
		case connectivity.Ready:
			return conn, nil
		case connectivity.TransientFailure, connectivity.Shutdown:
			// The next attempt dials at once, where this one would wait.
			c.drop(address, conn)
			return nil, fmt.Errorf("fabric: no connection to %s", address)
		default:
			conn.Connect()
			if !conn.WaitForStateChange(ctx, state) {
				c.drop(address, conn)
				return nil, fmt.Errorf("fabric: no connection to %s: %w", address, ctx.Err())
			}
		}
	}
}

func (c *connections) get(address string, opts []grpc.DialOption) (*grpc.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ledger.ErrClosed
	}
	if conn := c.open[address]; conn != nil {
		return conn, nil
	}
	conn, err := grpc.NewClient("passthrough:///"+address, opts...)
	if err != nil {
		return nil, err
	}
	c.open[address] = conn
	return conn, nil
}

// ReleaseConn implements the SDK's CommManager: connections stay open.
func (c *connections) ReleaseConn(*grpc.ClientConn) {}

// drop closes a connection, so that whatever waits on it fails and the next one
// to ask dials anew. Without a connection given it closes the present one.
func (c *connections) drop(address string, conn *grpc.ClientConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.open[address]; now != nil && (conn == nil || conn == now) {
		delete(c.open, address)
		conn = now
	}
	if conn != nil {
		_ = conn.Close() // an error says that it was closed already
	}
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for address, conn := range c.open {
		delete(c.open, address)
		_ = conn.Close()
	}
}
