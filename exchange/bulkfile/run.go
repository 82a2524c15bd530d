package bulkfile

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// begin converts a file in a goroutine of its own.
func (s *Service) begin(f *File) {
	s.enter(func() {
		for wait := s.o.RetryFirst; ; wait = min(2*wait, s.o.RetryMax) {
			before := f.Position
			err := s.process(f)
			if err == nil || s.ctx.Err() != nil {
				return
			}
			s.o.Logger.Error("a file cannot go on; it will be tried again", "id", f.ID.String(), "line", f.Line, "error", err)
			if f.Position > before {
				wait = s.o.RetryFirst
			}
			if !s.pause(wait) {
				return
			}
			f = s.reread(f)
		}
	})
}

// reread returns a file as its row has it: what failed last may have been stored all
// the same, and results that the row knows of must stay. While the row cannot be
// read it is left as it is known, and nothing is done by it.
func (s *Service) reread(f *File) *File {
	for {
		row, err := s.o.Store.File(s.ctx, f.ID)
		if err == nil || s.ctx.Err() != nil || errors.Is(err, ErrNotFound) {
			return cmp.Or(row, f)
		}
		s.o.Logger.Error("a file's row cannot be read; it will be tried again", "id", f.ID.String(), "error", err)
		if !s.pause(s.o.RetryMax) {
			return f
		}
	}
}

// run is a file being converted.
type run struct {
	*Service
	file  *File
	lines *lines
	order []int // of a CSV's columns
	out   *os.File
	// doubt: the next batch may have been converted before, without the row saying
	// so.
	doubt bool
}

// process converts a file from where its row says that it is.
func (s *Service) process(f *File) error {
	if f.State != Processing {
		return nil // it ended, or was taken away; the sweep removes what is left
	}
	r := &run{Service: s, file: f, doubt: true}
	in, err := s.folder.root.Open(content(f.ID))
	if err != nil {
		return fmt.Errorf("bulkfile: content: %w", err)
	}
	defer in.Close()
	if err := r.openContent(in); err != nil {
		return err
	}
	if err := r.openResults(); err != nil {
		return err
	}
	defer r.out.Close()
	for {
		more, err := r.step()
		if err != nil || !more {
			return errors.Join(err, r.finish(err))
		}
	}
}

// openContent goes to the line that comes next, and reads a CSV's header.
func (r *run) openContent(in *os.File) error {
	if r.file.Format == CSV {
		first, err := bufio.NewReaderSize(io.LimitReader(in, r.file.Bytes), r.o.LineMax+len(bom)+2).ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("bulkfile: header: %w", err)
		}
		order, refusal := header(first[:len(first)-1])
		if refusal != nil {
			return refusal
		}
		if r.order = order; r.file.Line == 0 {
			r.file.Line, r.file.Position = 1, int64(len(first))
		}
	}
	if _, err := in.Seek(r.file.Position, io.SeekStart); err != nil {
		return fmt.Errorf("bulkfile: content: %w", err)
	}
	r.lines = newLines(in, r.file.Position, r.file.Line, r.o.LineMax)
	return nil
}

// openResults cuts off what the row does not know of.
func (r *run) openResults() (err error) {
	if r.out, err = r.folder.root.OpenFile(results(r.file.ID), os.O_WRONLY|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("bulkfile: results: %w", err)
	}
	size, err := r.folder.size(results(r.file.ID))
	if err == nil && size < r.file.ResultBytes {
		err = fmt.Errorf("%d bytes, the row says %d", size, r.file.ResultBytes)
	}
	if err == nil {
		err = r.out.Truncate(r.file.ResultBytes)
		r.folder.used.Add(r.file.ResultBytes - size)
	}
	if err == nil {
		_, err = r.out.Seek(r.file.ResultBytes, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("bulkfile: results: %w", errors.Join(err, r.out.Close()))
	}
	return nil
}

// step does the next batch and stores how far the file has come.
func (r *run) step() (more bool, err error) {
	b, err := r.read()
	if err != nil {
		return false, err
	}
	if err := r.convert(b); err != nil {
		return false, err
	}
	next := r.file.Clone()
	b.count(&next.Progress)
	next.Position, next.Line, next.UpdatedAt = r.lines.position, r.lines.number, r.now()
	more = next.Position < next.Bytes
	if next.ResultBytes, err = r.write(b); err != nil {
		return false, err
	}
	if !more {
		next.State, next.FinishedAt = Finished, next.UpdatedAt
	}
	if err := r.o.Store.UpdateFile(r.ctx, next); err != nil {
		return false, err
	}
	*r.file, r.doubt = *next, false
	return more, nil
}

// write puts the results on disk and returns how many bytes there are now.
func (r *run) write(b *batch) (int64, error) {
	text := make([]byte, 0, 160*len(b.results))
	if r.file.ResultBytes == 0 && r.file.Format == CSV {
		text = append(text, resultHeader...)
	}
	for i := range b.results {
		text = b.results[i].append(text, r.file.Format)
	}
	if _, err := (metered{folder: &r.folder, file: r.out}).Write(text); err != nil {
		return 0, fmt.Errorf("bulkfile: results: %w", err)
	}
	return r.file.ResultBytes + int64(len(text)), r.out.Sync()
}

// finish removes the content of a file that has all its results.
func (r *run) finish(failed error) error {
	if failed != nil {
		return nil
	}
	r.o.Logger.Info("a file is finished", "id", r.file.ID.String(), "succeeded", r.file.Succeeded, "repeated", r.file.Repeated,
		"failed", r.file.Failed, "took", time.Duration(r.file.FinishedAt-r.file.CompletedAt)*time.Millisecond)
	return r.folder.remove(content(r.file.ID))
}
