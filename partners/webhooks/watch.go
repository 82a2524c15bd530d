package webhooks

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what a [Watch] reads.
type Ledger interface {
	Agreements(ctx context.Context) ([]ledger.Agreement, error)
	Partners(ctx context.Context) ([]ledger.Partner, error)
}

// WatchOptions are the parts of a [Watch]; all are needed.
type WatchOptions struct {
	Ledger Ledger
	Store  Store
	Now    func() time.Time // the alliance's clock
	Every  time.Duration    // between two looks
	Logger *slog.Logger
}

// Watch publishes what changes on the ledger: agreements and exposure. These
// have no transaction of the database to go with, so what was last seen is
// stored with the event in one transaction: each change is published once,
// whoever made it and whatever died meanwhile. What comes and goes between two
// looks is not seen.
type Watch struct{ o WatchOptions }

// NewWatch returns a watch that looks at nothing yet.
func NewWatch(o WatchOptions) *Watch { return &Watch{o} }

// Run looks until the context ends.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(w.o.Every)
	defer tick.Stop()
	for {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			w.o.Logger.Error("webhooks: the ledger could not be looked at; it will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Kinds of marks. The mark of a kind with the name begun says that there was a
// first look: what it finds happened before anybody watched.
const (
	markAgreement = "agreement"
	markExposure  = "exposure"
	begun         = "begun"
)

// Look compares the ledger with what was last seen, and publishes what changed.
func (w *Watch) Look(ctx context.Context) error {
	agreements, err := w.o.Ledger.Agreements(ctx)
	if err != nil {
		return fmt.Errorf("webhooks: agreements: %w", err)
	}
	companies, err := w.o.Ledger.Partners(ctx)
	if err != nil {
		return fmt.Errorf("webhooks: partners: %w", err)
	}
	if err := w.mark(ctx, markAgreement, agreementMarks(agreements)); err != nil {
		return err
	}
	return w.mark(ctx, markExposure, exposureMarks(companies, agreements, w.o.Now().UnixMilli()))
}

// mark stores what is new among the marks.
func (w *Watch) mark(ctx context.Context, kind string, now []Mark) error {
	seen, err := w.o.Store.Marks(ctx, kind)
	if err != nil {
		return err
	}
	_, again := seen[begun]
	var fresh []Mark
	for _, m := range now {
		before, known := seen[m.Name]
		if before == m.Value {
			continue
		}
		if !again && kind == markAgreement || kind == markExposure && !rises(before, m.Value) {
			m.Event = nil
		}
		if m.Event != nil || known || kind == markAgreement || m.Value != below {
			fresh = append(fresh, m)
		}
	}
	if !again {
		fresh = append(fresh, Mark{Kind: kind, Name: begun, Value: "yes"})
	}
	if len(fresh) == 0 {
		return nil
	}
	return w.o.Store.Mark(ctx, fresh...)
}

func agreementMarks(all []ledger.Agreement) []Mark {
	types := map[ledger.AgreementStatus]Type{ledger.AgreementProposed: AgreementProposed,
		ledger.AgreementAccepted: AgreementAccepted, ledger.AgreementRejected: AgreementRejected}
	marks := make([]Mark, 0, len(all))
	for i := range all {
		a := &all[i]
		at := a.DecidedAt
		if at == 0 {
			at = a.ProposedAt
		}
		marks = append(marks, Mark{Kind: markAgreement, Name: a.ID.String(), Value: a.Status.String(),
			Event: &Event{Type: types[a.Status], Partners: []string{a.Terms.Partner}, At: at,
				Data: Agreement{AgreementID: a.ID.String(), Partner: a.Terms.Partner, Direction: a.Terms.Direction.String(),
					Version: int64(a.Terms.Version), Hash: a.Hash.String()}}})
	}
	return marks
}

// below is the level under the first of the levels.
const below = "0"

// levels are the percentages of the cap that are warned of, highest first.
var levels = []int64{95, 80}

// exposureMarks compares what is owed in each direction with the cap of the
// agreement in force. Out counts what is posted, not what is on hold.
func exposureMarks(companies []ledger.Partner, agreements []ledger.Agreement, now int64) (marks []Mark) {
	for _, p := range companies {
		for dir, owed := range map[ledger.Direction]int64{ledger.In: p.Owed, ledger.Out: -p.Owed} {
			a, ok := ledger.InForce(agreements, p.Code, dir, now)
			if !ok {
				continue
			}
			level := levelOf(owed, a.Terms.ExposureCap)
			marks = append(marks, Mark{Kind: markExposure, Name: p.Code + "/" + dir.String(), Value: strconv.FormatInt(level, 10),
				Event: &Event{Type: ExposureWarning, Partners: []string{p.Code}, At: now,
					Data: Exposure{Partner: p.Code, Direction: dir.String(), Percent: level, Owed: yuan(owed), Cap: yuan(a.Terms.ExposureCap)}}})
		}
	}
	return marks
}

// levelOf is the highest level that is reached, 0 for none: exactly, without a
// division of money.
func levelOf(owed, limit int64) int64 {
	for _, level := range levels {
		if mark, rest, ok := ledger.MulDiv(limit, level, 100); ok && (owed > mark || owed == mark && rest == 0) {
			return level
		}
	}
	return 0
}

// rises reports whether a level was crossed upwards.
func rises(before, now string) bool {
	b, _ := strconv.ParseInt(before, 10, 64) // "" was never seen, which is below
	n, _ := strconv.ParseInt(now, 10, 64)
	return n > b
}

// yuan writes millionths of a yuan that are not negative, without superfluous
// zeros.
func yuan(n int64) string {
	n = max(n, 0)
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%06d", n/1_000_000, n%1_000_000), "0"), ".")
}
