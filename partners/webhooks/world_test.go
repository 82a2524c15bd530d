package webhooks_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/partners/webhooks/webhookstest"
)

// world is a deliverer over a store in memory, which may call this machine.
type world struct {
	t       testing.TB
	store   webhooks.Store
	service *webhooks.Service
	options webhooks.DelivererOptions
	guard   webhooks.Guard
	sealer  *webhooks.Sealer
	log     *safeBuffer

	mu       sync.Mutex
	outcomes map[string]int
	stop     func() // ends the deliverer and waits for it
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newWorld(t testing.TB, change ...func(*webhooks.DelivererOptions)) *world {
	return newWorldOn(t, webhookstest.NewMemory(time.Now), change...)
}

func newWorldOn(t testing.TB, store webhooks.Store, change ...func(*webhooks.DelivererOptions)) *world {
	t.Helper()
	w := &world{t: t, store: store, log: &safeBuffer{}, outcomes: map[string]int{},
		guard: webhooks.Guard{Allow: loopback, AllowHTTP: true}}
	sealer, err := webhooks.NewSealer(make([]byte, webhooks.SealKeyBytes), rand.Reader)
	must(t, err)
	w.sealer = sealer
	w.options = webhooks.DelivererOptions{Store: store, Sealer: sealer, Guard: w.guard, Timeout: 5 * time.Second, Grace: time.Second,
		Schedule: []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond}, PauseFirst: 10 * time.Millisecond,
		PauseMax: 50 * time.Millisecond, Now: time.Now, Rand: mathrand.Int64N, Logger: slog.New(slog.NewTextHandler(w.log, nil)), Observe: w.observe}
	for _, c := range change {
		c(&w.options)
	}
	w.run()
	return w
}

// run starts a deliverer, again after it was stopped.
func (w *world) run() {
	w.t.Helper()
	d, err := webhooks.NewDeliverer(w.options)
	must(w.t, err)
	w.service, err = webhooks.NewService(webhooks.ServiceOptions{Store: w.store, Sealer: w.sealer, Guard: w.guard, Now: w.options.Now,
		Random: rand.Reader, Wake: d.Wake})
	must(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			cancel()
			running.Wait()
		})
	}
	w.t.Cleanup(w.stop)
}

func (w *world) observe(o webhooks.Observation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes[o.Outcome]++
}

func (w *world) count(outcome string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.outcomes[outcome]
}

// endpoint makes one of the partner sky that is told of everything.
func (w *world) endpoint(url string) ledger.ID {
	w.t.Helper()
	e, err := w.service.Create(context.Background(), "sky", webhooks.Wish{URL: url})
	must(w.t, err)
	return e.ID
}

func (w *world) publish(n int) {
	w.t.Helper()
	for range n {
		must(w.t, w.store.Publish(context.Background(), webhooks.Event{Type: webhooks.ConversionCompleted, Partners: []string{"sky"},
			At: 1_772_328_600_250, Data: webhooks.Conversion{ConversionID: "c", Amount: "1"}}))
	}
}

func (w *world) message(endpoint ledger.ID, sequence int64) *webhooks.Message {
	w.t.Helper()
	m, err := w.store.Message(context.Background(), endpoint, sequence)
	must(w.t, err)
	return m
}

// becomes waits until a message is in a state.
func (w *world) becomes(endpoint ledger.ID, sequence int64, want webhooks.State) *webhooks.Message {
	w.t.Helper()
	var m *webhooks.Message
	eventually(w.t, "message to be "+string(want), func() bool {
		m = w.message(endpoint, sequence)
		return m.State == want
	})
	return m
}

func (w *world) standing(endpoint ledger.ID) *webhooks.Endpoint {
	w.t.Helper()
	e, err := w.store.Endpoint(context.Background(), endpoint)
	must(w.t, err)
	return e
}

// receiver is a partner's server, which keeps what it gets.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []request
}

type request struct {
	header http.Header
	body   []byte
}

// newReceiver answers the n-th request, from 1, as it is told.
func newReceiver(t testing.TB, answer func(n int, out http.ResponseWriter, in *http.Request)) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.got = append(r.got, request{in.Header.Clone(), body})
		n := len(r.got)
		r.mu.Unlock()
		answer(n, out, in)
	}))
	t.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})
	return r
}

func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]request(nil), r.got...)
}

func always(status int) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, out http.ResponseWriter, _ *http.Request) { out.WriteHeader(status) }
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t testing.TB, what string, ask func() bool) {
	t.Helper()
	for began := time.Now(); !ask(); time.Sleep(2 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

// safeBuffer is a log that is read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
