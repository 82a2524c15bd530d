package support

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// Service does the work. It may be used by many goroutines; one works on a store at a
// time.
type Service struct {
	o Options
	// granting is held from looking at what somebody gave alone to storing more of it.
	granting sync.Mutex
	busy     busy
}

// New returns a service, or an error that says which option is missing or wrong.
// [Service.Follow] must be run from time to time.
func New(o Options) (*Service, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &Service{o: o, busy: busy{at: map[ledger.ID]bool{}}}, nil
}

// followPage is how much unfinished work is read at a time.
const followPage = 100

// Follow brings on what was interrupted: resolutions that are being carried out, and
// acts whose outcome is not known. It is run often.
func (s *Service) Follow(ctx context.Context) error {
	var errs error
	for before := (ledger.ID{}); ; {
		page, err := s.o.Store.Acts(ctx, ActFilter{State: ActUnderWay, Before: before, Limit: followPage})
		if err != nil {
			return err
		}
		for _, a := range page {
			if before = a.ID; a.Dispute.IsZero() {
				_, err := s.perform(ctx, a)
				errs = errors.Join(errs, err)
			}
		}
		if len(page) < followPage {
			break
		}
	}
	for before := (ledger.ID{}); ; {
		page, err := s.o.Store.Disputes(ctx, Filter{State: CarryingOut, Before: before, Limit: followPage})
		if err != nil {
			return errors.Join(errs, err)
		}
		for _, d := range page {
			before = d.ID
			_, err := s.carryOut(ctx, d)
			errs = errors.Join(errs, err)
		}
		if len(page) < followPage {
			return errs
		}
	}
}

// busy keeps two goroutines from the same work. The stores would refuse the second's
// result; this spares the calls.
type busy struct {
	mu sync.Mutex
	at map[ledger.ID]bool
}

func (b *busy) take(id ledger.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at[id] {
		return false
	}
	b.at[id] = true
	return true
}

func (b *busy) leave(id ledger.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.at, id)
}

// newID returns a new ID.
func (s *Service) newID() (ledger.ID, error) {
	var random [10]byte
	if _, err := io.ReadFull(s.o.Random, random[:]); err != nil {
		return ledger.ID{}, fmt.Errorf("support: randomness: %w", err)
	}
	return ledger.NewID(s.o.Now(), random).Root(), nil
}

func (s *Service) now() int64 { return s.o.Now().UnixMilli() }
