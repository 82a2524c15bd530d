package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	manifestFormat = 1
	// nameLayout is of a backup's name: its time, in UTC.
	nameLayout = "20060102T150405.000Z"
	// manifestMax bounds a manifest in bytes.
	manifestMax = 256 << 20
)

// Manifest says what belongs to a backup.
type Manifest struct {
	Format   int       `json:"format"`
	Name     string    `json:"name"`
	MadeAt   time.Time `json:"made_at"`
	Program  Program   `json:"program"`
	Ledger   Ledger    `json:"ledger"`
	Database Database  `json:"database"`
	Files    []File    `json:"files"`
	// Digest is the SHA-256 of this document with an empty digest.
	Digest string `json:"digest"`
}

// Program is what made the backup.
type Program struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
}

// Ledger is how far the ledger went.
type Ledger struct {
	Home string `json:"home"` // embedded or fabric
	// Blocks is the number of blocks: of the embedded ledger as it is in the backup,
	// with the hash of the last and its time, of the network when the backup began.
	Blocks uint64    `json:"blocks,omitempty"`
	Hash   string    `json:"hash,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// Kinds of databases.
const (
	SQLite     = "sqlite"
	PostgreSQL = "postgresql"
)

// Database is the operational state.
type Database struct {
	Kind      string `json:"kind"`
	Migration int64  `json:"migration"`
	// File is the copy of a SQLite file.
	File *File `json:"file,omitempty"`
	// Point is where a PostgreSQL server is to be brought back to by its own means.
	Point *Point `json:"restore_point,omitempty"`
}

// Point is a restore point of a PostgreSQL server.
type Point struct {
	Name string `json:"name"` // for recovery_target_name
	LSN  string `json:"lsn"`
	WAL  string `json:"wal"` // file of the archive in which it stands
}

// File is one file of the home.
type File struct {
	Path   string      `json:"path"` // relative to the home, with slashes
	Mode   fs.FileMode `json:"mode"`
	Size   int64       `json:"size"`
	SHA256 string      `json:"sha256"`
}

// sum computes the digest.
func (m *Manifest) sum() (string, error) {
	bare := *m
	bare.Digest = ""
	b, err := json.Marshal(&bare)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// save makes the backup one: what it names must be durable by then.
func (r *Repository) save(m *Manifest) (err error) {
	if m.Digest, err = m.sum(); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(r.manifest(m.Name), append(b, '\n'))
}

func (r *Repository) manifest(name string) string {
	return filepath.Join(r.path, backupsDir, name+".json")
}

// Manifest reads a backup's manifest. It returns [ErrNone] when there is no backup
// of that name, and [ErrDamaged].
func (r *Repository) Manifest(name string) (*Manifest, error) {
	path := r.manifest(name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNone, name)
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > manifestMax {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d", ErrDamaged, path, info.Size(), manifestMax)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parse(b)
	if err == nil && m.Name != name {
		err = fmt.Errorf("it is that of %q", m.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: manifest %s: %w", ErrDamaged, path, err)
	}
	return m, nil
}

func parse(b []byte) (*Manifest, error) {
	var head struct{ Format int }
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, err
	}
	if head.Format != manifestFormat {
		return nil, fmt.Errorf("it has format %d, this program knows %d; use the program that wrote it", head.Format, manifestFormat)
	}
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	sum, err := m.sum()
	if err == nil && sum != m.Digest {
		err = errors.New("its digest is not that of what it says")
	}
	return &m, errors.Join(err, m.check())
}

// check refuses what would lead out of the home or the repository, and what would be
// written over by another file.
func (m *Manifest) check() error {
	seen := map[string]bool{}
	for _, f := range m.objects() {
		if !inHome(f.Path) || f.Size < 0 || f.Mode&^fs.ModePerm != 0 {
			return fmt.Errorf("it has a file %q of %d bytes and mode %v", f.Path, f.Size, f.Mode)
		}
		if seen[f.Path] {
			return fmt.Errorf("it has the file %q twice", f.Path)
		}
		seen[f.Path] = true
		if b, err := hex.DecodeString(f.SHA256); err != nil || len(b) != sha256.Size {
			return fmt.Errorf("file %q has the digest %q", f.Path, f.SHA256)
		}
	}
	switch d := &m.Database; {
	case d.Kind == SQLite && d.File != nil, d.Kind == PostgreSQL && d.Point != nil:
		return nil
	}
	return fmt.Errorf("it has a database of kind %q, and no copy of it", m.Database.Kind)
}

// inHome reports whether a path is the one writing of a place below the home.
func inHome(path string) bool {
	return fs.ValidPath(path) && path != "." && filepath.IsLocal(filepath.FromSlash(path)) && !strings.ContainsRune(path, 0)
}

// objects are all that the backup has in the folder of objects.
func (m *Manifest) objects() []File {
	all := slices.Clone(m.Files)
	if m.Database.File != nil {
		all = append(all, *m.Database.File)
	}
	return all
}

// Names are those of all backups, oldest first.
func (r *Repository) Names() (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(r.path, backupsDir))
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}
