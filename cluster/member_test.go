package cluster_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/ledger"
)

func TestLanesAreSpreadEvenly(t *testing.T) {
	w := newWorld(t, 6)
	all := []*gateway{w.join()}
	w.serving(all...)
	even := func(n int) func() bool {
		return func() bool {
			for _, g := range all {
				if len(g.Status().Held) != n {
					return false
				}
			}
			return true
		}
	}
	all = append(all, w.join(), w.join())
	w.eventually("each of three serves two lanes", even(2))
	gone := all[1]
	all = []*gateway{all[0], all[2]}
	if err := gone.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventually("each of two serves three lanes", even(3))
}

// candidate stands and counts who leads.
func candidate(g *gateway, leads *atomic.Int32, name string) {
	g.Stand(cluster.Leading{
		Start:  func(context.Context) error { leads.Add(1); return nil },
		Stop:   func() { leads.Add(-1) },
		Failed: func(error) {},
		Left:   func(context.Context) ([]uint8, error) { return nil, nil },
		Adopt:  func(...uint8) {},
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			rw.Header().Set("X-From", r.RemoteAddr)
			io.WriteString(rw, name+" "+r.Host+" "+r.Header.Get("X-Forwarded-For")+" "+string(b)) //nolint:errcheck
		})})
}

func TestOneGatewayLeads(t *testing.T) {
	w := newWorld(t, 1)
	first, second := w.join(), w.join()
	var leads atomic.Int32
	candidate(first, &leads, "first")
	w.eventually("the first leads", first.Leads)
	candidate(second, &leads, "second")
	first.StandDown()
	if leads.Load() != 0 && !second.Leads() {
		t.Error("it still leads after it stood down")
	}
	w.eventually("the second leads", second.Leads)
	if n := leads.Load(); n != 1 {
		t.Errorf("%d lead", n)
	}
	second.Kill()
}

func TestRequestsReachTheLeaderAsTheyAre(t *testing.T) {
	w := newWorld(t, 1)
	first, second := w.join(), w.join()
	var leads atomic.Int32
	here := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "here") })
	nobody := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
	everywhere := func(r *http.Request) bool { return r.URL.Path == "/everywhere" }
	server := httptest.NewServer(second.Forward(here, everywhere, nobody))
	defer server.Close()
	post := func(path string) (int, string, http.Header) {
		r, err := http.NewRequest("POST", server.URL+path, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "gateway.example"
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		r.Header.Set("Pointgrid-Remote-Address", "198.51.100.1:1")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(b), answer.Header
	}
	if status, _, _ := post("/elsewhere"); status != http.StatusServiceUnavailable {
		t.Errorf("without a leader the answer is %d", status)
	}
	candidate(first, &leads, "first")
	w.eventually("the second sees that the first leads", func() bool {
		g, _, ok := second.Status().View.Holder(cluster.Lead)
		return ok && g.Slot == first.Slot() && first.Leads()
	})
	status, body, header := post("/elsewhere")
	if status != http.StatusOK || body != "first gateway.example 203.0.113.9 body" || !strings.HasPrefix(header.Get("X-From"), "127.0.0.1:") {
		t.Errorf("forwarded: %d %q from %q", status, body, header.Get("X-From"))
	}
	if _, body, _ := post("/everywhere"); body != "here" {
		t.Errorf("what is served everywhere was answered %q", body)
	}
}

func TestAStrangerIsNotAnswered(t *testing.T) {
	w := newWorld(t, 1)
	g := w.join()
	w.serving(g)
	stranger := w.join(func(o *cluster.Options) { // it has the database, and not the key
		o.Secret, o.Patience = []byte("another secret of thirty-two bytes"), 300*time.Millisecond
	})
	w.eventually("the stranger sees the owner", func() bool { return len(stranger.Status().View.Duties) > 0 })
	if _, err := stranger.Ledger().Submit(t.Context(), utility, issue(1, 0)); !errors.Is(err, ledger.ErrBusy) || w.alliance.count() != 0 {
		t.Errorf("a stranger's command ended with %v", err)
	}
	if _, err := http.Get("http://" + addressOf(t, g) + "/console"); err == nil {
		if r, _ := http.Get("http://" + addressOf(t, g) + "/console"); r.StatusCode == http.StatusOK {
			t.Error("the internal listener answers without TLS")
		}
	}
}

func addressOf(t *testing.T, g *gateway) string {
	t.Helper()
	for _, one := range g.Status().View.Gateways {
		if one.Slot == g.Slot() {
			return one.Address
		}
	}
	t.Fatal("the gateway does not see itself")
	return ""
}

func TestWhatADeadGatewayLeftIsTheLeadersOnceItIsSilent(t *testing.T) {
	w := newWorld(t, 2)
	leader := w.join()
	w.serving(leader)
	const stray = 200 // a slot that nobody has, of which something is left all the same
	var mu sync.Mutex
	var adopted, left []uint8
	carriesOn := func(slot uint8) bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(adopted, slot)
	}
	setLeft := func(slots ...uint8) {
		mu.Lock()
		defer mu.Unlock()
		left = slots
	}
	leader.Stand(cluster.Leading{Start: func(context.Context) error { return nil }, Stop: func() {}, Handler: http.NotFoundHandler(),
		Adopt: func(slots ...uint8) {
			mu.Lock()
			defer mu.Unlock()
			adopted = slots
		},
		Left: func(context.Context) ([]uint8, error) {
			mu.Lock()
			defer mu.Unlock()
			return left, nil
		}})
	dead := w.join()
	setLeft(dead.Slot().Number, stray)
	w.eventually("each serves one lane", func() bool { return len(leader.Status().Held) == 1 && len(dead.Status().Held) == 1 })
	w.eventually("what a gateway of no cluster left is carried on", func() bool { return carriesOn(stray) })
	var lane uint32
	for l := range leader.Status().Held {
		lane = l
	}
	release := w.alliance.stall(lane)
	ctx, end := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = dead.Ledger().Submit(ctx, utility, issue(1, lane)) // nobody hears what becomes of it
	}()
	w.eventually("its command is with the lane's owner", func() bool { return w.alliance.holds(lane) == 1 })
	dead.Kill()
	w.serving(leader)
	if carriesOn(dead.Slot().Number) {
		t.Error("work is carried on while a command of the dead is under way")
	}
	release()
	w.eventually("the leader carries on what is left", func() bool { return carriesOn(dead.Slot().Number) })
	end()
	<-done
	if fresh := w.join(); fresh.Slot().Number == dead.Slot().Number {
		t.Error("the slot is leased again although something is left")
	}
	setLeft()
	w.eventually("nothing is carried on any more", func() bool { return !carriesOn(dead.Slot().Number) && !carriesOn(stray) })
	w.eventually("the slot is leased again", func() bool { return w.join().Slot().Number == dead.Slot().Number })
}
