// Package containers prepares what docker-compose.yml runs: the folder with the
// network's certificates, the gateway's configuration and everybody's keys, and
// the alliance that the network begins with.
//
// It promises that a folder that is there stays as it is, and that each company
// has what it needs in a folder of its own, so that a container sees no other
// company's keys. It refuses to start or stop containers.
package containers

import (
	"os"
	"path/filepath"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
)

// Alliance is the folder. Its parts are
//
//	network      certificates, configuration and packages (package network)
//	credentials  keys of the API's clients
//	gateway      configuration and keys of the gateway
type Alliance struct {
	Dir      string
	Programs string // of Fabric; empty builds them
	// DatabaseURL is the gateway's database; empty is a file in its folder.
	DatabaseURL string
	Progress    func(string)
	Now         func() time.Time
}

// Names of the folders inside the gateway's container.
const (
	dataDir       = "/var/lib/pointgrid"
	configDir     = "/etc/pointgrid"
	connectionDir = "/etc/pointgrid-network"
)

// port is where gateway and partners listen in their containers.
const port = "8080"

func (a *Alliance) site() *sandbox.Site { return &sandbox.Site{Dir: a.Dir} }

func (a *Alliance) networkOptions(orderers int) network.Options {
	return network.Options{Dir: filepath.Join(a.Dir, "network"), Orderers: orderers, Programs: a.Programs, Progress: a.Progress, Now: a.Now}
}

// copyFile copies a small file.
func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}
