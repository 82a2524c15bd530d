package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// Options say what is backed up.
type Options struct {
	Config  *config.Config
	Program Program
	Now     func() time.Time
}

// attemptsMax is how often a backup is begun again because files were removed.
const attemptsMax = 5

// Take makes a backup of a gateway's home, which may be in use. It returns
// [ErrExposed], [embedded.ErrDiverged], [sqlstore.ErrNotArchived] and the errors of
// reading and writing; without a manifest there is no backup.
func (r *Repository) Take(ctx context.Context, o Options) (*Manifest, error) {
	now := o.Now().UTC()
	t := &taking{r: r, o: o, home: gateway.Home(o.Config.DataDir),
		m: Manifest{Format: manifestFormat, Name: now.Format(nameLayout), MadeAt: now, Program: o.Program, Ledger: Ledger{Home: o.Config.Ledger.Home}}}
	if err := t.home.Whole(); err != nil {
		return nil, err
	}
	if err := t.exposed(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(r.manifest(t.m.Name)); err == nil {
		return nil, fmt.Errorf("backup %s is there already", t.m.Name)
	}
	if err := t.openLedger(ctx); err != nil {
		return nil, err
	}
	err := t.all(ctx)
	if t.copier != nil {
		err = errors.Join(err, t.copier.Close())
	}
	if err != nil {
		return nil, err
	}
	return &t.m, r.save(&t.m)
}

type taking struct {
	r      *Repository
	o      Options
	home   gateway.Home
	m      Manifest
	copier *embedded.Copier // nil on Fabric
	extent embedded.Extent
}

// openLedger opens the copy of the blocks and looks at all that came since, so that
// the look in the instant of the backup has little to read.
func (t *taking) openLedger(ctx context.Context) (err error) {
	if t.m.Ledger.Home != config.Embedded {
		return t.noteHeight(ctx)
	}
	if t.copier, err = embedded.OpenCopier(t.home.Ledger(), t.r.Ledger()); err != nil {
		return err
	}
	if _, err = t.copier.Look(ctx); err != nil {
		err = errors.Join(err, t.copier.Close())
	}
	return err
}

// noteHeight notes how far the companies' ledger goes before the database is copied:
// what lies behind is what a restore has to look at.
func (t *taking) noteHeight(ctx context.Context) error {
	l, err := openLedger(ctx, t.o.Config, Surroundings{Now: t.o.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	t.m.Ledger.Blocks, err = height(ctx, l)
	return errors.Join(err, l.Close())
}

// exposed refuses secrets that others can read: a backup would multiply them.
func (t *taking) exposed() error {
	entries, err := os.ReadDir(t.home.Keys())
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(t.home.Keys(), e.Name())
		if path == t.home.PublicKeys() {
			continue
		}
		if err := private(path); err != nil {
			return err
		}
	}
	return nil
}

// all copies the database, then blocks and files, until nothing was removed
// meanwhile.
func (t *taking) all(ctx context.Context) error {
	for range attemptsMax {
		before, err := t.paths()
		if err != nil {
			return err
		}
		if err := t.database(ctx); err != nil {
			return err
		}
		if t.copier != nil {
			if _, err := t.copier.Copy(ctx, t.extent.Blocks); err != nil {
				return err
			}
		}
		complete, err := t.files(ctx, before)
		if complete || err != nil {
			return err
		}
	}
	return fmt.Errorf("files of %s were removed while they were copied, %d times in a row; try again later", t.home, attemptsMax)
}

// cut notes how far the ledger goes in the instant that the copy of the database
// shows.
func (t *taking) cut(ctx context.Context) (err error) {
	if t.copier == nil {
		return nil
	}
	t.extent, err = t.copier.Look(ctx)
	t.m.Ledger.Blocks, t.m.Ledger.Hash = t.extent.Blocks, t.extent.Hash.String()
	t.m.Ledger.At = time.UnixMilli(t.extent.At).UTC()
	return err
}

func (t *taking) database(ctx context.Context) error {
	cut := func() error { return t.cut(ctx) }
	if url := t.o.Config.DatabaseURL; url != "" {
		mark, err := sqlstore.MarkURL(ctx, url, "pointgrid_"+t.m.Name, cut)
		if err != nil {
			return err
		}
		t.m.Database = Database{Kind: PostgreSQL, Migration: mark.Version, Point: &Point{Name: mark.Name, LSN: mark.LSN, WAL: mark.File}}
		return t.r.remember(mark.Erased)
	}
	return t.sqlite(ctx, cut)
}

func (t *taking) sqlite(ctx context.Context, cut func() error) error {
	folder, err := os.MkdirTemp(filepath.Join(t.r.path, objectsDir), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "database")
	at, err := sqlstore.CopyFile(ctx, t.home.Database(), path, cut)
	if err != nil {
		return err
	}
	size, sum, err := sumOf(path)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(string(t.home), t.home.Database())
	if err != nil {
		return err
	}
	t.m.Database = Database{Kind: SQLite, Migration: at.Version,
		File: &File{Path: filepath.ToSlash(name), Mode: 0o600, Size: size, SHA256: sum}}
	return errors.Join(t.r.adopt(path, sum), t.r.remember(at.Erased))
}

// files copies the files of the home. It reports false when one of those that were
// there before is no longer.
func (t *taking) files(ctx context.Context, before []string) (complete bool, err error) {
	paths, err := t.paths()
	if err != nil {
		return false, err
	}
	for _, path := range before {
		if _, there := slices.BinarySearch(paths, path); !there {
			return false, nil
		}
	}
	t.m.Files = make([]File, 0, len(paths))
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		f, err := t.file(path)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		t.m.Files = append(t.m.Files, f)
	}
	return true, nil
}

func (t *taking) file(path string) (File, error) {
	name := filepath.Join(string(t.home), filepath.FromSlash(path))
	info, err := os.Stat(name)
	if err != nil {
		return File{}, err
	}
	size, sum, err := t.r.put(name)
	return File{Path: path, Mode: info.Mode().Perm(), Size: size, SHA256: sum}, err
}

// paths returns the files of the home that are no database and no ledger, sorted:
// whatever is put there some day belongs to a backup.
func (t *taking) paths() (paths []string, err error) {
	err = filepath.WalkDir(string(t.home), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != string(t.home):
			return nil // it went while its folder was read
		case err != nil:
			return err
		case entry.IsDir() && path == t.home.Ledger():
			return fs.SkipDir
		case !entry.Type().IsRegular() || strings.HasPrefix(path, t.home.Database()):
			return nil
		}
		name, err := filepath.Rel(string(t.home), path)
		paths = append(paths, filepath.ToSlash(name))
		return err
	})
	slices.Sort(paths)
	return paths, err
}

