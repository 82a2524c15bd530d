package papers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

// Sheet opens a settlement's statement as a spreadsheet, XLSX, with its SHA-256. It
// returns [ErrNotNetted], or [settlement.ErrMismatch] when the ledger's window is
// not what was netted.
func (s *Service) Sheet(ctx context.Context, one *settlement.Settlement) (io.ReadCloser, ledger.Hash, error) {
	if one.State == settlement.Closed {
		return nil, ledger.Hash{}, ErrNotNetted
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.o.Dir, one.Window.String(), one.Partner+".xlsx")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := s.make(ctx, one, path); err != nil {
			return nil, ledger.Hash{}, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, ledger.Hash{}, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, ledger.Hash{}, errors.Join(err, f.Close())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, ledger.Hash{}, errors.Join(err, f.Close())
	}
	return f, ledger.Hash(sum.Sum(nil)), nil
}

// make writes the spreadsheet; it appears under its name when it is complete.
func (s *Service) make(ctx context.Context, one *settlement.Settlement, path string) (err error) {
	heading, err := s.heading(ctx, one)
	if err != nil {
		return err
	}
	x, err := paper.NewXLSX(heading)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Discard()) }()
	lines := int64(0)
	if err := s.o.Ledger.Transfers(ctx, one.Window, func(e ledger.Entry) error { return write(x, one.Partner, &e, &lines) }); err != nil {
		return err
	}
	if lines != one.Lines {
		return fmt.Errorf("%w: settlement %s has %d lines, the ledger's window %d", settlement.ErrMismatch, one.ID, one.Lines, lines)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), one.Partner+".*.tmp")
	if err != nil {
		return err
	}
	if err := errors.Join(x.Close(f, &one.Position, one.Channels), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// write writes the lines that a transfer is in a partner's statement.
func write(x *paper.XLSX, partner string, e *ledger.Entry, lines *int64) (err error) {
	t := &e.Transfer
	switch {
	case t.Kind == ledger.KindHold || t.Kind == ledger.KindVoid:
		return nil
	case t.Kind == ledger.KindAcceptAdjustment:
		if t.To == partner {
			*lines++
			err = x.Adjust(e)
		}
		return err
	}
	if t.Source != nil && t.Source.Partner == partner {
		*lines++
		err = x.Write(e, t.Source, ledger.In)
	}
	if err == nil && t.Destination != nil && t.Destination.Partner == partner {
		*lines++
		err = x.Write(e, t.Destination, ledger.Out)
	}
	return err
}
