package settlement

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what the night needs of the ledger.
type Ledger interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Window(ctx context.Context, window ledger.Date) (ledger.Window, error)
	Partners(ctx context.Context) ([]ledger.Partner, error)
	Agreements(ctx context.Context) ([]ledger.Agreement, error)
	Position(ctx context.Context, partner string, window ledger.Date) (ledger.Position, error)
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
	calendar Calendar
	now      func() time.Time
	logger   *slog.Logger
	mu       sync.Mutex
}

// Options are the parts of a [Night]; all are needed.
type Options struct {
	Ledger   Ledger
	Identity ledger.Identity // the utility's, which closes windows
	Store    Store
	Dir      string // folder of the statements; it is made when missing
	Calendar Calendar
	Now      func() time.Time
	Logger   *slog.Logger
}

// New returns a night. It touches nothing yet.
func New(o Options) *Night {
	return &Night{ledger: o.Ledger, identity: o.Identity, store: o.Store, dir: o.Dir,
		calendar: o.Calendar, now: o.Now, logger: o.Logger}
}

// RunDue closes each window whose cut-off has passed, and settles every closed
// window that is not settled yet. It returns the settlements it made, oldest
// first; none when nothing was due. Running it twice changes nothing.
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
	for _, w := range windows {
		made, err := n.settle(ctx, w)
		if err != nil {
			return all, fmt.Errorf("settlement: window %s: %w", w, err)
		}
		all = append(all, made...)
	}
	return all, nil
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

// unsettled returns the closed windows without settlements, oldest first: those
// just before the open one, back to the last that was settled or the first of
// the ledger.
func (n *Night) unsettled(ctx context.Context, open ledger.Date) ([]ledger.Date, error) {
	var windows []ledger.Date
	for w := open - 1; ; w-- {
		if _, err := n.ledger.Window(ctx, w); errors.Is(err, ledger.ErrNotFound) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("settlement: window %s: %w", w, err)
		}
		done, err := n.settled(ctx, w)
		if err != nil {
			return nil, err
		}
		if done {
			break
		}
		windows = append([]ledger.Date{w}, windows...)
	}
	return windows, nil
}

// settled reports whether every partner of today has a settlement for the window.
// All of a window are saved together, so one partner tells for all; without a
// partner there is nothing to settle.
func (n *Night) settled(ctx context.Context, w ledger.Date) (bool, error) {
	partners, err := n.ledger.Partners(ctx)
	if err != nil {
		return false, fmt.Errorf("settlement: %w", err)
	}
	for _, p := range partners {
		switch _, err := n.store.Settlement(ctx, ID(w, p.Code)); {
		case err == nil:
			return true, nil
		case !errors.Is(err, ErrNotFound):
			return false, err
		}
	}
	return len(partners) == 0, nil
}

func (n *Night) settle(ctx context.Context, w ledger.Date) ([]Settlement, error) {
	books, err := n.openBooks(ctx, w)
	if err != nil {
		return nil, err
	}
	defer books.discard()
	if err := n.ledger.Transfers(ctx, w, books.add); err != nil {
		return nil, err
	}
	made, err := books.finish(ctx, n.ledger, n.now())
	if err != nil {
		return nil, err
	}
	if err := n.store.SaveSettlements(ctx, made); err != nil {
		return nil, err
	}
	n.logger.InfoContext(ctx, "window settled", "window", w.String(), "partners", len(made))
	return made, nil
}
