package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

const (
	insertProposal = `INSERT INTO mall_proposals (id, product, state, detail) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	// A proposal is in the state approving for the rest of its transaction, in which
	// its product follows; so that changes with it, or neither does.
	beginApproval = `UPDATE mall_proposals SET state = 'approving' WHERE id = $1 AND state = 'proposed'
		AND COALESCE((SELECT version FROM mall_products WHERE id = $2), 0) = $3`
	approveProposal = `UPDATE mall_proposals SET state = $1, detail = $2 WHERE id = $3 AND state = 'approving'`
	rejectProposal  = `UPDATE mall_proposals SET state = $1, detail = $2 WHERE id = $3 AND state = 'proposed'`

	proposalColumns = `id, product, state, detail`
	selectProposal  = `SELECT ` + proposalColumns + ` FROM mall_proposals WHERE id = $1`

	insertPicture = `INSERT INTO mall_pictures (id, media, content, made_by, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	selectPicture = `SELECT id, media, content, made_by, at FROM mall_pictures WHERE id = $1`
)

// CreateProposal implements [mall.Store].
func (s *Store) CreateProposal(ctx context.Context, x *mall.Proposal) error {
	detail, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("sqlstore: proposal %s: %w", x.ID, err)
	}
	n, err := s.writer.one(ctx, insertProposal, x.ID[:], x.Product.ID, string(x.State), string(detail))
	if err == nil && n == 0 {
		return mall.ErrProposed
	}
	return err
}

// ApproveProposal implements [mall.Store].
func (s *Store) ApproveProposal(ctx context.Context, x *mall.Proposal, e *mall.Change) error {
	detail, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("sqlstore: proposal %s: %w", x.ID, err)
	}
	product, err := productStatements(x.Product, e)
	if err != nil {
		return err
	}
	all := []statement{stmt(beginApproval, x.ID[:], x.Product.ID, x.Product.Version-1)}
	for _, st := range product {
		all = append(all, whileApproving(st, x.ID))
	}
	done, err := s.writer.do(ctx, append(all, stmt(approveProposal, string(x.State), string(detail), x.ID[:]))...)
	if err == nil && done[0].affected == 0 {
		return mall.ErrChanged
	}
	return err
}

// whileApproving makes a statement part of an approval.
func whileApproving(st statement, id ledger.ID) statement {
	head, tail, conflict := strings.Cut(st.query, " ON CONFLICT")
	if conflict {
		tail = " ON CONFLICT" + tail
	}
	query := head + ` AND EXISTS (SELECT 1 FROM mall_proposals WHERE id = $` + strconv.Itoa(len(st.args)+1) + ` AND state = 'approving')` + tail
	return stmt(query, append(st.args[:len(st.args):len(st.args)], id[:])...)
}

// RejectProposal implements [mall.Store].
func (s *Store) RejectProposal(ctx context.Context, x *mall.Proposal) error {
	detail, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("sqlstore: proposal %s: %w", x.ID, err)
	}
	n, err := s.writer.one(ctx, rejectProposal, string(x.State), string(detail), x.ID[:])
	if err == nil && n == 0 {
		return mall.ErrChanged
	}
	return err
}

// Proposal implements [mall.Store].
func (s *Store) Proposal(ctx context.Context, id ledger.ID) (*mall.Proposal, error) {
	return one(ctx, s.reader, scanProposal, mall.ErrNotFound, selectProposal, id[:])
}

// Proposals implements [mall.Store].
func (s *Store) Proposals(ctx context.Context, state mall.ProposalState, before ledger.ID, limit int) ([]*mall.Proposal, error) {
	if limit < 1 || limit > listMax {
		return nil, fmt.Errorf("sqlstore: limit is %d, must be 1 to %d", limit, listMax)
	}
	var q selection
	terms := []string{"TRUE"}
	if state != "" {
		terms = append(terms, "state = "+q.arg(string(state)))
	}
	if !before.IsZero() {
		terms = append(terms, "id < "+q.arg(before[:]))
	}
	query := `SELECT ` + proposalColumns + ` FROM mall_proposals WHERE ` + strings.Join(terms, " AND ") + ` ORDER BY id DESC LIMIT ` + q.arg(int64(limit))
	return list(ctx, s.reader, scanProposal, query, q.args...)
}

func scanProposal(row scanner) (*mall.Proposal, error) {
	var x mall.Proposal
	var id ledger.ID
	var product, state, detail string
	if err := row.Scan((*idColumn)(&id), &product, &state, &detail); err != nil {
		return nil, rowError("proposal", id, err)
	}
	if err := json.Unmarshal([]byte(detail), &x); err != nil {
		return nil, fmt.Errorf("sqlstore: proposal %s: %w", id, err)
	}
	x.State = mall.ProposalState(state)
	if x.ID != id || x.Product == nil || x.Product.ID != product {
		return nil, fmt.Errorf("sqlstore: proposal %s: its columns are not what its detail says", id)
	}
	return &x, nil
}

// AddPicture implements [mall.Store].
func (s *Store) AddPicture(ctx context.Context, p *mall.Picture) error {
	_, err := s.writer.one(ctx, insertPicture, p.ID, p.Media, p.Content, p.By, p.At)
	return err
}

// Picture implements [mall.Store].
func (s *Store) Picture(ctx context.Context, id string) (*mall.Picture, error) {
	return one(ctx, s.reader, func(row scanner) (*mall.Picture, error) {
		var p mall.Picture
		return &p, row.Scan(&p.ID, &p.Media, &p.Content, &p.By, (*natural)(&p.At))
	}, mall.ErrNotFound, selectPicture, id)
}
