package bench

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
)

// HerdCommand is the hidden command whose process keeps a ledger of many accounts.
const HerdCommand = "bench-herd"

// Herd is what that process is told to do: bring the ledger to so many accounts,
// make so many transfers, measure for so long.
type Herd struct {
	Dir       string        `json:"dir"`
	Accounts  int64         `json:"accounts"`
	Transfers int64         `json:"transfers"`
	Measure   time.Duration `json:"measure"`
}

// Grown is what it did. Before counts the conversions that the ledger then has;
// Count, Took, CPU, Bytes and the quantiles are of what was measured or, without
// that, of what was added.
type Grown struct {
	Before   int64
	Count    int64
	Opened   time.Duration
	Took     time.Duration
	CPU      time.Duration
	P50, P99 time.Duration
	Bytes    int64 // of blocks
	PeakRSS  int64
}

// RunHerd reads a Herd as JSON, does it and writes what it did. It is the body of
// the process.
func RunHerd(ctx context.Context, in io.Reader, out io.Writer, now func() time.Time) error {
	var order Herd
	if err := json.NewDecoder(in).Decode(&order); err != nil {
		return fmt.Errorf("herd: %w", err)
	}
	h := &herd{order: order, now: now}
	begun := now()
	if err := h.open(ctx); err != nil {
		return fmt.Errorf("herd: %w", err)
	}
	h.did.Opened = now().Sub(begun)
	err := errors.Join(h.work(ctx), h.ledger.Close())
	if err != nil {
		return fmt.Errorf("herd: %w", err)
	}
	used, err := process.Self()
	if err != nil {
		return err
	}
	h.did.PeakRSS = used.PeakRSS
	return json.NewEncoder(out).Encode(&h.did)
}

type herd struct {
	order  Herd
	now    func() time.Time
	ledger *embedded.Ledger
	terms  ledger.Agreement
	bytes  atomic.Int64
	did    Grown
}

var herdUtility = ledger.Identity{MSP: "UtilityMSP", Subject: "bench"}

// herdCompany is the one whose points come in.
const herdCompany = "mart"

