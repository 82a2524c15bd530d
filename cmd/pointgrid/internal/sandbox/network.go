package sandbox

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
)

// clockTolerance lets the sandbox's clock be moved for years.
const clockTolerance = 20 * 365 * 24 * time.Hour

// StartNetwork puts the site's ledger on a Fabric network of its own, which it
// makes when it is not there yet. The network ends with this process; its ledger
// stays in the folder.
func (s *Site) StartNetwork(ctx context.Context, progress func(string), now func() time.Time) (*network.Network, error) {
	dir := filepath.Join(s.Dir, "network")
	seeded, err := s.Seeded()
	if err != nil {
		return nil, err
	}
	if !seeded {
		// What an interrupted seeding left on a network cannot be taken back.
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	n, err := network.Up(ctx, network.Options{Dir: dir, Attached: true, ClockTolerance: clockTolerance, Progress: progress, Now: now})
	if err != nil {
		return nil, err
	}
	s.Profile = n.ProfileFile()
	return n, nil
}

// networkEnd bounds how long a network may take to end.
const networkEnd = 30 * time.Second

// StopNetwork ends the network's processes.
func StopNetwork(n *network.Network) error {
	ctx, cancel := context.WithTimeout(context.Background(), networkEnd)
	defer cancel()
	return n.Down(ctx)
}
