package cluster_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/cluster/clustertest"
	"github.com/pointgrid/pointgrid/ledger"
)

// alliance is a ledger that several gateways share, as far as lanes go: it knows
// each lane's epoch, and writes no command twice.
type alliance struct {
	mu      sync.Mutex
	lanes   uint32
	epochs  map[uint32]uint64
	written map[ledger.ID]uint32 // the lane
	order   []ledger.ID
	gate    map[uint32]chan struct{} // batches of a lane wait for it
	held    map[uint32]int           // how many do
	poor    bool                     // commands are refused
	short   bool                     // the last result is left out
}

func newAlliance(lanes uint32) *alliance {
	return &alliance{lanes: lanes, epochs: map[uint32]uint64{}, written: map[ledger.ID]uint32{}, gate: map[uint32]chan struct{}{}, held: map[uint32]int{}}
}

// setPoor has commands refused, or accepted again.
func (a *alliance) setPoor(poor bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.poor = poor
}

// stall lets nothing in a lane come to an end until the returned function is called.
func (a *alliance) stall(lane uint32) (release func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	gate := make(chan struct{})
	a.gate[lane] = gate
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.gate, lane)
		close(gate)
	})
}

// pass holds up nothing in a lane that comes from now on.
func (a *alliance) pass(lane uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.gate, lane)
}

// holds is how many batches of a lane are held up.
func (a *alliance) holds(lane uint32) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.held[lane]
}

func (a *alliance) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.order)
}

// home is the ledger as one gateway has it.
type home struct {
	ledger.Ledger // nil: what is not below is not asked for
	a             *alliance
	mu            sync.Mutex
	owned         map[uint32]uint64
}

func (h *home) Lanes(context.Context) (uint32, error) {
	h.a.mu.Lock()
	defer h.a.mu.Unlock()
	return h.a.lanes, nil
}

// laneOf is by the first byte of the account.
func laneOf(c ledger.Command, lanes uint32) uint32 {
	return uint32(c.Body.(*ledger.Issue).Account[0]) % lanes
}

func (h *home) Route(_ context.Context, commands ...ledger.Command) (lanes []uint32, err error) {
	h.a.mu.Lock()
	defer h.a.mu.Unlock()
	for _, c := range commands {
		lanes = append(lanes, laneOf(c, h.a.lanes))
	}
	return lanes, nil
}

func (h *home) TakeLane(_ context.Context, lane uint32, epoch uint64) error {
	h.a.mu.Lock()
	defer h.a.mu.Unlock()
	if epoch < h.a.epochs[lane] {
		return ledger.ErrFenced
	}
	h.a.epochs[lane] = epoch
	h.mu.Lock()
	defer h.mu.Unlock()
	h.owned[lane] = epoch
	return nil
}

func (h *home) LeaveLane(_ context.Context, lane uint32) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.owned, lane)
	return nil
}

func (h *home) SubmitLane(ctx context.Context, lane uint32, _ ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	h.mu.Lock()
	epoch, ok := h.owned[lane]
	h.mu.Unlock()
	if !ok {
		return nil, ledger.ErrNotOwner
	}
	if err := h.a.wait(ctx, lane); err != nil {
		return nil, fmt.Errorf("%w: %v", ledger.ErrOutcomeUnknown, err)
	}
	return h.a.write(lane, epoch, commands)
}

// wait returns when nothing holds up a lane, or the context's error.
func (a *alliance) wait(ctx context.Context, lane uint32) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	gate := a.gate[lane]
	if gate == nil {
		return nil
	}
	a.held[lane]++
	defer func() { a.held[lane]-- }()
	a.mu.Unlock()
	defer a.mu.Lock()
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *alliance) write(lane uint32, epoch uint64, commands []ledger.Command) ([]ledger.Result, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if epoch < a.epochs[lane] {
		return nil, ledger.ErrFenced
	}
	results := make([]ledger.Result, len(commands))
	for i, c := range commands {
		if laneOf(c, a.lanes) != lane {
			results[i] = ledger.Result{Code: ledger.CodeWrongLane}
			continue
		}
		_, again := a.written[c.ID]
		if a.poor && !again {
			results[i] = ledger.Result{Code: ledger.CodeInsufficientPoints}
			continue
		}
		if !again {
			a.written[c.ID], a.order = lane, append(a.order, c.ID)
		}
		results[i] = ledger.Result{Code: ledger.CodeOK, Replayed: again, Entry: ledger.Entry{
			Transfer: ledger.Transfer{ID: c.ID, Kind: ledger.KindIssue, Digest: c.Digest(), Account: c.Body.(*ledger.Issue).Account, Amount: 5, At: 77, Window: 20000},
			Locator:  ledger.Locator{Lane: lane, Batch: uint64(len(a.order)), Index: uint32(i)}}}
	}
	if a.short {
		results = results[:len(results)-1]
	}
	return results, nil
}

// world is a cluster in one process.
type world struct {
	t        testing.TB
	leases   *clustertest.Memory
	alliance *alliance
	secret   []byte
}

const ttl = 300 * time.Millisecond

func newWorld(t testing.TB, lanes uint32) *world {
	if t, ok := t.(*testing.T); ok {
		t.Parallel()
	}
	return &world{t: t, leases: clustertest.NewMemory(time.Now), alliance: newAlliance(lanes), secret: []byte("a secret of thirty-two bytes ....")}
}

// gateway is one that takes part.
type gateway struct {
	*cluster.Member
	home *home
	sick *sick
}

// sick are leases that a gateway cannot reach while it is ill.
type sick struct {
	cluster.Leases
	mu  sync.Mutex
	ill bool
}

var errIll = errors.New("the database cannot be reached")

func (s *sick) set(ill bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ill = ill
}

func (s *sick) Renew(ctx context.Context, slot cluster.Slot, ttl time.Duration) error {
	s.mu.Lock()
	ill := s.ill
	s.mu.Unlock()
	if ill {
		return errIll
	}
	return s.Leases.Renew(ctx, slot, ttl)
}

func (w *world) join(change ...func(*cluster.Options)) *gateway {
	w.t.Helper()
	g := &gateway{home: &home{a: w.alliance, owned: map[uint32]uint64{}}, sick: &sick{Leases: w.leases}}
	o := cluster.Options{Leases: g.sick, Ledger: g.home, Listen: "127.0.0.1:0", Secret: w.secret, TTL: ttl,
		Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	m, err := cluster.Join(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	g.Member = m
	w.t.Cleanup(func() {
		if err := m.Leave(context.Background()); err != nil && m.Err() == nil {
			w.t.Error(err)
		}
	})
	return g
}

// eventually polls until a condition holds.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("it does not come about that %s", what)
		}
	}
}

// serving waits until every lane is served, by some gateway of these.
func (w *world) serving(all ...*gateway) {
	w.t.Helper()
	w.eventually("every lane is served", func() bool {
		n := 0
		for _, g := range all {
			n += len(g.Status().Held)
		}
		return n == int(w.alliance.lanes)
	})
}

var utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}

// issue is the n-th command, for a lane of a few.
func issue(n int, lane uint32) ledger.Command {
	var random [10]byte
	binary.BigEndian.PutUint64(random[2:], uint64(n)<<4)
	return ledger.Command{ID: ledger.NewID(time.UnixMilli(1_700_000_000_000), random), Body: &ledger.Issue{Account: ledger.Account{0: byte(lane), 15: 1}, Amount: 5, Expiry: 24_000, Reason: "test"}}
}