func (h *herd) open(ctx context.Context) (err error) {
	h.ledger, err = embedded.Open(embedded.Options{Dir: filepath.Join(h.order.Dir, "ledger"), Clock: h.now, Timer: h.now,
		Signer:          embedded.Signer{KeyID: "bench", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
		CheckpointEvery: embedded.CheckpointDefault, Checkpointer: herdUtility,
		Observe: func(s embedded.Sample) { h.bytes.Add(int64(s.Bytes)) }})
	if err != nil {
		return err
	}
	if err := h.found(ctx); err != nil {
		return errors.Join(err, h.ledger.Close())
	}
	return nil
}

// found makes the alliance, unless an earlier run did, and finds the agreement.
func (h *herd) found(ctx context.Context) error {
	if _, err := h.ledger.Alliance(ctx); errors.Is(err, ledger.ErrNotFound) {
		s := sandbox.Seeding{Ledger: h.ledger, Hub: "EPT", MSP: herdUtility.MSP, Window: ledger.DateOf(h.now()), Opens: h.now(), Now: h.now, Random: rand.Reader}
		if err := s.Run(ctx); err != nil {
			return err
		}
	}
	all, err := h.ledger.Agreements(ctx)
	if err != nil {
		return err
	}
	in, ok := ledger.InForce(all, herdCompany, ledger.In, h.now().UnixMilli())
	if !ok {
		return errors.New("no agreement is in force")
	}
	h.terms = in
	return nil
}

func (h *herd) work(ctx context.Context) error {
	watch, err := newStopwatch(h.now)
	if err != nil {
		return err
	}
	h.bytes.Store(0)
	if h.order.Measure > 0 {
		err = h.measure(ctx)
	} else {
		err = h.grow(ctx)
	}
	if err != nil {
		return err
	}
	span, err := watch.lap()
	h.did.Took, h.did.CPU, h.did.Bytes = span.Time, span.CPU, h.bytes.Load()
	return err
}

// grow adds accounts, and then transfers.
func (h *herd) grow(ctx context.Context) error {
	have, err := h.noted("accounts")
	if err != nil {
		return err
	}
	if err := h.fill(ctx, inOrder(have, h.order.Accounts), h.issue); err != nil {
		return err
	}
	if err := h.note("accounts", max(have, h.order.Accounts)); err != nil {
		return err
	}
	made, err := h.noted("transfers")
	if err != nil {
		return err
	}
	if err := h.fill(ctx, upTo(h.order.Transfers), h.convert); err != nil {
		return err
	}
	h.did.Count, h.did.Before = h.order.Transfers, made+h.order.Transfers
	return h.note("transfers", h.did.Before)
}

// noted reads how many of something earlier runs made.
func (h *herd) noted(what string) (int64, error) {
	b, err := os.ReadFile(filepath.Join(h.order.Dir, what))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}

func (h *herd) note(what string, n int64) error {
	return os.WriteFile(filepath.Join(h.order.Dir, what), []byte(strconv.FormatInt(n, 10)), 0o600)
}

// Filling is by few callers with large batches, measuring as partners' requests
// come: one by one from many.
const (
	fillers     = 3
	fillBatch   = 4000
	measurers   = 64
	samplesKept = 1 << 20
)

// fill gives the command of each number that it is told.
func (h *herd) fill(ctx context.Context, numbers iter.Seq[int64], command func(n int64) ledger.Command) error {
	batches := make(chan []ledger.Command)
	errs := make(chan error, fillers)
	for range fillers {
		go func() {
			var err error
			for batch := range batches { // to the end, so that nobody waits for a filler that failed
				if err == nil {
					err = h.submit(ctx, batch...)
				}
			}
			errs <- err
		}()
	}
	batch := make([]ledger.Command, 0, fillBatch)
	for n := range numbers {
		if batch = append(batch, command(n)); len(batch) == fillBatch {
			batches <- batch
			batch = make([]ledger.Command, 0, fillBatch)
		}
	}
	if len(batch) > 0 {
		batches <- batch
	}
	close(batches)
	var all []error
	for range fillers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// inOrder yields the numbers between two, in about the order of their accounts: a
// hundred million would take hours to add in another, most of it for looking whether
// they are there already.
func inOrder(from, to int64) iter.Seq[int64] {
	const parts = 64 // so that one needs no more than some MiB
	return func(yield func(int64) bool) {
		var part []int64
		for p := range parts {
			part = part[:0]
			for n := from; n < to; n++ {
				if a := account(n); int(a[0])*parts/256 == p {
					part = append(part, n)
				}
			}
			slices.SortFunc(part, func(a, b int64) int { x, y := account(a), account(b); return bytes.Compare(x[:], y[:]) })
			for _, n := range part {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// upTo yields the numbers below one.
func upTo(n int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for i := int64(0); i < n && yield(i); i++ {
		}
	}
}

func (h *herd) submit(ctx context.Context, commands ...ledger.Command) error {
	results, err := h.ledger.Submit(ctx, herdUtility, commands...)
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Code != ledger.CodeOK {
			return fmt.Errorf("%s: %s", r.Code, r.Message)
		}
	}
	return nil
}

// measure lets callers convert one by one for a while.
func (h *herd) measure(ctx context.Context) error {
	end := h.now().Add(h.order.Measure)
	var mu sync.Mutex
	var took []time.Duration
	var all []error
	var callers sync.WaitGroup
	for range measurers {
		callers.Go(func() {
			mine := make([]time.Duration, 0, samplesKept/measurers)
			var err error
			for begun := h.now(); err == nil && begun.Before(end); {
				err = h.submit(ctx, h.convert(mathrand.Int64N(h.order.Accounts)))
				now := h.now()
				mine, begun = append(mine, now.Sub(begun)), now
			}
			mu.Lock()
			defer mu.Unlock()
			took, all = append(took, mine...), append(all, err)
		})
	}
	callers.Wait()
	if err := errors.Join(all...); err != nil {
		return err
	}
	h.did.Count = int64(len(took))
	h.did.P50, h.did.P99, _ = spread(took)
	return nil
}

// account is that of the n-th member: it lies anywhere, as the hash of a member does.
func account(n int64) (a ledger.Account) {
	for i := range 2 {
		z := uint64(n)*2 + uint64(i) + 1
		z *= 0x9e3779b97f4a7c15 // splitmix64
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		binary.BigEndian.PutUint64(a[8*i:], z^z>>31)
	}
	return a
}

func (h *herd) id() ledger.ID {
	var random [10]byte
	binary.BigEndian.PutUint64(random[:], mathrand.Uint64())
	binary.BigEndian.PutUint16(random[8:], uint16(mathrand.Uint32()))
	return ledger.NewID(h.now(), random)
}

func (h *herd) issue(n int64) ledger.Command {
	expiry := ledger.DateOf(h.now()).Month() + 24
	return ledger.Command{ID: h.id(), Body: &ledger.Issue{Account: account(n), Amount: 500, Expiry: expiry, Reason: "bench"}}
}

// convert is 1.20 MART of a member for a point.
func (h *herd) convert(n int64) ledger.Command {
	return ledger.Command{ID: h.id(), Body: &ledger.ConvertIn{Account: account(n % h.order.Accounts), Reference: "bench",
		Leg: ledger.LegTerms{Partner: herdCompany, Agreement: h.terms.ID, Hash: h.terms.Hash, LockedAt: h.now().UnixMilli(), From: 120, To: 1}}}
}
