package statements

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
)

// part is a file that is being received, under a name that nobody looks for.
type part struct {
	dir    *os.Root
	name   string
	file   *os.File
	size   int64
	digest ledger.Hash
}

// receive writes what comes to disk, as far as a statement may be large.
func (s *Service) receive(from io.Reader) (*part, error) {
	var name [16]byte
	if _, err := io.ReadFull(s.o.Random, name[:]); err != nil {
		return nil, fmt.Errorf("statements: randomness: %w", err)
	}
	p := &part{dir: s.o.Dir, name: hex.EncodeToString(name[:]) + unfinished}
	var err error
	if p.file, err = p.dir.OpenFile(p.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, fmt.Errorf("statements: %w", err)
	}
	sum := sha256.New()
	in := &source{from: io.LimitReader(from, s.o.Limits.Bytes+1)}
	p.size, err = io.Copy(io.MultiWriter(p.file, sum), in)
	switch {
	case in.err != nil:
		err = fmt.Errorf("%w: %w", ErrContent, in.err)
	case err != nil:
		err = fmt.Errorf("statements: %w", err)
	case p.size > s.o.Limits.Bytes:
		err = s.tooLarge()
	}
	if err != nil {
		p.discard()
		return nil, err
	}
	sum.Sum(p.digest[:0])
	return p, nil
}

// source tells the reader's errors from those of the disk.
type source struct {
	from io.Reader
	err  error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.from.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// keep puts the file on disk and gives it the name of its digest.
func (p *part) keep(digest ledger.Hash) error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	if err := p.dir.Rename(p.name, fileName(digest)); err != nil {
		return err
	}
	p.name = ""
	folder, err := p.dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// discard closes the file, and removes it unless it was kept.
func (p *part) discard() {
	// Nothing depends on these: a file without a digest's name is removed at the next
	// start.
	_ = p.file.Close()
	if p.name != "" {
		_ = p.dir.Remove(p.name)
	}
}

func fileName(digest ledger.Hash) string { return digest.String() + ".statement" }

// File is the content of an accepted statement. It must be closed.
type File struct {
	*statementfile.File
	from *os.File
}

// Close closes it.
func (f *File) Close() error { return f.from.Close() }

// Open opens an accepted statement again, with the partner's layout as it is now. It
// returns [ErrNotFound] when the file is gone; reading its lines returns a
// [*statementfile.Refusal] when the layout was changed so that they are none any more.
func (s *Service) Open(_ context.Context, st *Statement) (*File, error) {
	layout, known := s.o.Layout(st.Partner)
	if !known {
		return nil, refuse(CodeUnknownPartner, "there is no partner %q any more", st.Partner)
	}
	layout.Day = st.Day
	digest, size := st.kept()
	from, err := s.o.Dir.Open(fileName(st.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the file of statement %s is gone", ErrNotFound, st.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("statements: %w", err)
	}
	file, err := statementfile.Reopen(from, size, layout, s.o.Limits, digest, st.Totals)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return &File{file, from}, nil
}
