package settlement

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

// ReconcilerOptions are the parts of a [Reconciler]; all are needed but the last.
type ReconcilerOptions struct {
	Ledger   ReconcilerLedger
	Identity ledger.Identity // the utility's, which says that a window is reconciled
	Store    Store
	Runs     Reconciliations
	Records  Records
	Links    Links
	// Statements are those of partners, Desk is told of breaks.
	Statements Statements
	Desk       Desk
	// Tolerance is what a partner and the utility agreed not to call a break, and Due
	// how long after the window's end its statement must be there.
	Tolerance func(partner string) reconcile.Tolerance
	Due       func(partner string) time.Duration
	Calendar  calendar.CutOff
	Dir       *os.Root         // folder of what runs keep for the next
	SpillDir  string           // folder of a run's spill file, "" the system's
	Now       func() time.Time // the alliance's clock
	Random    io.Reader        // safe for concurrent use
	Logger    *slog.Logger
	// Progress, if not nil, is told now and then how far a settlement's run is.
	Progress func(settlement string, p reconcile.Progress)
}

// ReconcilerLedger is what reconciling needs of the ledger.
type ReconcilerLedger interface {
	Ledger
	Find(ctx context.Context, id ledger.ID) (ledger.Entry, error)
}

// Reconciler compares the three books of each settlement that is netted and whose
// statement is there, tells the desk of what differs, and says on the ledger that
// the settlement is reconciled. Its methods may be called from many goroutines. Each
// step can be repeated, so that a run which was interrupted is just done again.
type Reconciler struct {
	o    ReconcilerOptions
	mu   sync.Mutex
	busy map[string]*sync.Mutex // by partner: one run is under way
}

// NewReconciler returns a reconciler. It touches nothing yet.
func NewReconciler(o ReconcilerOptions) *Reconciler {
	return &Reconciler{o: o, busy: map[string]*sync.Mutex{}}
}

// horizon is how many of a partner's settlements are looked at, the last ones.
const horizon = 62

// RunDue reconciles what can be: each settlement that has a statement and was not
// compared with it yet, or whose predecessor's run has changed since. It returns
// what it did, by partner and oldest first. A partner with whom it fails holds up
// nobody else: a [*PartialError] is returned with what was done.
func (r *Reconciler) RunDue(ctx context.Context) ([]Outcome, error) {
	var all []Outcome
	var failed PartialError
	failed.Desk = r.o.Desk.Follow(ctx)
	partners, err := r.o.Ledger.Partners(ctx)
	if err != nil {
		return nil, errors.Join(failed.Desk, fmt.Errorf("settlement: %w", err))
	}
	for _, p := range partners {
		done, err := r.runPartner(ctx, p.Code)
		all = append(all, done...)
		failed.Tried++
		if err != nil {
			failed.Partners = append(failed.Partners, err)
		}
		if ctx.Err() != nil {
			return all, errors.Join(&failed, ctx.Err())
		}
	}
	if len(failed.Unwrap()) > 0 {
		return all, &failed
	}
	return all, nil
}

// one keeps runs with a partner apart.
func (r *Reconciler) one(partner string) *sync.Mutex {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[partner] == nil {
		r.busy[partner] = &sync.Mutex{}
	}
	return r.busy[partner]
}

func (r *Reconciler) runPartner(ctx context.Context, partner string) ([]Outcome, *PartnerError) {
	mine := r.one(partner)
	mine.Lock()
	defer mine.Unlock()
	last, err := r.o.Store.Settlements(ctx, partner, "", horizon)
	if err != nil {
		return nil, &PartnerError{Partner: partner, Err: err}
	}
	var done []Outcome
	for _, s := range slices.Backward(last) {
		o, err := r.runIfDue(ctx, s)
		if err != nil {
			return done, &PartnerError{partner, s.Window, err}
		}
		if o != nil {
			done = append(done, *o)
		}
	}
	return done, nil
}

