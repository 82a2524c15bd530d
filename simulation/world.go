package simulation

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
)

// options of one run.
type options struct {
	seed  uint64
	plant Bug
	lax   bool // without the checks after every batch
	trace io.Writer
}

// world is an alliance in one process.
type world struct {
	*schedule
	o     options
	trace *trace
	odds  odds
	lines struct{ store, ledger, partner *line }
	cuts  []cut
	shift time.Duration // of the alliance's clock: days that were jumped over
	dir   string

	chain       *chain
	store       *exchangetest.Memory
	settlements *settlementtest.Memory
	slots       *slots
	books       map[string]*books
	registry    *partners.Registry
	calendar    calendar.CutOff
	members     []member
	gateways    []*process
	lives       []int

	model    model
	calming  atomic.Bool
	stopped  bool // no gateway is started again
	violated []string
}

// odds are how bad a run is; each seed has others, and some have none of a kind. One in
// so many; 0 is never.
type odds struct {
	loss, fail, disk, crash, decline int
	skew                             time.Duration
	pauses, cuts, jumps, freezes     int // how many
	gateways, clients, orders        int
}

func (w *world) drawOdds() {
	d := w.dice("odds")
	some := func(likely int, most int) int {
		if d.one(4) {
			return 0
		}
		return likely + d.IntN(most)
	}
	w.odds = odds{loss: some(8, 40), fail: some(8, 60), disk: some(20, 60), crash: some(60, 400), decline: some(10, 40),
		pauses: d.IntN(5), cuts: d.IntN(6), jumps: d.IntN(3), freezes: d.IntN(6), gateways: 1 + d.IntN(3), clients: 2 + d.IntN(3), orders: 2 + d.IntN(4)}
	if d.one(2) {
		w.odds.skew = d.between(time.Millisecond, 3*time.Second)
	}
	lost := fmt.Errorf("simulation: the connection broke; what became of the transaction is not known")
	w.lines.store = &line{target: "store", there: 4 * time.Millisecond, timeout: 2 * time.Second, lost: lost, unsent: fmt.Errorf("simulation: no space left on device"),
		loss: 3 * w.odds.loss, fail: 3 * w.odds.fail}
	w.lines.ledger = &line{target: "ledger", there: 20 * time.Millisecond, timeout: 4 * time.Second, strays: true,
		lost: ledger.ErrOutcomeUnknown, unsent: ledger.ErrBusy, loss: w.odds.loss, fail: w.odds.fail}
	w.lines.partner = &line{there: 400 * time.Millisecond, timeout: 3 * time.Second, strays: true, loss: w.odds.loss, fail: w.odds.fail}
}

// newWorld founds an alliance; it is called in a bubble.
func newWorld(o options) (*world, error) {
	w := &world{schedule: newSchedule(o.seed), o: o, trace: newTrace(o.trace), store: exchangetest.NewMemory(), settlements: settlementtest.NewMemory(),
		books: map[string]*books{}, calendar: calendar.CutOff{Location: time.UTC}}
	w.model = newModel()
	w.drawOdds()
	w.slots, w.chain = newSlots(w), newChain(w)
	for _, c := range companies {
		w.books[c.Code] = newBooks(w, c.Code, c.Programme)
	}
	var err error
	if w.registry, err = partners.NewRegistry(companies, nil); err != nil {
		return nil, err
	}
	if w.dir, err = os.MkdirTemp(spare(), "pointgrid-simulation-*"); err != nil {
		return nil, err
	}
	w.found()
	w.gateways, w.lives = make([]*process, w.odds.gateways), make([]int, w.odds.gateways)
	return w, nil
}

// spare is where files of a run may be: in memory, if the machine has such a place.
func spare() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return ""
}

// now is the alliance's time.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return begins.Add(w.elapsed() + w.shift)
}

func (w *world) note(format string, args ...any) { w.trace.add(w.elapsed(), format, args...) }

// violate notes that a law was broken; the run ends.
func (w *world) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.note("VIOLATED: %s", text)
	if len(w.violated) < 20 {
		w.violated = append(w.violated, text)
	}
	w.end()
}

// faults reports whether something may go wrong.
func (w *world) faults(string) bool { return !w.calming.Load() }

// cut is a gateway's being cut off from a target for a while.
type cut struct {
	gateway  int
	target   string
	from, to time.Duration
}

func (w *world) cut(p *process, target string) bool {
	if w.calming.Load() {
		return false
	}
	for _, c := range w.cuts {
		if at := w.elapsed(); c.gateway == p.gateway && c.target == target && c.from <= at && at < c.to {
			return true
		}
	}
	return false
}

func (w *world) join(n int, d dice, id func() ledger.ID) {
	m := member{number: fmt.Sprintf("M-%d", n), links: map[string]ledger.ID{}, points: []int64{50_000, 4_000, 1_000_000}[n%3]}
	m.account, _ = ledger.MemberAccount(accountKey, m.number) // fails for no number
	w.chain.found(utility, id(), &ledger.Issue{Account: m.account, Amount: m.points, Expiry: ledger.MonthOf(2099, 12)})
	for _, p := range companies {
		l := &exchange.Link{ID: id(), Partner: p.Code, Member: m.number, Membership: membership(p.Code, m.number),
			Consent: exchange.Consent{TextVersion: "1", GivenAt: 1, Channel: "app"}, CreatedAt: 1}
		if err := w.store.CreateLink(context.Background(), l); err != nil {
			w.violate("a member cannot be linked: %v", err)
		}
		m.links[p.Code] = l.ID
		w.books[p.Code].balances[l.Membership] = milesOpened
	}
	w.members = append(w.members, m)
}

// milesOpened is what every member has at every partner to begin with.
const milesOpened = 20_000

// play lets a run happen.
func (w *world) play() {
	defer os.RemoveAll(w.dir)
	go w.direct()
	if len(w.violated) == 0 && !w.run() {
		w.violate("there is no end after %d events", eventsMax)
	}
	w.stopped = true
	for _, p := range w.gateways {
		if p != nil {
			w.crash(p, "the run is over")
		}
	}
	w.close()
	synctest.Wait()
}
