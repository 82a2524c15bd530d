//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/faults"
)

type benchFaults struct {
	Scenario []string      `help:"What fails, one after the other: kills (gateway, chaincodes, peers, orderer), gateway, database, slow-disk, full-disk (as root), partners, pause, clock, failover." required:""`
	Seed     uint64        `help:"Decides what fails, when and for how long." default:"1"`
	Kills    int           `help:"Kills of the scenario kills." default:"200"`
	Rounds   int           `help:"How often the scenarios gateway, database, slow-disk and full-disk are repeated." default:"3"`
	Fault    time.Duration `help:"How long, or how long at most, a fault lasts that is not over at once." default:"10s"`
	Pause    time.Duration `help:"How long the gateway stands still in the scenario pause." default:"1m"`
	Ledger   string        `help:"Where the ledger is: embedded in the gateway, or fabric, a network with a peer for every company." enum:"embedded,fabric" default:"fabric"`
	Members  int           `help:"Members, each with links to every company." default:"500"`
	Clients  int           `help:"Callers that convert at the same time." default:"24"`
	Rate     int           `help:"Conversions that are begun in each second, at most." default:"100"`
	Dir      string        `help:"Empty folder for ledger, books and files; a temporary one when not given." type:"path"`
}

func (b *benchFaults) Run(ctx context.Context) error {
	if b.Kills < 1 || b.Rounds < 1 || b.Members < 1 || b.Clients < 1 || b.Rate < 1 || b.Fault <= 0 || b.Pause <= 0 {
		return fmt.Errorf("--kills, --rounds, --members, --clients, --rate, --fault and --pause must be more than nothing")
	}
	return inFolder(b.Dir, func(dir string) error {
		return faults.Run(ctx, faults.Options{Scenarios: b.Scenario, Seed: b.Seed, Kills: b.Kills, Rounds: b.Rounds, Fault: b.Fault, Pause: b.Pause,
			Fabric: b.Ledger == config.Fabric, Members: b.Members, Callers: b.Clients, Rate: b.Rate, Dir: dir, Out: os.Stdout, Now: time.Now})
	})
}
