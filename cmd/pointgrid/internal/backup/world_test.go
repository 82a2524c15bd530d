package backup_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/backup"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/partners"
)

// people is how many members the tests' sandbox has.
const people = 20

// world is a gateway with the companies' hosts, which can be started again on
// another home.
type world struct {
	*testing.T
	site   *sandbox.Site
	config config.Config
	hosts  *sandbox.Hosts
	stop   func()
}

// newWorld seeds a sandbox, on a PostgreSQL database if one is given, and serves it.
func newWorld(t *testing.T, database string) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("seeds a sandbox and restores it some times; run without -short")
	}
	w := &world{T: t, site: &sandbox.Site{Dir: t.TempDir(), DatabaseURL: database}}
	listen, err := sandbox.Address("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if w.config, err = w.site.Config(listen, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.site.Seed(t.Context(), sandbox.Amounts{Members: people, Linked: people}, time.Now); err != nil {
		t.Fatal(err)
	}
	if w.hosts, err = sandbox.StartHosts(w.site, "http://"+listen, people, false, time.Now, quiet()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.hosts.Close(); err != nil {
			t.Error(err)
		}
	})
	if w.config, err = w.site.Config(listen, w.hosts.URLs); err != nil {
		t.Fatal(err)
	}
	w.config.Projection.Enabled = true
	w.serve()
	return w
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// serve runs a gateway on the configured home until [world.end].
func (w *world) serve() {
	w.Helper()
	g, err := gateway.Open(w.Context(), &w.config, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: quiet()})
	if err != nil {
		w.Fatal(err)
	}
	life, stop := context.WithCancel(context.WithoutCancel(w.Context()))
	ended, ready := make(chan error, 1), make(chan string, 1)
	go func() { ended <- g.Serve(life, func(address string) { ready <- address }) }()
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			stop()
			if err := <-ended; err != nil {
				w.Error(err)
			}
		})
	}
	w.Cleanup(w.stop)
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		w.Fatal(err)
	}
}

// airline is the client of the airline's program.
func (w *world) airline() *client.Client {
	w.Helper()
	key, _, err := w.site.Key(sandbox.ClientID("sky"))
	if err != nil {
		w.Fatal(err)
	}
	c, err := client.New(client.Options{BaseURL: "http://" + w.config.Listen, ClientID: sandbox.ClientID("sky"), Key: key.Private, KeyID: key.ID, Now: time.Now})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// ask asks for the n-th conversion, of which every third goes out.
func ask(n int, key string) client.Request {
	body := map[string]any{"source": "SKY", "destination": "EPT", "amount": "300", "link_id": sandbox.LinkID(sandbox.CompanyOf("sky"), 1+n%people).String()}
	if n%3 == 0 {
		body["source"], body["destination"], body["amount"] = "EPT", "SKY", "100"
	}
	return client.Request{Method: "POST", Path: "/v1/conversions", Key: key, Body: body}
}

// load converts with many callers until it is ended.
type load struct {
	done    atomic.Int64
	callers sync.WaitGroup
	stop    func()
	mu      sync.Mutex
	took    []time.Duration
	slow    atomic.Bool // latencies go into the second list
	second  []time.Duration
}

func (w *world) load(callers int) *load {
	w.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(w.Context()))
	l, c := &load{stop: stop}, w.airline()
	for caller := range callers {
		l.callers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				begun, during := time.Now(), l.slow.Load()
				if _, err := c.Do(ctx, ask(caller+n, fmt.Sprintf("%s-%d-%d", w.Name(), caller, n)), nil); err == nil {
					l.note(time.Since(begun), during)
				}
			}
		})
	}
	w.Cleanup(l.end)
	return l
}

func (l *load) note(took time.Duration, during bool) {
	l.done.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if during {
		l.second = append(l.second, took)
	} else {
		l.took = append(l.took, took)
	}
}

// until waits for so many more conversions.
func (l *load) until(t *testing.T, more int64) {
	t.Helper()
	want := l.done.Load() + more
	for begun := time.Now(); l.done.Load() < want; time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("%d conversions within a minute, want %d", l.done.Load(), want)
		}
	}
}

func (l *load) end() {
	l.stop()
	l.callers.Wait()
}

// repository is an empty one.
func repository(t testing.TB) string { return filepath.Join(t.TempDir(), "backups") }

// backedUp makes a backup of the world's home.
func (w *world) backedUp(path string) *backup.Manifest {
	w.Helper()
	r, err := backup.Create(path)
	if err != nil {
		w.Fatal(err)
	}
	defer r.Close()
	m, err := r.Take(w.Context(), w.options())
	if err != nil {
		w.Fatal(err)
	}
	return m
}

func (w *world) options() backup.Options {
	return backup.Options{Config: &w.config, Now: time.Now, Program: backup.Program{Version: "test", Commit: "none"}}
}

// restored restores what a wish leads to into a new home, which is the world's from
// then on, and verifies it.
func (w *world) restored(path string, wish backup.Wish) backup.Verdict {
	w.Helper()
	w.config.DataDir = filepath.Join(w.TempDir(), "home")
	r, err := backup.Open(path)
	if err != nil {
		w.Fatal(err)
	}
	defer r.Close()
	c, err := r.Choose(wish)
	if err != nil {
		w.Fatal(err)
	}
	if err := r.Restore(w.Context(), c, &w.config); err != nil {
		w.Fatal(err)
	}
	v, err := backup.Verify(w.Context(), r, c, &w.config, backup.Surroundings{Now: time.Now, Logger: quiet()})
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func publicKeys(all []partners.Key) map[string]ed25519.PublicKey {
	keys := map[string]ed25519.PublicKey{}
	for _, k := range all {
		if p, ok := k.Public.(ed25519.PublicKey); ok {
			keys[k.ID] = p
		}
	}
	return keys
}
