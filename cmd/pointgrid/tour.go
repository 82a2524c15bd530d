package main

import (
	"context"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/tour"
)

type tourCommand struct {
	Ledger   string `help:"Where the ledger is: embedded in the gateway, or fabric, a Hyperledger Fabric network with a peer for every company." enum:"embedded,fabric" default:"embedded"`
	Database string `help:"Empty PostgreSQL database for the gateway's operational state, as postgres://…; SQLite when not given." env:"POINTGRID_DATABASE_URL"`
	Dir      string `help:"Empty folder for the tour's sandbox; a temporary one, removed at the end, when not given." type:"path"`
}

func (t *tourCommand) Run(ctx context.Context) error {
	dir, remove, err := folder(t.Dir)
	if err != nil {
		return err
	}
	defer remove()
	return (&tour.Tour{Out: os.Stdout, Dir: dir, Now: time.Now, Fabric: t.Ledger == config.Fabric, Database: t.Database}).Run(ctx)
}
