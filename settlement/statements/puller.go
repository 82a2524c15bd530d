package statements

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// Wanted is a statement that is missing.
type Wanted struct {
	Partner string
	Day     ledger.Date
	// Again says that one is there, which may be another by now. It is asked for
	// once in [AgainEvery].
	Again bool
}

// AgainEvery is how often a statement that is there is fetched again.
const AgainEvery = 6 * time.Hour

// PullerOptions are the parts of a [Puller]; all are needed.
type PullerOptions struct {
	Service *Service
	// Host is the partner's system, nil for one whose statements are not fetched.
	Host func(partner string) connector.Host
	// Wanted returns what is missing and may be fetched now, oldest first.
	Wanted func(ctx context.Context) ([]Wanted, error)
	// Patience bounds what one statement may take.
	Patience time.Duration
	Now      func() time.Time // the machine's clock
	Logger   *slog.Logger
}

// Puller fetches statements from partners' Connector APIs. A partner that does not
// answer, or has no statement yet, is asked again later, and keeps nobody else
// waiting.
type Puller struct {
	o    PullerOptions
	mu   sync.Mutex
	asks map[string]*asking   // by partner
	last map[Wanted]time.Time // when one that was there was asked for
	work sync.WaitGroup
}

// asking is how a partner is being asked.
type asking struct {
	underWay bool
	failures int
	next     time.Time
}

// How long a partner is left alone after a failure: doubled each time.
const (
	pauseFirst = 15 * time.Second
	pauseMax   = 15 * time.Minute
)

// NewPuller returns a puller. It asks nobody yet.
func NewPuller(o PullerOptions) *Puller {
	return &Puller{o: o, asks: map[string]*asking{}, last: map[Wanted]time.Time{}}
}

// Begin asks those partners whose turn it is, each in a goroutine of its own, and
// returns without waiting. Now says to ask also those that are being left alone.
func (p *Puller) Begin(ctx context.Context, now bool) error {
	wanted, err := p.o.Wanted(ctx)
	if err != nil {
		return fmt.Errorf("statements: %w", err)
	}
	days := map[string][]ledger.Date{}
	for _, w := range wanted {
		if w.Again && !p.again(w, now) {
			continue
		}
		days[w.Partner] = append(days[w.Partner], w.Day)
	}
	for partner, missing := range days {
		if host := p.o.Host(partner); host != nil && p.turn(partner, now) {
			p.work.Go(func() { p.done(partner, p.fetch(ctx, partner, host, missing)) })
		}
	}
	return nil
}

// Wait returns when nobody is being asked any more.
func (p *Puller) Wait() { p.work.Wait() }

// again reports whether one that is there is to be asked for again. When it was
// last asked for is forgotten with the process, which costs a call.
func (p *Puller) again(w Wanted, now bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.o.Now()
	if last, asked := p.last[w]; asked && !now && at.Before(last.Add(AgainEvery)) {
		return false
	}
	for other, last := range p.last {
		if at.Sub(last) > 4*AgainEvery {
			delete(p.last, other)
		}
	}
	p.last[w] = at
	return true
}

func (p *Puller) turn(partner string, now bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.asks[partner]
	if a == nil {
		a = &asking{}
		p.asks[partner] = a
	}
	if a.underWay || !now && p.o.Now().Before(a.next) {
		return false
	}
	a.underWay = true
	return true
}

func (p *Puller) done(partner string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.asks[partner]
	a.underWay = false
	if err == nil {
		a.failures, a.next = 0, time.Time{}
		return
	}
	pause := min(pauseFirst<<min(a.failures, 10), pauseMax)
	a.failures, a.next = a.failures+1, p.o.Now().Add(pause)
	p.o.Logger.Warn("a statement could not be fetched and is asked for again", "partner", partner, "after", pause.String(), "error", err)
}

// fetch fetches one day after the other, and ends at the first that does not come.
func (p *Puller) fetch(ctx context.Context, partner string, host connector.Host, missing []ledger.Date) error {
	for _, day := range missing {
		if err := p.fetchOne(ctx, partner, host, day); err != nil {
			return fmt.Errorf("day %s: %w", day, err)
		}
	}
	return nil
}

// errRefused: what came was no statement. It is on record, and may be put right.
var errRefused = errors.New("what the partner sent was refused")

func (p *Puller) fetchOne(ctx context.Context, partner string, host connector.Host, day ledger.Date) error {
	ctx, cancel := context.WithTimeout(ctx, p.o.Patience)
	defer cancel()
	from, err := host.Statement(ctx, day.In(time.UTC))
	if err != nil {
		return err
	}
	receipt, err := p.o.Service.Receive(ctx, Delivery{Partner: partner, Day: day, Name: day.String() + ".csv", Source: Connector, By: "connector"}, from)
	err = errors.Join(err, from.Close())
	if err == nil && receipt.Statement.Refused {
		err = errRefused
	}
	return err
}
