package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// Restore makes a home of a backup, in an empty folder, and checks every byte on the
// way. What it made must be verified then. It returns [ErrNotEmpty], [ErrDamaged],
// and [sqlstore.ErrNewer] for what this program is too old for. After an error
// nothing opens the home.
func (r *Repository) Restore(ctx context.Context, c Choice, cfg *config.Config) error {
	home := gateway.Home(cfg.DataDir)
	if err := fits(c.Manifest, cfg); err != nil {
		return err
	}
	if err := empty(string(home)); err != nil {
		return fmt.Errorf("%s: %w; restore into an empty one", home, err)
	}
	if err := r.Check(c); err != nil {
		return err
	}
	if err := os.MkdirAll(string(home), 0o700); err != nil {
		return err
	}
	if err := writeFile(home.Restoring(), []byte(c.Manifest.Name+"\n")); err != nil {
		return err
	}
	if err := r.fill(ctx, c, home); err != nil {
		return err
	}
	if err := os.Remove(home.Restoring()); err != nil {
		return err
	}
	return syncDir(string(home))
}

// fits refuses a backup that the configuration or this program is not made for.
func fits(m *Manifest, cfg *config.Config) error {
	known, err := sqlstore.Version()
	if err != nil {
		return err
	}
	kind := SQLite
	if cfg.DatabaseURL != "" {
		kind = PostgreSQL
	}
	switch {
	case m.Database.Migration > known:
		return fmt.Errorf("%w: the backup's database has migration %d, this program knows %d; use %s, which made it, or a later version",
			sqlstore.ErrNewer, m.Database.Migration, known, m.Program.Version)
	case m.Database.Kind != kind:
		return fmt.Errorf("the backup has a database of kind %s, and the configuration says %s (database_url)", m.Database.Kind, kind)
	case m.Ledger.Home != cfg.Ledger.Home:
		return fmt.Errorf("the backup's ledger is at home in %s, and the configuration says %s (ledger.home)", m.Ledger.Home, cfg.Ledger.Home)
	}
	return nil
}

func (r *Repository) fill(ctx context.Context, c Choice, home gateway.Home) error {
	for _, f := range c.Manifest.objects() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.get(&f, string(home)); err != nil {
			return err
		}
	}
	if c.Manifest.Ledger.Home == config.Embedded {
		if err := r.blocks(ctx, c, home); err != nil {
			return err
		}
	}
	if f := c.Manifest.Database.File; f != nil {
		version, err := sqlstore.CheckFile(ctx, home.Database())
		if err == nil && version != c.Manifest.Database.Migration {
			err = fmt.Errorf("it has migration %d, the manifest says %d", version, c.Manifest.Database.Migration)
		}
		if err != nil {
			return fmt.Errorf("%w: the database: %w", ErrDamaged, err)
		}
	}
	return syncTree(string(home))
}

// blocks copies the blocks, and compares them with the manifest where the backup
// ends.
func (r *Repository) blocks(ctx context.Context, c Choice, home gateway.Home) error {
	copier, err := embedded.OpenCopier(r.Ledger(), home.Ledger())
	if err != nil {
		return err
	}
	got, err := copier.Copy(ctx, c.Manifest.Ledger.Blocks)
	if err == nil && got.Hash.String() != c.Manifest.Ledger.Hash {
		err = fmt.Errorf("block %d has the hash %s, the manifest says %s", got.Blocks-1, got.Hash, c.Manifest.Ledger.Hash)
	}
	if err == nil {
		_, err = copier.Copy(ctx, c.Blocks)
		if errors.Is(err, ledger.ErrNotFound) {
			return errors.Join(fmt.Errorf("%w: %w", ErrNone, err), copier.Close())
		}
	}
	if err != nil {
		err = fmt.Errorf("%w: the ledger's blocks: %w", ErrDamaged, err)
	}
	return errors.Join(err, copier.Close())
}

// syncTree makes the entries of all folders durable.
func syncTree(path string) error {
	return filepath.WalkDir(path, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncDir(path)
	})
}
