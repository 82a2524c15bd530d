package main

import (
	"sync"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// open knows the transactions that the peer began and got no answer to yet.
type open struct {
	mu      sync.Mutex
	under   map[string]bool // by channel and transaction
	changed chan struct{}   // closed when one ends
}

func newOpen() *open { return &open{under: map[string]bool{}, changed: make(chan struct{})} }

func (o *open) begin(tx string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.under[tx] = true
}

func (o *open) end(tx string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.under, tx)
	close(o.changed)
	o.changed = make(chan struct{})
}

// drain returns when no transaction is under way, or after the patience.
func (o *open) drain(patience time.Duration) {
	late := time.After(patience)
	for {
		o.mu.Lock()
		n, changed := len(o.under), o.changed
		o.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-changed:
		case <-late:
			return
		}
	}
}

// counted is a stream whose transactions are counted.
type counted struct {
	peer.Chaincode_ConnectServer
	open *open
}

// Recv notes a transaction that begins.
func (c *counted) Recv() (*peer.ChaincodeMessage, error) {
	m, err := c.Chaincode_ConnectServer.Recv()
	if err == nil && m.Type == peer.ChaincodeMessage_TRANSACTION {
		c.open.begin(m.ChannelId + m.Txid)
	}
	return m, err
}

// Send notes a transaction that ends.
func (c *counted) Send(m *peer.ChaincodeMessage) error {
	err := c.Chaincode_ConnectServer.Send(m)
	if m.Type == peer.ChaincodeMessage_COMPLETED || m.Type == peer.ChaincodeMessage_ERROR {
		c.open.end(m.ChannelId + m.Txid)
	}
	return err
}
