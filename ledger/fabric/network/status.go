package network

import (
	"context"
	"time"
)

// State is what a process of the network does.
type State struct {
	Name    string
	Address string
	PID     int // 0 when it does not run
	// ValidUntil is when the first of its certificates ends; see [Renew].
	ValidUntil time.Time
	// Height is the number of the channel's blocks at a peer or an orderer, 0 if
	// unknown.
	Height uint64
}

// Status returns the state of every process.
func (n *Network) Status(ctx context.Context) ([]State, error) {
	var all []State
	for _, name := range n.Names() {
		until, err := validUntil(n.certificates(name))
		if err != nil {
			return nil, err
		}
		s := State{Name: name, Address: n.Address(name), ValidUntil: until}
		pid, running, err := n.site.process(name).pid()
		if running {
			s.PID = pid
			s.Height = n.height(ctx, name)
		} else if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (n *Network) height(ctx context.Context, name string) uint64 {
	for _, m := range n.site.Companies {
		if peerName(m.Name) == name {
			h, _ := metric(ctx, n.site.at(name, m.Operations), "ledger_blockchain_height")
			return h
		}
	}
	for _, o := range n.site.Orderers {
		if o.Name == name {
			if last, ok := metric(ctx, n.site.at(name, o.Operations), "consensus_etcdraft_committed_block_number"); ok {
				return last + 1
			}
		}
	}
	return 0
}
