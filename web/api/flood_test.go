package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/api"
	"github.com/pointgrid/pointgrid/web/origin"
)

// behindProxy believes X-Forwarded-For of this machine, so that a test can come from many
// addresses.
func behindProxy(t *testing.T) func(*api.Options) {
	t.Helper()
	finder, err := origin.New(origin.Options{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	must(t, err)
	return func(o *api.Options) { o.Origin = finder }
}

// flood asks from several goroutines until it is told to stop, and counts.
func flood(stop <-chan struct{}, ask func(n int64) int) (asked, limited *atomic.Int64, wait func()) {
	asked, limited = &atomic.Int64{}, &atomic.Int64{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status := ask(asked.Add(1)); status == http.StatusTooManyRequests {
					limited.Add(1)
				}
			}
		})
	}
	return asked, limited, all.Wait
}

// TestAFloodHoldsNobodyElseUp floods with one client's good token, with bad tokens and
// with requests for tokens, and asks as another client meanwhile.
func TestAFloodHoldsNobodyElseUp(t *testing.T) {
	for name, ask := range map[string]func(w *world, n int64) int{
		"of one client": func(w *world, _ int64) int { return w.as("shop-app").get("/v1/programmes").status },
		"of bad tokens": func(w *world, _ int64) int {
			return w.bearing("x.y.z").do("GET", "/v1/links", "", "X-Forwarded-For", "198.51.100.7").status
		},
		"of requests for a token": func(w *world, _ int64) int {
			return w.nobody().do("POST", "/oauth2/token", "grant_type=x", "Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", "198.51.100.7").status
		},
		"of bodies without an end": func(w *world, _ int64) int {
			return w.as("shop-app").post("/v1/quotes", strings.Repeat("[", 4096)).status
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, behindProxy(t), func(o *api.Options) { o.Limits = api.Limits{Read: 20, Write: 20, Tokens: 20, Strangers: 20} })
			w.as("shop-app").get("/v1/programmes").is(200) // has its token
			sky := w.as("sky-app")
			stop := make(chan struct{})
			asked, limited, wait := flood(stop, func(n int64) int { return ask(w, n) })
			for deadline := time.Now().Add(10 * time.Second); limited.Load() < 200 && time.Now().Before(deadline); {
				time.Sleep(time.Millisecond)
			}
			for range 10 {
				began := time.Now()
				sky.get("/v1/programmes").is(200)
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("another client waited %s", took)
				}
			}
			close(stop)
			wait()
			if limited.Load() < 200 || asked.Load()-limited.Load() > 200 {
				t.Errorf("of %d requests %d were refused", asked.Load(), limited.Load())
			}
		})
	}
}

// TestManyAddressesTakeNoMemory asks for tokens from more addresses than are remembered,
// as who has a network of machines does.
func TestManyAddressesTakeNoMemory(t *testing.T) {
	w := newWorld(t, behindProxy(t), func(o *api.Options) { o.Access, o.Logger = nobodysLog{}, slog.New(slog.DiscardHandler) })
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	ask := func(n int) {
		from := netip.AddrFrom4([4]byte{198, byte(n >> 16), byte(n >> 8), byte(n)})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://pointgrid.test/oauth2/token", strings.NewReader("grant_type=x"))
		must(t, err)
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", from.String())
		answer := &discarded{header: http.Header{}}
		w.handler.ServeHTTP(answer, r)
		if answer.status != http.StatusBadRequest {
			t.Fatalf("from %s: %d", from, answer.status)
		}
	}
	for n := range 100_000 {
		ask(n)
	}
	if after := heap(); after > before+48<<20 {
		t.Errorf("100,000 addresses took %d MiB", (after-before)>>20)
	}
	w.as("sky-app").get("/v1/programmes").is(200)
}

// nobodysLog keeps nothing, so that what is measured is not what a test remembers.
type nobodysLog struct{}

func (nobodysLog) Note(partners.Access)                  {}
func (nobodysLog) Keep(context.Context, partners.Access) {}
func (nobodysLog) Accesses(context.Context, partners.AccessFilter) ([]*partners.Access, error) {
	return nil, nil
}

// discarded is an answer that nobody keeps.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) WriteHeader(status int)      { d.status = status }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }

func TestMetricsAreReadFromThisMachineAndListedNetworksOnly(t *testing.T) {
	w := newWorld(t, behindProxy(t), func(o *api.Options) { o.Scrapers = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")} })
	for from, want := range map[string]int{"": 200, "10.1.2.3": 200, "10.2.2.3": 403, "198.51.100.7": 403} {
		var header []string
		if from != "" {
			header = []string{"X-Forwarded-For", from}
		}
		if a := w.nobody().do("GET", "/metrics", "", header...); a.status != want || strings.Contains(string(a.body), "pointgrid_http") != (want == 200) {
			t.Errorf("from %q: %d", from, a.status)
		}
	}
	direct := newWorld(t)
	if a := direct.nobody().do("GET", "/metrics", "", "X-Forwarded-For", "127.0.0.1"); a.status != 403 {
		t.Errorf("behind a proxy that nobody listed: %d", a.status)
	}
}

func TestTheMetadataLeadsToTheTokenEndpoint(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.FAPI = true })
	a := w.nobody().get("/.well-known/oauth-authorization-server").is(200)
	var said struct {
		Issuer    string
		Endpoint  string   `json:"token_endpoint"`
		Methods   []string `json:"token_endpoint_auth_methods_supported"`
		Algorithm []string `json:"token_endpoint_auth_signing_alg_values_supported"`
		Bound     bool     `json:"tls_client_certificate_bound_access_tokens"`
	}
	must(t, json.Unmarshal(a.body, &said))
	if said.Issuer != "https://api.pointgrid.example" || said.Endpoint != said.Issuer+"/oauth2/token" || len(said.Methods) != 1 || strings.Contains(strings.Join(said.Algorithm, " "), "RS256") || !said.Bound {
		t.Errorf("says %s", a.body)
	}
	if got := a.header.Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains" {
		t.Errorf("Strict-Transport-Security is %q", got)
	}
}