// Follow adds to the repository the blocks that the ledger got since, and nothing
// else, and returns how far it goes.
func (r *Repository) Follow(ctx context.Context, o Options) (embedded.Extent, error) {
	if o.Config.Ledger.Home != config.Embedded {
		return embedded.Extent{}, errors.New("only the embedded ledger has blocks of its own; a ledger on Fabric is kept by the companies' peers")
	}
	c, err := embedded.OpenCopier(gateway.Home(o.Config.DataDir).Ledger(), r.Ledger())
	if err != nil {
		return embedded.Extent{}, err
	}
	extent, err := c.Look(ctx)
	if err == nil {
		extent, err = c.Copy(ctx, extent.Blocks)
	}
	return extent, errors.Join(err, c.Close())
}

// Prune removes the oldest backups, so that as many stay as are to be kept, and what
// belongs to none that is left. Blocks all stay. It returns the names.
func (r *Repository) Prune(keep int) (gone []string, err error) {
	names, err := r.Names()
	if err != nil || len(names) <= keep {
		return nil, err
	}
	used := map[string]bool{}
	for _, name := range names[len(names)-keep:] {
		m, err := r.Manifest(name)
		if err != nil {
			return nil, err
		}
		for _, f := range m.objects() {
			used[f.SHA256] = true
		}
	}
	gone = names[:len(names)-keep]
	for _, name := range gone {
		if err := os.Remove(r.manifest(name)); err != nil {
			return nil, err
		}
	}
	return gone, r.sweep(used)
}

// sweep removes the objects that are not used.
func (r *Repository) sweep(used map[string]bool) error {
	return filepath.WalkDir(filepath.Join(r.path, objectsDir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || used[entry.Name()] {
			return err
		}
		return os.Remove(path)
	})
}
