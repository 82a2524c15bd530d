package sqlstore

import (
	"context"
	"fmt"

	sessions "github.com/pointgrid/pointgrid/web/session"
)

var _ sessions.Store = (*Store)(nil)

const (
	insertMemberSession = `INSERT INTO member_sessions (hash, member, sealed, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`
	selectMemberSession = `SELECT hash, member, sealed, created_at, seen_at, expires_at FROM member_sessions WHERE hash = $1`
	touchMemberSession  = `UPDATE member_sessions SET seen_at = $1 WHERE hash = $2`
	deleteMemberSession = `DELETE FROM member_sessions WHERE hash = $1`

	deleteMemberSessions = `DELETE FROM member_sessions WHERE member = $1`
	forgetMemberSessions = `DELETE FROM member_sessions WHERE expires_at < $1`
)

// CreateMemberSession implements [sessions.Store].
func (s *Store) CreateMemberSession(ctx context.Context, v *sessions.Session) error {
	_, err := s.writer.one(ctx, insertMemberSession, v.Hash[:], v.Member, v.Sealed, v.CreatedAt, v.SeenAt, v.ExpiresAt)
	return err
}

// MemberSession implements [sessions.Store].
func (s *Store) MemberSession(ctx context.Context, hash [32]byte) (*sessions.Session, error) {
	return one(ctx, s.reader, scanMemberSession, sessions.ErrNotFound, selectMemberSession, hash[:])
}

func scanMemberSession(row scanner) (*sessions.Session, error) {
	var v sessions.Session
	err := row.Scan((*hashColumn)(&v.Hash), &v.Member, &v.Sealed, (*natural)(&v.CreatedAt), (*natural)(&v.SeenAt), (*natural)(&v.ExpiresAt))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: member session: %w", err)
	}
	return &v, nil
}

// TouchMemberSession implements [sessions.Store].
func (s *Store) TouchMemberSession(ctx context.Context, hash [32]byte, seenAt int64) error {
	_, err := s.writer.one(ctx, touchMemberSession, seenAt, hash[:])
	return err
}

// EndMemberSession implements [sessions.Store].
func (s *Store) EndMemberSession(ctx context.Context, hash [32]byte) error {
	_, err := s.writer.one(ctx, deleteMemberSession, hash[:])
	return err
}

// EndSessionsOf implements [sessions.Store].
func (s *Store) EndSessionsOf(ctx context.Context, member string) error {
	_, err := s.writer.one(ctx, deleteMemberSessions, member)
	return err
}

// ForgetMemberSessions implements [sessions.Store].
func (s *Store) ForgetMemberSessions(ctx context.Context, before int64) error {
	_, err := s.writer.one(ctx, forgetMemberSessions, before)
	return err
}
