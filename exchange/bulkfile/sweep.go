package bulkfile

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// sweepOften looks after what is kept, now and from time to time.
func (s *Service) sweepOften() {
	for {
		if err := s.sweep(); err != nil && s.ctx.Err() == nil {
			s.o.Logger.Error("files could not be looked after", "error", err)
		}
		if !s.pause(s.o.SweepEvery) {
			return
		}
	}
}

// sweep expires what was not completed in time and removes what need not be kept:
// contents of what takes none and needs none any more, results that are old, and
// what no row knows.
func (s *Service) sweep() error {
	entries, err := fs.ReadDir(s.o.Dir.FS(), ".")
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		text, kind, _ := strings.Cut(entry.Name(), ".")
		if id, err := ledger.ParseID(text); err == nil {
			errs = append(errs, s.sweepOne(id, kind, entry.Name()))
		}
	}
	open, err := s.open(s.ctx)
	for _, f := range open {
		if f.State == Uploading && f.CreatedAt < s.now()-s.o.UploadKept.Milliseconds() {
			errs = append(errs, s.expire(f.ID))
		}
	}
	return errors.Join(append(errs, err)...)
}

func (s *Service) sweepOne(id ledger.ID, kind, name string) error {
	f, err := s.o.Store.File(s.ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return err
	case kind == "content" && (f.State == Uploading || f.State == Processing):
		return nil
	case kind == "results" && (f.State == Processing || f.State == Finished && f.FinishedAt >= s.now()-s.o.ResultsKept.Milliseconds()):
		return nil
	}
	return s.folder.remove(name)
}

// expire gives up a file that was not completed.
func (s *Service) expire(id ledger.ID) error {
	release, err := s.hold(id)
	if err != nil {
		return nil // somebody is at it after all
	}
	defer release()
	f, err := s.o.Store.File(s.ctx, id)
	if err != nil || f.State != Uploading {
		return err
	}
	f.State, f.UpdatedAt = Expired, s.now()
	if err := s.o.Store.UpdateFile(s.ctx, f); err != nil {
		return err
	}
	return s.folder.remove(content(id))
}
