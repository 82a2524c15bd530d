package webhooks

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

const (
	// duePage is how many messages are read at a time.
	duePage = 256
	// idleMax is how long a lane sleeps that nobody wakes. Nothing relies on it but
	// what was written without this process knowing.
	idleMax = time.Minute
	// storePause is how long a lane waits for a store that does not answer.
	storePause = time.Second
)

// lane delivers to one endpoint.
type lane struct {
	d     *Deliverer
	id    ledger.ID
	wake  chan struct{}
	slots chan struct{}

	mu       sync.Mutex
	inFlight map[int64]struct{} // being sent, or sent and not recorded
	breaker  breaker
	endpoint *Endpoint // as it was read last
	signer   *signer
}

func newLane(d *Deliverer, id ledger.ID) *lane {
	return &lane{d: d, id: id, wake: make(chan struct{}, 1), slots: make(chan struct{}, d.o.Concurrency),
		inFlight: map[int64]struct{}{}, breaker: breaker{o: &d.o}}
}

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run goes on until the context ends or the endpoint is not to be sent anything,
// and waits for the attempts under way.
func (l *lane) run(ctx context.Context) {
	var attempts sync.WaitGroup
	for {
		pause := storePause
		going, err := l.refresh(ctx)
		if err == nil && going {
			pause, err = l.dispatch(ctx, &attempts)
		}
		if err != nil && ctx.Err() == nil {
			l.d.o.Logger.Error("webhooks: cannot be delivered now", "endpoint", l.id.String(), "error", err)
		}
		if ctx.Err() != nil || err == nil && !going {
			attempts.Wait()
			if l.d.retire(l) {
				return
			}
			continue
		}
		l.sleep(ctx, pause)
	}
}

func (l *lane) sleep(ctx context.Context, pause time.Duration) {
	if pause <= 0 {
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-l.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// refresh reads the endpoint, and reports whether it is to be sent anything.
func (l *lane) refresh(ctx context.Context) (going bool, err error) {
	e, err := l.d.o.Store.Endpoint(ctx, l.id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil || e.Status != Enabled {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.endpoint != nil && l.endpoint.Version == e.Version {
		return true, nil
	}
	signer, err := newSigner(e, l.d.o.Sealer)
	if err != nil {
		return false, err
	}
	if l.endpoint != nil && l.endpoint.URL != e.URL {
		l.breaker = breaker{o: &l.d.o} // it may be the cure
	}
	l.endpoint, l.signer = e, signer
	return true, nil
}

// dispatch begins to send what is due, and returns how long there is nothing
// more to do.
func (l *lane) dispatch(ctx context.Context, attempts *sync.WaitGroup) (pause time.Duration, err error) {
	now := l.d.o.Now()
	room, pause := l.room(now)
	if room == 0 {
		return pause, nil
	}
	due, next, err := l.d.o.Store.Due(ctx, l.id, now.UnixMilli(), room)
	if err != nil {
		return storePause, err
	}
	begun := 0
	for _, m := range due {
		if !l.claim(m.Sequence) {
			continue
		}
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			l.forget(m.Sequence)
			return 0, nil
		}
		e, s, ok := l.open(m.Sequence)
		if !ok {
			return 0, nil // the endpoint broke while we waited for a slot
		}
		begun++
		attempts.Go(func() {
			defer func() { <-l.slots }()
			l.attempt(e, s, m)
		})
	}
	if begun > 0 && len(due) == room {
		return 0, nil // there may be more
	}
	pause = idleMax
	if next > 0 {
		pause = min(pause, max(time.UnixMilli(next).Sub(l.d.o.Now()), time.Millisecond))
	}
	return pause, nil
}

// room returns how many messages to read, those under way included, or how long
// to wait before the next.
func (l *lane) room(now time.Time) (n int, pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	probing, wait := l.breaker.state(now)
	switch {
	case wait > 0:
		return 0, wait
	case probing && len(l.inFlight) > 0:
		return 0, idleMax // the end of an attempt wakes
	case probing:
		return 1, 0
	}
	return duePage + len(l.inFlight), 0
}

// claim takes a message that nobody has.
func (l *lane) claim(sequence int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, taken := l.inFlight[sequence]; taken {
		return false
	}
	l.inFlight[sequence] = struct{}{}
	return true
}

// open returns with what a claimed message is sent, or gives it back with its
// slot: while it waited for the slot the endpoint broke.
func (l *lane) open(sequence int64) (*Endpoint, *signer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	probing, wait := l.breaker.state(l.d.o.Now())
	if wait > 0 || probing && len(l.inFlight) > 1 {
		delete(l.inFlight, sequence)
		<-l.slots
		return nil, nil, false
	}
	return l.endpoint, l.signer, true
}

// forget gives back a message.
func (l *lane) forget(sequence int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.inFlight, sequence)
}
