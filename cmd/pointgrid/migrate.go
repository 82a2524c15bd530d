package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
)

type migrateCommand struct {
	Here  migrateHere  `cmd:"" default:"withargs" help:"Work on the data of a stopped gateway. This is what migrate does when no command is named."`
	Adopt migrateAdopt `cmd:"" help:"Adopt, as one company, the ledger that was carried over to Fabric, with its own key and without the gateway."`
}

// migrateHere works on a stopped gateway. Each thing that it can do besides the
// migrations of the database has a flag and a method.
type migrateHere struct {
	Config  string `help:"Configuration file of the gateway." type:"existingfile" env:"POINTGRID_CONFIG"`
	Rebuild bool   `help:"Make the copy of the ledger in the database again from the blocks, and compare it with the ledger."`
	To      string `help:"Carry the embedded ledger over to another home: fabric, a fresh network with a peer of every company." enum:"fabric," default:""`
	Profile string `help:"With --to: connection profile of the network." type:"existingfile" placeholder:"FILE" xor:"network"`
	AtOnce  int    `hidden:"" help:"With --to: commands that one transaction carries at most."`
	Dir     string `help:"With --to: folder of a network on this machine, in place of its profile." type:"existingdir" placeholder:"DIR" xor:"network"`
}

// Run brings the database up to date, which opening it does.
func (m *migrateHere) Run(ctx context.Context) error {
	c, err := config.Load(m.Config, os.Environ())
	if err != nil {
		return err
	}
	if m.To == config.Fabric {
		return m.toFabric(ctx, &c)
	}
	if m.Profile != "" || m.Dir != "" {
		return errors.New("migrate: --profile and --dir say where to, and need --to fabric")
	}
	g, err := gateway.Open(ctx, &c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: logger(c.Log)})
	if errors.Is(err, ledger.ErrInUse) {
		return fmt.Errorf("migrate: the gateway is running; stop it first: %w", err)
	}
	if err != nil {
		return err
	}
	fmt.Println("the database is up to date")
	if m.Rebuild {
		err = rebuild(ctx, g, os.Stdout)
	}
	return errors.Join(err, g.Close())
}

// rebuild makes the projection again and verifies it.
func rebuild(ctx context.Context, g *gateway.Gateway, out io.Writer) error {
	l, ok := g.Ledger.(projection.Ledger)
	if !ok {
		return errors.New("migrate: this home of the ledger does not show its blocks")
	}
	if err := g.Store.Reset(ctx); err != nil {
		return fmt.Errorf("migrate: dropping the old copy: %w", err)
	}
	f := projection.New(projection.Options{Blocks: l, Store: g.Store, GroupMax: rebuildGroup})
	begun := time.Now()
	height, err := f.CatchUp(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	fmt.Fprintf(out, "%d blocks applied in %s\n", height, time.Since(begun).Round(time.Millisecond))
	report, err := projection.Verify(ctx, l, g.Store)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return printProjection(out, &report)
}

// rebuildGroup is larger than a follower's, because nobody waits for the store.
const rebuildGroup = 4096

// printProjection says what was compared and what was found.
func printProjection(out io.Writer, r *projection.Report) error {
	fmt.Fprintf(out, "%d transfers, %d accounts, %d house accounts and %d positions compared with the ledger\n",
		r.Transfers, r.Accounts, r.House, r.Positions)
	for _, d := range r.Differences {
		fmt.Fprintln(out, "found:", d)
	}
	if r.More > 0 {
		fmt.Fprintf(out, "and %d more\n", r.More)
	}
	if !r.OK() {
		return errReported
	}
	fmt.Fprintln(out, "the projection equals the ledger")
	return nil
}
