package settlementtest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// Reconciliations is a [settlement.Reconciliations] in memory.
type Reconciliations struct {
	mu  sync.Mutex
	all map[string]settlement.Reconciliation
}

// NewReconciliations returns an empty one.
func NewReconciliations() *Reconciliations {
	return &Reconciliations{all: map[string]settlement.Reconciliation{}}
}

// SaveReconciliation implements [settlement.Reconciliations].
func (m *Reconciliations) SaveReconciliation(_ context.Context, r *settlement.Reconciliation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all[settlement.ID(r.Window, r.Partner)] = *r
	return nil
}

// Reconciliation implements [settlement.Reconciliations].
func (m *Reconciliations) Reconciliation(_ context.Context, partner string, window ledger.Date) (*settlement.Reconciliation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.all[settlement.ID(window, partner)]
	if !ok {
		return nil, settlement.ErrNotFound
	}
	return &r, nil
}

// ReconciliationBefore implements [settlement.Reconciliations].
func (m *Reconciliations) ReconciliationBefore(_ context.Context, partner string, window ledger.Date) (*settlement.Reconciliation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var last *settlement.Reconciliation
	for _, r := range m.all {
		if r.Partner == partner && r.Window < window && (last == nil || r.Window > last.Window) {
			last = &r
		}
	}
	if last == nil {
		return nil, settlement.ErrNotFound
	}
	return last, nil
}

// RunReconciliations checks that a store keeps the promises of
// [settlement.Reconciliations]. open returns an empty store and cleans up after
// itself.
func RunReconciliations(t *testing.T, open func(t *testing.T) settlement.Reconciliations) {
	s, ctx := open(t), context.Background()
	if _, err := s.Reconciliation(ctx, "sky", 20_000); !errors.Is(err, settlement.ErrNotFound) {
		t.Errorf("before it is stored: %v", err)
	}
	sample := func(partner string, window ledger.Date, n byte) *settlement.Reconciliation {
		r := &settlement.Reconciliation{Partner: partner, Window: window, Statement: ledger.ID{n, 6: 0x70, 8: 0x80}, Digest: ledger.Hash{n}, At: int64(n)}
		r.Report.Records[reconcile.Partner][reconcile.Credit], r.Report.Matched, r.Report.Opened[reconcile.WrongRate] = 7, 6, 1
		if n%2 == 0 {
			r.KeptFrom, r.Kept = ledger.Hash{n, 1}, ledger.Hash{n, 2}
		}
		return r
	}
	all := []*settlement.Reconciliation{sample("sky", 20_000, 1), sample("sky", 20_002, 2), sample("tel", 20_001, 3), sample("sky", 20_000, 4)}
	for _, r := range all {
		if err := s.SaveReconciliation(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		partner string
		window  ledger.Date
		want    *settlement.Reconciliation
	}{{"sky", 20_003, all[1]}, {"sky", 20_002, all[3]}, {"sky", 20_000, nil}, {"tel", 20_002, all[2]}, {"tel", 20_001, nil}} {
		got, err := s.ReconciliationBefore(ctx, c.partner, c.window)
		if c.want == nil && !errors.Is(err, settlement.ErrNotFound) || c.want != nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("before %s, %d: %+v, %v; want %+v", c.partner, c.window, got, err, c.want)
		}
	}
	if got, err := s.Reconciliation(ctx, "sky", 20_000); err != nil || !reflect.DeepEqual(got, all[3]) {
		t.Errorf("stored again: %+v, %v; want %+v", got, err, all[3])
	}
}
