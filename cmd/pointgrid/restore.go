package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/backup"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger/embedded"
)

type restoreCommand struct {
	Config string    `help:"Configuration file of the gateway: its data folder must be empty or missing, its PostgreSQL database brought back to the backup's restore point." type:"existingfile" env:"POINTGRID_CONFIG"`
	From   string    `help:"Folder of the backups." required:"" type:"existingdir" placeholder:"FOLDER"`
	Backup string    `help:"Name of the backup; without this, --at and --block it is the latest." placeholder:"NAME" xor:"when"`
	At     time.Time `help:"The latest backup that was made by this time, as 2026-11-22T09:30:00Z." placeholder:"TIME" xor:"when"`
	Block  uint64    `help:"The ledger's first so many blocks, also beyond a backup, and the latest database that knows no later one." placeholder:"N" xor:"when"`
	List   bool      `help:"Only list the backups."`
	Check  bool      `help:"Only read the backup and check it, and restore nothing."`
}

// Run restores into an empty home, and verifies what it made.
func (c *restoreCommand) Run(ctx context.Context) error {
	r, err := backup.Open(c.From)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	err = c.with(ctx, os.Stdout, r)
	if err = errors.Join(err, r.Close()); err != nil && !errors.Is(err, errReported) {
		return fmt.Errorf("restore: %w", err)
	}
	return err
}

func (c *restoreCommand) with(ctx context.Context, out io.Writer, r *backup.Repository) error {
	if c.List {
		return listBackups(out, r)
	}
	choice, err := r.Choose(backup.Wish{Name: c.Backup, At: c.At, Block: c.Block})
	if err != nil {
		return err
	}
	m := choice.Manifest
	fmt.Fprintf(out, "backup %s, made by version %s; %d blocks\n", m.Name, m.Program.Version, choice.Blocks)
	if c.Check {
		if err := r.Check(choice); err != nil {
			return err
		}
		fmt.Fprintln(out, "its database and files are what was written; `pointgrid verify` checks the blocks: "+r.Ledger())
		return nil
	}
	cfg, err := config.Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	if err := r.Restore(ctx, choice, &cfg); err != nil {
		return err
	}
	fmt.Fprintf(out, "restored into %s\n", cfg.DataDir)
	return verifyRestored(ctx, out, r, choice, &cfg)
}

func listBackups(out io.Writer, r *backup.Repository) error {
	names, err := r.Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		m, err := r.Manifest(name)
		if err != nil {
			fmt.Fprintf(out, "%s  %v\n", name, err)
			continue
		}
		fmt.Fprintf(out, "%s  %s  %d blocks, %s, migration %d, version %s\n", name, m.MadeAt.Format(time.RFC3339), m.Ledger.Blocks,
			m.Database.Kind, m.Database.Migration, m.Program.Version)
	}
	return nil
}

// verifyRestored verifies the chain by executing it, and compares the database with
// the ledger.
func verifyRestored(ctx context.Context, out io.Writer, r *backup.Repository, choice backup.Choice, cfg *config.Config) error {
	home := gateway.Home(cfg.DataDir)
	if cfg.Ledger.Home == config.Embedded {
		keys, err := publicKeys(home.PublicKeys())
		if err != nil {
			return err
		}
		report, err := embedded.Verify(ctx, home.Ledger(), keys, nil)
		if err != nil {
			return err
		}
		if err := printReport(out, report); err != nil {
			return err
		}
	}
	result, err := backup.Verify(ctx, r, choice, cfg, backup.Surroundings{Now: time.Now, Logger: logger(cfg.Log)})
	if err != nil {
		return err
	}
	return printRestored(out, &result)
}

// printRestored says where database and ledger agree and where they do not.
func printRestored(out io.Writer, v *backup.Verdict) error {
	a := &v.Agreement
	fmt.Fprintf(out, "%d bookings of the database looked up on the ledger\n", a.Booked)
	for _, what := range a.Missing {
		fmt.Fprintln(out, "found: not on the ledger, though the database says so:", what)
	}
	if a.Later > 0 {
		fmt.Fprintf(out, "%d transfers are later than the database; %d of them belong to work that goes on by itself\n", a.Later, a.Continued)
	}
	for _, what := range a.Unknown {
		fmt.Fprintln(out, "found: on the ledger, and the database knows nothing of it:", what)
	}
	if a.More > 0 {
		fmt.Fprintf(out, "and %d more\n", a.More)
	}
	for _, account := range a.Erased {
		fmt.Fprintln(out, "erase again: the member was forgotten after the backup:", account)
	}
	if p := v.Projection; p != nil {
		if err := printProjection(out, p); err != nil {
			return err
		}
	}
	if !a.OK() {
		fmt.Fprintln(out, "database and ledger do not agree; docs/backup.md says what to do")
		return errReported
	}
	if v.Left > 0 {
		fmt.Fprintf(out, "left out: what the repository has besides, up to %d blocks; --block takes it, too\n", v.Left+v.Blocks)
	}
	fmt.Fprintln(out, "database and ledger agree; start the gateway")
	return nil
}
