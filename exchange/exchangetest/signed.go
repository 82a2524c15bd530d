package exchangetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
)

var _ exchange.SignedRequests = (*Memory)(nil)

// KeepSigned implements [exchange.SignedRequests].
func (m *Memory) KeepSigned(_ context.Context, hash ledger.Hash, body []byte, _ int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, kept := m.signed[hash]; !kept {
		m.signed[hash] = slices.Clone(body)
	}
	return nil
}

// SignedRequest implements [exchange.SignedRequests].
func (m *Memory) SignedRequest(_ context.Context, hash ledger.Hash) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	body, ok := m.signed[hash]
	if !ok {
		return nil, exchange.ErrNotFound
	}
	return slices.Clone(body), nil
}

// RunSigned checks that a store keeps the promises of
// [exchange.SignedRequests]. open returns an empty store and cleans up after
// itself.
func RunSigned(t *testing.T, open func(t *testing.T) exchange.SignedRequests) {
	s, ctx := open(t), context.Background()
	if _, err := s.SignedRequest(ctx, hash(1)); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("one that was never kept: %v, want %v", err, exchange.ErrNotFound)
	}
	large := bytes.Repeat([]byte{0, 0xff, '\n'}, exchange.SignedMax/3)
	for h, body := range map[ledger.Hash][]byte{hash(1): []byte(`{"amount":"30"}`), hash(2): large} {
		suite.Must(t, s.KeepSigned(ctx, h, body, 1))
		suite.Must(t, s.KeepSigned(ctx, h, []byte("another"), 2))
		if got, err := s.SignedRequest(ctx, h); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes and %v come back for %d", len(got), err, len(body))
		}
	}
}
