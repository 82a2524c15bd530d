package sqlstore

import (
	"context"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

const linkColumns = `id, partner, member, membership, consent_text, consent_at, consent_channel, created_at, ended_at`

const (
	insertLink = `INSERT INTO links (` + linkColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
	endLink    = `UPDATE links SET ended_at = $1 WHERE id = $2 AND ended_at = 0`
	selectLink = `SELECT ` + linkColumns + ` FROM links WHERE id = $1`

	selectLinkOf = `SELECT ` + linkColumns + ` FROM links WHERE partner = $1 AND member = $2 AND ended_at = 0`

	selectLinks = `SELECT ` + linkColumns + ` FROM links WHERE ended_at = 0 AND id > $1 ORDER BY id LIMIT $2`

	selectLinksOfPartner = `SELECT ` + linkColumns + ` FROM links
		WHERE partner = $1 AND ended_at = 0 AND id > $2 ORDER BY id LIMIT $3`
)

// CreateLink implements [exchange.Store].
func (s *Store) CreateLink(ctx context.Context, l *exchange.Link) error {
	n, err := s.writer.one(ctx, insertLink, l.ID[:], l.Partner, l.Member, l.Membership,
		l.Consent.TextVersion, l.Consent.GivenAt, l.Consent.Channel, l.CreatedAt, l.EndedAt)
	if err == nil && n == 0 {
		return exchange.ErrLinked
	}
	return err
}

// EndLink implements [exchange.Store].
func (s *Store) EndLink(ctx context.Context, id ledger.ID, at int64) error {
	n, err := s.writer.one(ctx, endLink, at, id[:])
	if err == nil && n == 0 {
		return exchange.ErrNotFound
	}
	return err
}

// Link implements [exchange.Store].
func (s *Store) Link(ctx context.Context, id ledger.ID) (*exchange.Link, error) {
	return one(ctx, s.reader, scanLink, exchange.ErrNotFound, selectLink, id[:])
}

// LinkOf implements [exchange.Store].
func (s *Store) LinkOf(ctx context.Context, partner, member string) (*exchange.Link, error) {
	return one(ctx, s.reader, scanLink, exchange.ErrNotFound, selectLinkOf, partner, member)
}

// Links implements [exchange.Store].
func (s *Store) Links(ctx context.Context, partner string, after ledger.ID, limit int) ([]*exchange.Link, error) {
	if partner == "" {
		return list(ctx, s.reader, scanLink, selectLinks, after[:], int64(max(limit, 0)))
	}
	return list(ctx, s.reader, scanLink, selectLinksOfPartner, partner, after[:], int64(max(limit, 0)))
}

func scanLink(row scanner) (*exchange.Link, error) {
	var l exchange.Link
	err := row.Scan((*idColumn)(&l.ID), &l.Partner, &l.Member, &l.Membership,
		&l.Consent.TextVersion, (*natural)(&l.Consent.GivenAt), &l.Consent.Channel,
		(*natural)(&l.CreatedAt), (*natural)(&l.EndedAt))
	if err != nil {
		return nil, rowError("link", l.ID, err)
	}
	return &l, nil
}
