package malltest

import (
	"bytes"
	"context"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// CreateProposal implements [mall.Store].
func (m *Memory) CreateProposal(_ context.Context, x *mall.Proposal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, other := range m.proposals {
		if other.Product.ID == x.Product.ID && other.State == mall.Proposed {
			return mall.ErrProposed
		}
	}
	m.proposals[x.ID] = *x.Clone()
	return nil
}

// ApproveProposal implements [mall.Store].
func (m *Memory) ApproveProposal(_ context.Context, x *mall.Proposal, e *mall.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.proposals[x.ID].State != mall.Proposed {
		return mall.ErrChanged
	}
	if err := m.saveProduct(x.Product, e); err != nil {
		return err
	}
	m.proposals[x.ID] = *x.Clone()
	return nil
}

// RejectProposal implements [mall.Store].
func (m *Memory) RejectProposal(_ context.Context, x *mall.Proposal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.proposals[x.ID].State != mall.Proposed {
		return mall.ErrChanged
	}
	m.proposals[x.ID] = *x.Clone()
	return nil
}

// Proposal implements [mall.Store].
func (m *Memory) Proposal(_ context.Context, id ledger.ID) (*mall.Proposal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.proposals[id]
	if !ok {
		return nil, mall.ErrNotFound
	}
	return x.Clone(), nil
}

// Proposals implements [mall.Store].
func (m *Memory) Proposals(_ context.Context, state mall.ProposalState, before ledger.ID, limit int) (all []*mall.Proposal, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.proposals {
		if (state == "" || x.State == state) && (before.IsZero() || bytes.Compare(x.ID[:], before[:]) < 0) {
			all = append(all, x.Clone())
		}
	}
	slices.SortFunc(all, func(a, b *mall.Proposal) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return all[:min(max(limit, 0), len(all))], nil
}

// AddPicture implements [mall.Store].
func (m *Memory) AddPicture(_ context.Context, p *mall.Picture) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.pictures[p.ID]; !ok {
		kept := *p
		kept.Content = slices.Clone(p.Content)
		m.pictures[p.ID] = kept
	}
	return nil
}

// Picture implements [mall.Store].
func (m *Memory) Picture(_ context.Context, id string) (*mall.Picture, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.pictures[id]
	if !ok {
		return nil, mall.ErrNotFound
	}
	return &p, nil
}

// CreateClaim implements [mall.Store].
func (m *Memory) CreateClaim(_ context.Context, c *mall.Claim) (*mall.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, other := range m.claims {
		if other.Order == c.Order && other.State == mall.ClaimOpen {
			return &other, nil
		}
	}
	m.claims[c.ID] = *c
	return nil, nil
}

// DecideClaim implements [mall.Store].
func (m *Memory) DecideClaim(_ context.Context, c *mall.Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.claims[c.ID].State != mall.ClaimOpen {
		return mall.ErrChanged
	}
	m.claims[c.ID] = *c
	return nil
}

// Claim implements [mall.Store].
func (m *Memory) Claim(_ context.Context, id ledger.ID) (*mall.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.claims[id]
	if !ok {
		return nil, mall.ErrNotFound
	}
	return &c, nil
}

// Claims implements [mall.Store].
func (m *Memory) Claims(_ context.Context, f mall.ClaimFilter) (all []*mall.Claim, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.claims {
		if f.Picks(&c) && (f.Before.IsZero() || bytes.Compare(c.ID[:], f.Before[:]) < 0) {
			all = append(all, &c)
		}
	}
	slices.SortFunc(all, func(a, b *mall.Claim) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return all[:min(max(f.Limit, 0), len(all))], nil
}
