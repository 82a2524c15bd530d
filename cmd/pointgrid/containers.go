package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/containers"
)

type containersCommand struct {
	Lay  containersLay  `cmd:"" help:"Make the folder and the .env file that docker-compose.yml reads: certificates, keys, configuration. Starts nothing."`
	Join containersJoin `cmd:"" help:"Bring the running containers into the channel and fill a new ledger. docker-compose.yml calls it."`
}

type containersFolder struct {
	Dir      string `default:"alliance" help:"Folder of keys and configuration, as docker-compose.yml finds it."`
	Programs string `type:"path" placeholder:"DIR" env:"POINTGRID_FABRIC_PROGRAMS" help:"Folder with the programs of Fabric; when not given they are built once."`
}

func (c containersFolder) alliance() *containers.Alliance {
	return &containers.Alliance{Dir: c.Dir, Programs: c.Programs, Progress: stages(os.Stderr, time.Now), Now: time.Now}
}

type containersLay struct {
	containersFolder
	Env string `default:".env" type:"path" help:"File of variables for Docker Compose, written once."`
}

// Run makes what is not there yet.
func (c *containersLay) Run(ctx context.Context) error {
	if err := c.alliance().Lay(ctx, c.Env); err != nil {
		return err
	}
	fmt.Printf("folder     %s\nvariables  %s\nstart      docker compose up --detach\n", c.Dir, c.Env)
	return nil
}

type containersJoin struct {
	containersFolder
	Members  int    `default:"200" help:"Members who get electricity points on a new ledger, 0 to 100000."`
	Database string `env:"POINTGRID_DATABASE_URL" placeholder:"URL" help:"The gateway's database, in which the members' accounts are kept."`
}

// Run does what is not done yet.
func (c *containersJoin) Run(ctx context.Context) error {
	const most = 100_000
	if c.Members < 0 || c.Members > most {
		return fmt.Errorf("--members is %d, must be 0 to %d", c.Members, most)
	}
	a := c.alliance()
	a.DatabaseURL = c.Database
	return a.Join(ctx, c.Members)
}
