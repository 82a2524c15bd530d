package partnersim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// shutdownPatience is how long Serve waits for calls under way when it ends.
const shutdownPatience = 5 * time.Second

// Host is a partner's loyalty system. It is safe for concurrent use.
type Host struct {
	o        Options
	store    *store
	verifier *signature.Verifier
	faults   *Faults
	forcing  *forcing
	orders   atomic.Uint64

	memberLocks, transferLocks, reversalLocks stripes

	stopping chan struct{} // closed when the host ends: nobody hangs any longer
	stop     func()
	calls    sync.WaitGroup // handlers that may use the store
}

// Open opens the books, or begins new ones with their members. It returns an
// error if the options are wrong, the books are of another programme, or are in
// use.
func Open(o Options) (*Host, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	verifier, err := signature.NewVerifier(signature.VerifierOptions{
		Keys: o.Keys, Clock: o.Clock, Authority: o.Authority, PathPrefix: o.PathPrefix,
	})
	if err != nil {
		return nil, err
	}
	s, err := openStore(o.Dir, o.FS, o.Logger)
	if err != nil {
		return nil, err
	}
	h := &Host{o: o, store: s, verifier: verifier, faults: newFaults(), forcing: newForcing(o.ForcedAmounts), stopping: make(chan struct{})}
	h.stop = sync.OnceFunc(func() { close(h.stopping) })
	if err := h.begin(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return h, nil
}

// Close waits for the calls under way and closes the books. Call it once, when
// nothing serves the handler any longer.
func (h *Host) Close() error {
	h.stop()
	h.calls.Wait()
	return h.store.close()
}

// Faults returns the faults that the host is told to have.
func (h *Host) Faults() *Faults { return h.faults }

// Serve answers requests on a listener until the context ends, and then lets
// those under way finish. It does not close the books.
func (h *Host) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: h.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(h.o.Logger.Handler(), slog.LevelDebug),
	}
	stopped := context.AfterFunc(ctx, h.stop)
	defer stopped()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("partnersim: serve: %w", err)
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownPatience)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		// What is cut off is a caller who hangs, or a connection that was opened and
		// never used; work that was done is on disk.
		err = server.Close()
	}
	return err
}

// about says what the books are of, and counts the starts.
type about struct {
	programme string
	scale     byte
	starts    int64
	seeded    bool
}

func (a *about) encode() []byte {
	b := appendText(newRecord(32), a.programme)
	b = appendInt(append(b, a.scale), a.starts)
	if a.seeded {
		return append(b, 1)
	}
	return append(b, 0)
}

func (a *about) decode(b []byte) error {
	r := readRecord(b)
	a.programme = r.text()
	a.scale = r.byte()
	a.starts = r.int()
	a.seeded = r.byte() == 1
	return r.done()
}

// begin checks what the books are of, opens the first members, and gives this
// start its number, so that no reference is used twice.
func (h *Host) begin() error {
	a := about{programme: h.o.Programme, scale: h.o.Scale}
	if _, err := h.store.get([]byte{keyAbout}, a.decode); err != nil {
		return err
	}
	if a.programme != h.o.Programme || a.scale != h.o.Scale {
		return fmt.Errorf("partnersim: the books are of programme %s with scale %d, not %s with scale %d", a.programme, a.scale, h.o.Programme, h.o.Scale)
	}
	if !a.seeded {
		if err := h.seed(); err != nil {
			return err
		}
		a.seeded = true
	}
	a.starts++
	if err := h.store.db.Set([]byte{keyAbout}, a.encode(), pebble.Sync); err != nil {
		return fmt.Errorf("partnersim: write books: %w", err)
	}
	h.orders.Store(uint64(a.starts) << orderBits)
	return nil
}

// membersMax bounds how many members are opened at first.
const membersMax = 10_000_000

// seedBatch is how many members one batch opens.
const seedBatch = 10_000

// seed opens the first members. It is repeated from the beginning if it was
// interrupted, before anything else was written.
func (h *Host) seed() error {
	a := account{balance: h.o.Balance, opened: h.o.Balance}
	value := a.encode()
	for next := 1; next <= h.o.Members; {
		batch := h.store.db.NewBatch()
		for end := min(next+seedBatch-1, h.o.Members); next <= end; next++ {
			if err := batch.Set(memberKey(seededMember(h.o.Prefix, next)), value, nil); err != nil {
				return err
			}
		}
		if err := batch.Commit(pebble.NoSync); err != nil { // begin syncs
			return fmt.Errorf("partnersim: write books: %w", err)
		}
		if err := batch.Close(); err != nil {
			return fmt.Errorf("partnersim: write books: %w", err)
		}
	}
	return nil
}

// seededMember is the number of the n-th first member.
func seededMember(prefix string, n int) string { return fmt.Sprintf("%s-%06d", prefix, n) }
