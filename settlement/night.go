package settlement

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

// Ledger is what the night needs of the ledger.
type Ledger interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Window(ctx context.Context, window ledger.Date) (ledger.Window, error)
	Partners(ctx context.Context) ([]ledger.Partner, error)
	Agreements(ctx context.Context) ([]ledger.Agreement, error)
	Position(ctx context.Context, partner string, window ledger.Date) (ledger.Position, error)
	Settlement(ctx context.Context, partner string, window ledger.Date) (ledger.Settlement, error)
	Due(ctx context.Context, partner string) (ledger.SettlementDue, error)
	Transfers(ctx context.Context, window ledger.Date, visit func(ledger.Entry) error) error
}

// ErrMismatch is returned when the transfers of a window do not add up to the
// positions that the ledger kept. It must never happen; nothing is settled.
var ErrMismatch = errors.New("settlement: transfers do not add up to the ledger's positions")

// Night closes windows and settles them. Its methods may be called at any time
// and from several goroutines: one run is under way at a time, and a run picks
// up where an interrupted one stopped.
type Night struct {
	ledger   Ledger
	identity ledger.Identity
	store    Store
	dir      string
	calendar calendar.CutOff
	policies []netting.Policy
	points   LiabilityStore // nil keeps none
	now      func() time.Time
	logger   *slog.Logger
	mu       sync.Mutex
}

// Options are the parts of a [Night]; all but the policies are needed.
type Options struct {
	Ledger   Ledger
	Identity ledger.Identity // the utility's, which closes windows
	Store    Store
	Dir      string // folder of the statements; it is made when missing
	Calendar calendar.CutOff
	// Policies say how partners settle; one without settles bilaterally and to the
	// last fen.
	Policies []netting.Policy
	// Liability keeps what happened to members' points in each window; nil keeps none.
	Liability LiabilityStore
	Now       func() time.Time
	Logger    *slog.Logger
}

// New returns a night. It touches nothing yet.
func New(o Options) *Night {
	return &Night{ledger: o.Ledger, identity: o.Identity, store: o.Store, dir: o.Dir,
		calendar: o.Calendar, policies: o.Policies, points: o.Liability, now: o.Now, logger: o.Logger}
}

// RunDue closes each window whose cut-off has passed, and settles every closed
// window with each partner for whom that is not done. It returns the settlements
// it made, oldest first; none when nothing was due. Running it twice changes
// nothing. A partner whose company does not answer keeps nobody else waiting: the
// error is returned with what was made.
func (n *Night) RunDue(ctx context.Context) ([]Settlement, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	open, err := n.closeDue(ctx)
	if err != nil {
		return nil, err
	}
	windows, err := n.unsettled(ctx, open)
	if err != nil {
		return nil, err
	}
	var all []Settlement
	var errs error
	counted := map[ledger.Date]*paper.Liability{}
	failed := map[string]bool{} // partners whose windows after the one that failed wait for it
	for _, w := range windows {
		w.partners = slices.DeleteFunc(w.partners, func(p ledger.Partner) bool { return failed[p.Code] })
		made, err := n.settle(ctx, w, counted)
		all = append(all, made...)
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("settlement: window %s: %w", w.date, err))
		}
		for _, p := range w.partners {
			failed[p.Code] = !slices.ContainsFunc(made, func(s Settlement) bool { return s.Partner == p.Code })
		}
	}
	return all, errors.Join(errs, n.keepLiability(ctx, open, counted))
}

// closeDue closes windows until the open one is not due, and returns that.
func (n *Night) closeDue(ctx context.Context) (ledger.Date, error) {
	for {
		alliance, err := n.ledger.Alliance(ctx)
		if err != nil {
			return 0, fmt.Errorf("settlement: %w", err)
		}
		if !n.calendar.Due(alliance.Window, n.now()) {
			return alliance.Window, nil
		}
		if err := n.close(ctx, alliance.Window); err != nil {
			return 0, fmt.Errorf("settlement: close window %s: %w", alliance.Window, err)
		}
	}
}

