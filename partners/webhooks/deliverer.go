package webhooks

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Deliverer sends messages. One deliverer works on a store at a time.
type Deliverer struct {
	o      DelivererOptions
	client *http.Client
	record *recorder

	mu    sync.Mutex
	ctx   context.Context // of Run; nil while it does not run
	hard  context.Context // of attempts under way; ends after ctx
	lanes map[ledger.ID]*lane
	wg    sync.WaitGroup // of the lanes, and of who numbers
}

// NewDeliverer returns a deliverer that sends nothing yet, or an error that says
// which option is missing or wrong.
func NewDeliverer(o DelivererOptions) (*Deliverer, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	d := &Deliverer{o: o, client: newHTTPClient(&o), lanes: map[ledger.ID]*lane{}}
	d.record = &recorder{d: d, queue: make(chan *Message, recordsMax)}
	return d, nil
}

// endpointsPage is how many endpoints are read at a time.
const endpointsPage = 200

// Run sends what is due until the context ends, then lets attempts under way
// finish for the grace and stores their outcome. What was not stored is sent
// again by the next Run, with the same webhook-id.
func (d *Deliverer) Run(ctx context.Context) {
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(d.o.Grace, cancel)
		context.AfterFunc(hard, func() { timer.Stop() })
	})()
	d.mu.Lock()
	d.ctx, d.hard = ctx, hard
	d.mu.Unlock()
	recorded := make(chan struct{})
	go func() {
		defer close(recorded)
		d.record.run(hard)
	}()
	d.o.Store.Notify(d.Wake)
	if d.o.NumberEvery > 0 {
		d.wg.Go(func() { d.number(ctx) })
	}
	for err := d.startAll(ctx); err != nil && ctx.Err() == nil; err = d.startAll(ctx) {
		d.o.Logger.Error("webhooks: endpoints cannot be read; it will be tried again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(storePause):
		}
	}
	<-ctx.Done()
	d.mu.Lock()
	d.ctx = nil // no new lanes
	d.mu.Unlock()
	d.wg.Wait()
	close(d.record.queue)
	<-recorded
	d.client.CloseIdleConnections()
}

// number makes messages of what other gateways publish.
func (d *Deliverer) number(ctx context.Context) {
	for {
		n, err := d.o.Store.Number(ctx)
		if err != nil && ctx.Err() == nil {
			d.o.Logger.Error("webhooks: what was published cannot be numbered; it will be tried again", "error", err)
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(d.o.NumberEvery):
		}
	}
}

func (d *Deliverer) startAll(ctx context.Context) error {
	for after := (ledger.ID{}); ; {
		page, err := d.o.Store.Endpoints(ctx, "", after, endpointsPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			d.Wake(e.ID)
			after = e.ID
		}
		if len(page) < endpointsPage {
			return nil
		}
	}
}

// Wake has an endpoint looked at: it has new messages, or was changed.
func (d *Deliverer) Wake(endpoint ledger.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l, ok := d.lanes[endpoint]; ok {
		l.poke()
		return
	}
	ctx := d.ctx
	if ctx == nil || ctx.Err() != nil {
		return
	}
	l := newLane(d, endpoint)
	d.lanes[endpoint] = l
	d.wg.Go(func() { l.run(ctx) })
}

// retire takes a lane off the list, unless it was poked meanwhile.
func (d *Deliverer) retire(l *lane) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(l.wake) > 0 && d.ctx != nil && d.ctx.Err() == nil {
		return false
	}
	delete(d.lanes, l.id)
	return true
}

// settled is told of messages whose outcome is stored. Their lanes look again:
// one may be due again, or was asked for again meanwhile.
func (d *Deliverer) settled(all []*Message) {
	touched := map[*lane]struct{}{}
	for _, m := range all {
		if l := d.lane(m); l != nil {
			l.forget(m.Sequence)
			touched[l] = struct{}{}
		}
	}
	for l := range touched {
		l.poke()
	}
}

// lane returns the lane of a message. Nobody holds the deliverer's lock when it
// takes a lane's: a lane that stores what it learned is notified while it holds
// its own.
func (d *Deliverer) lane(m *Message) *lane {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lanes[m.Endpoint]
}
