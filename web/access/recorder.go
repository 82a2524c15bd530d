package access

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// Bounds of what waits, and of one write.
const (
	queueMax = 8192
	keptMax  = 1024
	writeMax = 1024
)

// Options configure a [Recorder].
type Options struct {
	Store      partners.AccessStore
	Random     io.Reader // safe for concurrent use
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	// Every is how long the first of the entries that are written together waits for
	// the last; default 200 ms.
	Every time.Duration
}

// Recorder takes entries from many goroutines. [Recorder.Run] writes them.
type Recorder struct {
	o       Options
	queue   chan partners.Access
	kept    chan partners.Access
	written prometheus.Counter
	dropped prometheus.Counter
}

// New returns a recorder and registers its metrics.
func New(o Options) (*Recorder, error) {
	if o.Store == nil || o.Random == nil || o.Logger == nil || o.Registerer == nil {
		return nil, errors.New("access: store, randomness, logger and registerer are required")
	}
	if o.Every == 0 {
		o.Every = 200 * time.Millisecond
	}
	r := &Recorder{o: o, queue: make(chan partners.Access, queueMax), kept: make(chan partners.Access, keptMax),
		written: prometheus.NewCounter(prometheus.CounterOpts{Name: "pointgrid_access_log_written_total", Help: "Entries of the access log that were stored."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "pointgrid_access_log_dropped_total", Help: "Entries of the access log that were dropped because the store could not keep pace."})}
	for _, c := range []prometheus.Collector{r.written, r.dropped} {
		if err := o.Registerer.Register(c); err != nil {
			return nil, fmt.Errorf("access: register metrics: %w", err)
		}
	}
	return r, nil
}

// Note hands an entry over, or drops it when there is no room.
func (r *Recorder) Note(a partners.Access) {
	select {
	case r.queue <- a:
	default:
		r.dropped.Inc()
	}
}

// Keep hands an entry over that must not be dropped, and waits for room until the
// context ends.
func (r *Recorder) Keep(ctx context.Context, a partners.Access) {
	select {
	case r.kept <- a:
	case <-ctx.Done():
		r.dropped.Inc()
	}
}

// Accesses reads the log; see [partners.AccessStore].
func (r *Recorder) Accesses(ctx context.Context, f partners.AccessFilter) ([]*partners.Access, error) {
	return r.o.Store.Accesses(ctx, f)
}

// Run writes entries until the context ends, and then those that still wait.
func (r *Recorder) Run(ctx context.Context) {
	batch := make([]partners.Access, 0, writeMax)
	for {
		batch = batch[:0]
		select {
		case <-ctx.Done():
			r.drain(context.WithoutCancel(ctx), batch)
			return
		case a := <-r.kept:
			batch = append(batch, a)
		case a := <-r.queue:
			batch = append(batch, a)
		}
		r.write(ctx, r.gather(ctx, batch))
	}
}

// gather adds what comes until the batch is full or its first entry has waited
// long enough.
func (r *Recorder) gather(ctx context.Context, batch []partners.Access) []partners.Access {
	late := time.NewTimer(r.o.Every)
	defer late.Stop()
	for len(batch) < writeMax {
		select {
		case <-ctx.Done():
			return batch
		case <-late.C:
			return batch
		case a := <-r.kept:
			batch = append(batch, a)
		case a := <-r.queue:
			batch = append(batch, a)
		}
	}
	return batch
}

// drain writes what waits, once.
func (r *Recorder) drain(ctx context.Context, batch []partners.Access) {
	ctx, cancel := context.WithTimeout(ctx, drainPatience)
	defer cancel()
	for {
		select {
		case a := <-r.kept:
			batch = append(batch, a)
		case a := <-r.queue:
			batch = append(batch, a)
		default:
			r.write(ctx, batch)
			return
		}
		if len(batch) == writeMax {
			r.write(ctx, batch)
			batch = batch[:0]
		}
	}
}

const (
	drainPatience = 5 * time.Second
	pauseFirst    = 100 * time.Millisecond
	pauseMax      = 5 * time.Second
)

// write stores a batch, and tries again for as long as the context lasts: what
// comes meanwhile waits, and is dropped when there is no more room.
func (r *Recorder) write(ctx context.Context, batch []partners.Access) {
	if len(batch) == 0 {
		return
	}
	if err := r.name(batch); err != nil {
		r.lost(ctx, len(batch), err)
		return
	}
	for pause := pauseFirst; ; pause = min(2*pause, pauseMax) {
		err := r.o.Store.AppendAccess(context.WithoutCancel(ctx), batch)
		if err == nil {
			r.written.Add(float64(len(batch)))
			return
		}
		r.o.Logger.WarnContext(ctx, "access log not written, will be tried again", "entries", len(batch), "error", err)
		select {
		case <-ctx.Done():
			r.lost(ctx, len(batch), err)
			return
		case <-time.After(pause):
		}
	}
}

func (r *Recorder) lost(ctx context.Context, n int, err error) {
	r.dropped.Add(float64(n))
	r.o.Logger.ErrorContext(ctx, "access log lost", "entries", n, "error", err)
}

// name gives the entries their IDs: random ones that ascend within a batch.
func (r *Recorder) name(batch []partners.Access) error {
	var random [10]byte
	if _, err := io.ReadFull(r.o.Random, random[:]); err != nil {
		return fmt.Errorf("access: randomness: %w", err)
	}
	random[0] &= 0x7f // room to count up
	first := binary.BigEndian.Uint32(random[:4])
	for i := range batch {
		binary.BigEndian.PutUint32(random[:4], first+uint32(i))
		batch[i].ID = ledger.NewID(batch[i].At, random)
	}
	return nil
}