func (n *Night) close(ctx context.Context, w ledger.Date) error {
	command := ledger.Command{ID: closeID(w), Body: &ledger.CloseWindow{Window: w, Next: w + 1}}
	results, err := n.ledger.Submit(ctx, n.identity, command)
	if err != nil {
		return err
	}
	// Another run may have closed it first; the loop in closeDue looks again.
	if code := results[0].Code; code != ledger.CodeOK && code != ledger.CodeWindowOrder {
		return fmt.Errorf("%s: %s", code, results[0].Message)
	}
	n.logger.InfoContext(ctx, "window closed", "window", w.String())
	return nil
}

// closeID is the same for every attempt to close a window, so that it is closed
// once.
func closeID(w ledger.Date) ledger.ID {
	sum := sha256.Sum256([]byte("pointgrid/close-window/" + w.String()))
	return ledger.NewID(time.Unix(int64(w)*86400, 0), [10]byte(sum[:10]))
}

// pending is a closed window with the partners it is not settled with.
type pending struct {
	date     ledger.Date
	partners []ledger.Partner
}

// unsettled returns the closed windows that are not settled with everybody,
// oldest first.
func (n *Night) unsettled(ctx context.Context, open ledger.Date) ([]pending, error) {
	partners, err := n.ledger.Partners(ctx)
	if err != nil {
		return nil, fmt.Errorf("settlement: %w", err)
	}
	byDate := map[ledger.Date]*pending{}
	for _, p := range partners {
		dates, err := n.unsettledWith(ctx, p.Code, open)
		if err != nil {
			return nil, fmt.Errorf("settlement: partner %s: %w", p.Code, err)
		}
		for _, d := range dates {
			if byDate[d] == nil {
				byDate[d] = &pending{date: d}
			}
			byDate[d].partners = append(byDate[d].partners, p)
		}
	}
	var all []pending
	for _, d := range slices.Sorted(maps.Keys(byDate)) {
		all = append(all, *byDate[d])
	}
	return all, nil
}

// unsettledWith returns a partner's windows just before the open one, back to the
// last that was settled, or to the one in which the partner joined.
func (n *Night) unsettledWith(ctx context.Context, partner string, open ledger.Date) ([]ledger.Date, error) {
	due, err := n.ledger.Due(ctx, partner)
	if err != nil {
		return nil, err
	}
	var dates []ledger.Date
	for w := open - 1; w >= 0; w-- {
		if _, err := n.ledger.Window(ctx, w); errors.Is(err, ledger.ErrNotFound) {
			break
		} else if err != nil {
			return nil, err
		}
		if _, err := n.store.Settlement(ctx, ID(w, partner)); err == nil {
			break
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if w < due.Window {
			if _, err := n.ledger.Settlement(ctx, partner, w); errors.Is(err, ledger.ErrNotFound) {
				break
			} else if err != nil {
				return nil, err
			}
		}
		dates = append(dates, w)
	}
	return dates, nil
}

// settle settles a window with the partners that are left, and notes what its
// transfers did to members' points.
func (n *Night) settle(ctx context.Context, w pending, counted map[ledger.Date]*paper.Liability) ([]Settlement, error) {
	if len(w.partners) == 0 {
		return nil, nil
	}
	books, err := n.openBooks(ctx, w)
	if err != nil {
		return nil, err
	}
	defer books.discard()
	if err := n.ledger.Transfers(ctx, w.date, books.add); err != nil {
		return nil, err
	}
	counted[w.date] = books.liability
	if err := books.compare(ctx, n.ledger); err != nil {
		return nil, err
	}
	var made []Settlement
	var errs error
	for _, p := range w.partners {
		s, err := n.settleWith(ctx, books, p.Code)
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("partner %s: %w", p.Code, err))
			continue
		}
		made = append(made, *s)
	}
	n.logger.InfoContext(ctx, "window settled", "window", w.date.String(), "partners", len(made), "left", len(w.partners)-len(made))
	return made, errs
}

// settleWith writes a partner's statement, puts its figures on the ledger and
// stores the settlement, in this order, so that whatever is interrupted is done
// again with the same result.
func (n *Night) settleWith(ctx context.Context, b *books, partner string) (*Settlement, error) {
	made, err := b.finish(partner, n.now())
	if err != nil {
		return nil, err
	}
	if err := n.net(ctx, b, made); err != nil {
		return nil, err
	}
	if err := n.store.SaveSettlements(ctx, []Settlement{*made}); err != nil {
		return nil, err
	}
	return made, nil
}
