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
)

type backupCommand struct {
	Config     string `help:"Configuration file of the gateway, which may run." type:"existingfile" env:"POINTGRID_CONFIG"`
	To         string `help:"Folder of the backups; a new one is made." required:"" placeholder:"FOLDER"`
	LedgerOnly bool   `help:"Copy only the blocks that the embedded ledger got since, which takes a moment."`
	Keep       int    `help:"Afterwards remove the oldest backups, so that so many stay; 0 removes none." default:"0"`
}

// Run makes a backup.
func (b *backupCommand) Run(ctx context.Context) error {
	if b.Keep < 0 {
		return fmt.Errorf("--keep is %d, want 0 or more", b.Keep)
	}
	c, err := config.Load(b.Config, os.Environ())
	if err != nil {
		return err
	}
	r, err := backup.Create(b.To)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	o := backup.Options{Config: &c, Now: time.Now, Program: built()}
	if b.LedgerOnly {
		err = b.follow(ctx, os.Stdout, r, o)
	} else {
		err = b.take(ctx, os.Stdout, r, o)
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

func (b *backupCommand) follow(ctx context.Context, out io.Writer, r *backup.Repository, o backup.Options) error {
	extent, err := r.Follow(ctx, o)
	if err == nil {
		fmt.Fprintf(out, "the copy of the ledger has %d blocks, the last from %s\n", extent.Blocks, time.UnixMilli(extent.At).UTC().Format(time.RFC3339))
	}
	return err
}

func (b *backupCommand) take(ctx context.Context, out io.Writer, r *backup.Repository, o backup.Options) error {
	begun := time.Now()
	m, err := r.Take(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "backup %s made in %s\n", m.Name, time.Since(begun).Round(time.Millisecond))
	fmt.Fprintf(out, "ledger (%s): %d blocks, the last has the hash %s\n", m.Ledger.Home, m.Ledger.Blocks, m.Ledger.Hash)
	if p := m.Database.Point; p != nil {
		fmt.Fprintf(out, "database: restore point %s in the write-ahead log, archived in %s; migration %d\n", p.Name, p.WAL, m.Database.Migration)
	} else {
		fmt.Fprintf(out, "database: %d bytes, migration %d\n", m.Database.File.Size, m.Database.Migration)
	}
	fmt.Fprintf(out, "files: %d\n", len(m.Files))
	if b.Keep == 0 {
		return nil
	}
	gone, err := r.Prune(b.Keep)
	for _, name := range gone {
		fmt.Fprintf(out, "removed backup %s\n", name)
	}
	return err
}
