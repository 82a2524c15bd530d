package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// Service is the exchange. Its methods may be called from many goroutines. One
// service works on a store at a time, or one for each slot of a cluster.
type Service struct {
	o     Options
	rates *rates
	slots *slots
	cache caches
	gates *gates
	turns *turnstile
	shift *workflow.Shift // what is under way

	conversions *crew[Conversion]
	reversals   *crew[Reversal]
	callers     callers
	allotments  allotments

	random struct {
		sync.Mutex
		io.Reader
	}
}

// New returns a service that has not begun yet, or an error that says which
// option is missing or wrong.
func New(o Options) (*Service, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Service{o: o, rates: newRates(&o), slots: newSlots(o.Slot), cache: newCaches(&o), gates: newGates(&o), turns: newTurnstile(newPace(o.TurnsMax, o.TurnTarget, o.Timer), o.TurnPatience), shift: workflow.NewShift()}
	s.callers.running = map[caller]ledger.Hash{}
	s.allotments.taken = map[allotted]int64{}
	s.random.Reader = o.Random
	s.conversions = newCrew(s.shift, &o, craft[Conversion]{
		what: "conversion", step: s.stepConversion, done: func(c *Conversion) bool { return c.Step == StepDone },
		at:     func(c *Conversion) Step { return c.Step },
		along:  func(c *Conversion) bool { return c.Step == StepLedger || c.Step == StepHold },
		stride: s.strideConversions, saveAll: o.Store.UpdateConversions,
		load: o.Store.Conversion, save: o.Store.UpdateConversion, ended: s.observeConversion,
	})
	s.reversals = newCrew(s.shift, &o, craft[Reversal]{
		what: "reversal", step: s.stepReversal, done: func(r *Reversal) bool { return r.Step == StepDone },
		at:   func(r *Reversal) Step { return r.Step },
		load: o.Store.Reversal, save: o.Store.UpdateReversal, ended: s.observeReversal,
	})
	return s, nil
}

// Start takes up what an earlier process left unfinished, and goes on doing so
// from time to time until [Service.Close]. It returns an error when the ledger
// or the store cannot be read, or the ledger's hub is another one.
func (s *Service) Start(ctx context.Context) error {
	alliance, err := s.o.Ledger.Alliance(ctx)
	if err != nil {
		return fmt.Errorf("exchange: alliance: %w", err)
	}
	if alliance.Hub != s.o.Hub {
		return fmt.Errorf("exchange: the ledger's hub is %s, not %s", alliance.Hub, s.o.Hub)
	}
	if _, err := s.o.Store.UnfinishedConversions(ctx, ledger.ID{}, 1); err != nil {
		return fmt.Errorf("exchange: unfinished conversions: %w", err)
	}
	if !s.shift.Enter() {
		return errors.New("exchange: closed")
	}
	go func() {
		defer s.shift.Leave()
		s.recoverAll()
	}()
	return nil
}

// Close takes no more requests and waits until everything under way has ended
// or stands at a step that is on disk. When ctx ends first it interrupts what
// is under way, which is then taken up again after the next Start.
func (s *Service) Close(ctx context.Context) error {
	if err := s.shift.End(ctx); err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	return nil
}

// identity is as whom a party speaks to the ledger.
func (s *Service) identity(p Party) (ledger.Identity, error) {
	if p.Utility() {
		return ledger.Identity{MSP: s.o.Identity.MSP, Subject: p.Client}, nil
	}
	company, err := s.company(p)
	if err != nil {
		return ledger.Identity{}, err
	}
	return ledger.Identity{MSP: company.MSP, Subject: p.Client}, nil
}

// company is the partner that a party belongs to.
func (s *Service) company(p Party) (*partners.Partner, error) {
	company, ok := s.o.Registry.Partner(p.Partner)
	if !ok {
		return nil, refuse(CodeNotYours, "the client's company is not registered")
	}
	return company, nil
}

// newID returns a new ID whose last bits are free for the steps of a workflow.
func (s *Service) newID() (ledger.ID, error) {
	var random [10]byte
	s.random.Lock()
	_, err := io.ReadFull(s.random.Reader, random[:])
	s.random.Unlock()
	if err != nil {
		return ledger.ID{}, fmt.Errorf("exchange: randomness: %w", err)
	}
	id := ledger.NewID(s.o.Now(), random).Root()
	if s.o.Slot != nil {
		id[slotByte] = *s.o.Slot
	}
	return id, nil
}

func (s *Service) now() int64 { return s.o.Now().UnixMilli() }