// Reconcile reconciles one settlement, whether it is due or not. It returns
// [ErrNotFound], [ErrNotReconciled] while its statement is missing, or [ErrState].
func (r *Reconciler) Reconcile(ctx context.Context, id string) (*Outcome, error) {
	s, err := r.o.Store.Settlement(ctx, id)
	if err != nil {
		return nil, err
	}
	mine := r.one(s.Partner)
	mine.Lock()
	defer mine.Unlock()
	st, err := r.o.Statements.Current(ctx, s.Partner, s.Window)
	if errors.Is(err, statements.ErrNotFound) {
		return nil, fmt.Errorf("%w: the statement of %s is not there", ErrNotReconciled, id)
	}
	if err != nil {
		return nil, err
	}
	if s, err = r.follow(ctx, s); err != nil {
		return nil, err
	}
	if !reconcilable(s.State) {
		return nil, fmt.Errorf("%w: %s is %s", ErrState, id, s.State)
	}
	before, err := r.before(ctx, s)
	if err != nil {
		return nil, err
	}
	return r.reconcile(ctx, s, st, before)
}

// reconcilable reports whether breaks can still be put on the ledger.
func reconcilable(s State) bool { return s == Netted || s == Reconciled || s == Disputed }

// runIfDue reconciles a settlement when there is something new to compare.
func (r *Reconciler) runIfDue(ctx context.Context, s *Settlement) (*Outcome, error) {
	if !reconcilable(s.State) {
		return nil, nil
	}
	st, err := r.o.Statements.Current(ctx, s.Partner, s.Window)
	if errors.Is(err, statements.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	before, err := r.before(ctx, s)
	if err != nil {
		return nil, err
	}
	last, err := r.o.Runs.Reconciliation(ctx, s.Partner, s.Window)
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return nil, err
	case err == nil && last.Statement == st.ID && last.KeptFrom == before.digest && s.State != Netted:
		return nil, nil
	}
	if s, err = r.follow(ctx, s); err != nil || !reconcilable(s.State) {
		return nil, err
	}
	return r.reconcile(ctx, s, st, before)
}

// before returns what the last run before a settlement's kept.
func (r *Reconciler) before(ctx context.Context, s *Settlement) (keptRef, error) {
	last, err := r.o.Runs.ReconciliationBefore(ctx, s.Partner, s.Window)
	if errors.Is(err, ErrNotFound) {
		return keptRef{}, nil
	}
	if err != nil {
		return keptRef{}, err
	}
	return keptRef{last.Partner, last.Window, last.Kept}, nil
}

// doubtfulFor is for how many windows after it a partner may still have booked
// something into one.
const doubtfulFor = 7

// Doubtful returns the settlements of the last days that have breaks which the
// partner may have completed since in its books of that day, so that its statement
// may be another by now.
func (r *Reconciler) Doubtful(ctx context.Context, partner string) ([]ledger.Date, error) {
	last, err := r.o.Store.Settlements(ctx, partner, "", doubtfulFor)
	if err != nil {
		return nil, err
	}
	var all []ledger.Date
	for _, s := range slices.Backward(last) {
		if !reconcilable(s.State) || s.Breaks.Open == 0 {
			continue
		}
		doubtful := false
		err := r.eachCase(ctx, partner, s.Window, func(c *desk.Case) {
			doubtful = doubtful || !c.State.Ended() && (c.Type == reconcile.WrongWindow.String() || c.Type == reconcile.MissingAtPartner.String())
		})
		if err != nil {
			return nil, err
		}
		if doubtful {
			all = append(all, s.Window)
		}
	}
	return all, nil
}

// Waiting returns the settlements whose statement has not come, oldest first.
func (r *Reconciler) Waiting(ctx context.Context) ([]Waiting, error) {
	partners, err := r.o.Ledger.Partners(ctx)
	if err != nil {
		return nil, fmt.Errorf("settlement: %w", err)
	}
	var all []Waiting
	for _, p := range partners {
		last, err := r.o.Store.Settlements(ctx, p.Code, "", horizon)
		if err != nil {
			return nil, err
		}
		for _, s := range last {
			if s.State != Netted {
				continue
			}
			_, err := r.o.Statements.Current(ctx, s.Partner, s.Window)
			if errors.Is(err, statements.ErrNotFound) {
				due := r.o.Calendar.Start(s.Window + 1).Add(r.o.Due(p.Code))
				all = append(all, Waiting{Settlement: s.ID, Partner: p.Code, Window: s.Window, Due: due, Overdue: !r.o.Now().Before(due)})
			} else if err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(all, func(a, b Waiting) int { return strings.Compare(a.Settlement, b.Settlement) })
	return all, nil
}
