package bulkfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// Service takes files and converts their lines. Its methods may be called from
// many goroutines. One service works on a store and a folder at a time.
type Service struct {
	o      Options
	folder folder
	slots  chan struct{} // as many as batches may be under way

	ctx    context.Context // of the work
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu     sync.Mutex
	inUse  map[ledger.ID]bool // by a request
	closed bool
}

// New returns a service that has not begun yet, or an error that says which
// option is missing or wrong.
func New(o Options) (*Service, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Service{o: o, folder: folder{root: o.Dir, max: o.DiskMax}, slots: make(chan struct{}, o.Concurrent), inUse: map[ledger.ID]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Start goes on with the files that an earlier process left, and looks after
// what is kept for how long, until [Service.Close].
func (s *Service) Start(ctx context.Context) error {
	open, err := s.open(ctx)
	if err != nil {
		return err
	}
	if err := s.folder.measure(); err != nil {
		return err
	}
	for _, f := range open {
		if f.State == Processing {
			s.begin(f)
		}
	}
	s.enter(func() { s.sweepOften() })
	return nil
}

// Close interrupts the work, which goes on where it is after the next Start.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
}

// enter starts a goroutine unless the service is closed.
func (s *Service) enter(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.work.Go(do)
	}
}

// open returns all files that are uploading or processing.
func (s *Service) open(ctx context.Context) (all []*File, err error) {
	for after := (ledger.ID{}); ; after = all[len(all)-1].ID {
		page, err := s.o.Store.OpenFiles(ctx, after, pageMax)
		if err != nil {
			return nil, fmt.Errorf("bulkfile: open files: %w", err)
		}
		all = append(all, page...)
		if len(page) < pageMax {
			return all, nil
		}
	}
}

const (
	pageMax = 200
	nameMax = 400 // bytes
)

// Create makes a file without content. It returns a [*exchange.Refusal] when the
// party's company does not push its points into electricity points, or has too
// many files that are not finished.
func (s *Service) Create(ctx context.Context, p exchange.Party, format Format, name string) (*File, error) {
	company, ok := s.o.Registry.Partner(p.Partner)
	switch {
	case !ok || company.In != partners.Push:
		return nil, refuse(exchange.CodeModeRefused, "files are for points that your company has moved already, and it is not in mode push for conversions into electricity points")
	case format != CSV && format != NDJSON:
		return nil, refuse(exchange.CodeInvalid, "format must be csv or ndjson")
	case len(name) > nameMax:
		return nil, refuse(exchange.CodeInvalid, "name must be at most %d bytes", nameMax)
	}
	if err := s.roomFor(ctx, p); err != nil {
		return nil, err
	}
	var random [10]byte
	if _, err := io.ReadFull(s.o.Random, random[:]); err != nil {
		return nil, fmt.Errorf("bulkfile: randomness: %w", err)
	}
	f := &File{ID: ledger.NewID(s.o.Now(), random), Party: p, Name: name, Format: format, Source: company.Programme, Destination: s.o.Hub,
		State: Uploading, CreatedAt: s.now()}
	f.UpdatedAt = f.CreatedAt
	return f, s.o.Store.CreateFile(ctx, f)
}

func (s *Service) roomFor(ctx context.Context, p exchange.Party) error {
	open, err := s.open(ctx)
	if err != nil {
		return err
	}
	n := 0
	for _, f := range open {
		if f.Party.Partner == p.Partner {
			n++
		}
	}
	if n >= s.o.OpenMax {
		return refuse(CodeTooManyFiles, "%d files of your company are not finished, at most %d may be; wait for one, or delete one that is uploading", n, s.o.OpenMax)
	}
	return nil
}

// File returns a file of the party's company, or [ErrNotFound].
func (s *Service) File(ctx context.Context, p exchange.Party, id ledger.ID) (*File, error) {
	f, err := s.o.Store.File(ctx, id)
	if err != nil {
		return nil, err
	}
	if !p.Utility() && f.Party.Partner != p.Partner {
		return nil, ErrNotFound
	}
	return f, s.locate(f)
}

// locate sets where the next piece is to be appended.
func (s *Service) locate(f *File) (err error) {
	f.Offset = f.Bytes
	if f.State == Uploading {
		f.Offset, err = s.folder.size(content(f.ID))
	}
	return err
}

// Files returns the party's files with an ID below before, or the newest, newest
// first, 1 to 200 of them.
func (s *Service) Files(ctx context.Context, p exchange.Party, before ledger.ID, limit int) ([]*File, error) {
	all, err := s.o.Store.Files(ctx, p.Partner, before, min(max(limit, 1), pageMax))
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if err := s.locate(f); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Results opens the results of a finished file, in its own format. It returns
// [ErrNotFinished], [ErrGone] or [ErrNotFound].
func (s *Service) Results(ctx context.Context, p exchange.Party, id ledger.ID) (*File, io.ReadSeekCloser, error) {
	f, err := s.File(ctx, p, id)
	switch {
	case err != nil:
		return nil, nil, err
	case f.State != Finished:
		return f, nil, ErrNotFinished
	}
	r, err := s.folder.root.Open(results(f.ID))
	if errors.Is(err, errNotExist) {
		return f, nil, ErrGone
	}
	return f, r, err
}

func (s *Service) now() int64 { return s.o.Now().UnixMilli() }

func refuse(code, format string, args ...any) *exchange.Refusal {
	return &exchange.Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// pause waits, and reports false when the service ends meanwhile.
func (s *Service) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}
