package mall_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/filetest"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
	"github.com/pointgrid/pointgrid/web/session"
)

var (
	accountKey = []byte("an account key for tests, 32 bytes")
	utility    = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
)

// world is a utility with members, over a ledger and a database of their own, and a
// server before it. Its door /test/sign-in?member=M-1 lets in whoever knocks.
type world struct {
	t        testing.TB
	ledger   *embedded.Ledger
	store    *sqlstore.Store
	sessions *session.Service
	clock    *testclock.Clock // the alliance's
	machine  *testclock.Clock // by which sessions live
	options  mall.Options
	mall     *mall.Mall
	url      string
	log      *strings.Builder
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorld opens a world; change may add to what the pages are made of.
func newWorld(t testing.TB, change ...func(*world, *mall.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: testclock.At(time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)), machine: testclock.At(time.Now()), log: &strings.Builder{}}
	w.openLedger()
	path := filepath.Join(t.TempDir(), "db")
	must(t, filetest.Put(path))
	var err error
	w.store, err = sqlstore.Open(t.Context(), sqlstore.Options{Path: path, Now: w.machine.Now, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { must(t, w.store.Close()) })
	w.sessions, err = session.New(session.Options{Store: w.store, Now: w.machine.Now, Random: rand.Reader})
	must(t, err)
	w.serve(change)
	return w
}

func (w *world) openLedger() {
	l, err := embedded.Open(embedded.Options{Dir: w.t.TempDir(), Clock: w.clock.Now, CacheBytes: 1 << 20, Checkpointer: utility,
		Signer: embedded.Signer{KeyID: "test", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}})
	must(w.t, err)
	w.t.Cleanup(func() { must(w.t, l.Close()) })
	w.ledger = l
	w.give(utility, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(w.clock.Now())})
}

func (w *world) serve(change []func(*world, *mall.Options)) {
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	set, err := page.New(page.Options{Families: []page.Family{mall.Family()}, Location: time.UTC, Logger: logger})
	must(w.t, err)
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	w.options = mall.Options{Pages: set, Sessions: w.sessions, Ledger: w.ledger,
		Account: func(_ context.Context, member string) (ledger.Account, error) {
			return ledger.MemberAccount(accountKey, member)
		},
		Hub: "EPT", URL: w.url, Location: time.UTC, Now: w.clock.Now, Machine: w.machine.Now, Random: rand.Reader, Logger: logger}
	for _, c := range change {
		c(w, &w.options)
	}
	w.mall, err = mall.New(w.options)
	must(w.t, err)
	routes, err := set.Protect(w.url, append(set.Routes(), w.mall.Routes()...))
	must(w.t, err)
	mux := page.Mux(routes)
	mux.HandleFunc("GET /test/sign-in", w.letIn)
	server.Config.Handler = mux
	server.Start()
	w.t.Cleanup(server.Close)
}

func (w *world) letIn(rw http.ResponseWriter, r *http.Request) {
	member := r.URL.Query().Get("member")
	v, err := w.sessions.Open(r.Context(), member, session.Person{Name: "李小明 " + member}, "")
	must(w.t, err)
	w.mall.SessionCookie(rw, v.Token)
	http.Redirect(rw, r, mall.Area, http.StatusSeeOther)
}

func (w *world) give(who ledger.Identity, body ledger.Body) ledger.ID {
	w.t.Helper()
	id := w.newID()
	results, err := w.ledger.Submit(context.Background(), who, ledger.Command{ID: id, Body: body})
	must(w.t, err)
	if results[0].Code != ledger.CodeOK {
		w.t.Fatalf("%s: %s: %s", body.Kind(), results[0].Code, results[0].Message)
	}
	return id
}

func (w *world) newID() ledger.ID {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return ledger.NewID(w.clock.Now(), random).Root()
}

func (w *world) account(member string) ledger.Account {
	a, err := ledger.MemberAccount(accountKey, member)
	must(w.t, err)
	return a
}

// month is the one that the ledger's open window lies in.
func (w *world) month() ledger.Month { return ledger.DateOf(w.clock.Now()).Month() }

// earn gives a member points that expire so many months from now.
func (w *world) earn(member string, amount int64, months int) ledger.ID {
	w.t.Helper()
	return w.give(utility, &ledger.Issue{Account: w.account(member), Amount: amount, Expiry: w.month() + ledger.Month(months),
		Reason: "rule=prepayment version=1 event=PAY-1 channel=app"})
}

func (w *world) browser() *pagetest.Browser { return pagetest.Open(w.t, w.url, "/mall/me") }

// signedIn is a browser of a member.
func (w *world) signedIn(member string) *pagetest.Browser {
	w.t.Helper()
	b := w.browser()
	if got := b.Get("/test/sign-in?member=" + url.QueryEscape(member)); got.Status != http.StatusOK || got.Path != mall.Area {
		w.t.Fatalf("sign-in of %s leads to %d %s", member, got.Status, got.Path)
	}
	return b
}
