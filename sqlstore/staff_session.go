package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/web/signin"
)

const (
	insertStaffSession = `INSERT INTO staff_sessions (hash, user_id, pending, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`
	selectStaffSession = `SELECT hash, user_id, pending, created_at, seen_at, expires_at FROM staff_sessions WHERE hash = $1`
	touchStaffSession  = `UPDATE staff_sessions SET seen_at = $1 WHERE hash = $2`
	deleteStaffSession = `DELETE FROM staff_sessions WHERE hash = $1`

	deleteStaffSessions = `DELETE FROM staff_sessions WHERE user_id = $1 AND hash <> $2`
	forgetStaffSessions = `DELETE FROM staff_sessions WHERE expires_at < $1`

	selectStaffAttempts = `SELECT count, until, at FROM staff_attempts WHERE id = $1`
	insertStaffAttempts = `INSERT INTO staff_attempts (id, count, until, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	updateStaffAttempts = `UPDATE staff_attempts SET count = $1, until = $2, at = $3
		WHERE id = $4 AND count = $5 AND until = $6 AND at = $7`
	deleteStaffAttempts = `DELETE FROM staff_attempts WHERE id = $1`
	forgetStaffAttempts = `DELETE FROM staff_attempts WHERE at < $1`
)

// CreateSession implements [signin.Store].
func (s *Store) CreateSession(ctx context.Context, v *signin.Session) error {
	_, err := s.writer.one(ctx, insertStaffSession, v.Hash[:], v.User[:], flagArg(v.Pending), v.CreatedAt, v.SeenAt, v.ExpiresAt)
	return err
}

// Session implements [signin.Store].
func (s *Store) Session(ctx context.Context, hash [32]byte) (*signin.Session, error) {
	return one(ctx, s.reader, scanStaffSession, signin.ErrNotFound, selectStaffSession, hash[:])
}

func scanStaffSession(row scanner) (*signin.Session, error) {
	var v signin.Session
	err := row.Scan((*hashColumn)(&v.Hash), (*staffID)(&v.User), (*flagColumn)(&v.Pending),
		(*natural)(&v.CreatedAt), (*natural)(&v.SeenAt), (*natural)(&v.ExpiresAt))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: staff session of user %s: %w", v.User, err)
	}
	return &v, nil
}

// TouchSession implements [signin.Store].
func (s *Store) TouchSession(ctx context.Context, hash [32]byte, seenAt int64) error {
	_, err := s.writer.one(ctx, touchStaffSession, seenAt, hash[:])
	return err
}

// EndSession implements [signin.Store].
func (s *Store) EndSession(ctx context.Context, hash [32]byte) error {
	_, err := s.writer.one(ctx, deleteStaffSession, hash[:])
	return err
}

// EndSessions implements [signin.Store].
func (s *Store) EndSessions(ctx context.Context, user signin.ID, except [32]byte) error {
	_, err := s.writer.one(ctx, deleteStaffSessions, user[:], except[:])
	return err
}

// Attempts implements [signin.Store].
func (s *Store) Attempts(ctx context.Context, key [32]byte) (signin.Attempts, error) {
	a, err := one(ctx, s.reader, scanStaffAttempts, signin.ErrNotFound, selectStaffAttempts, key[:])
	if errors.Is(err, signin.ErrNotFound) {
		return signin.Attempts{}, nil
	}
	if err != nil {
		return signin.Attempts{}, fmt.Errorf("sqlstore: staff attempts: %w", err)
	}
	return *a, nil
}

func scanStaffAttempts(row scanner) (*signin.Attempts, error) {
	var a signin.Attempts
	err := row.Scan((*natural)(&a.Count), (*natural)(&a.Until), (*natural)(&a.At))
	return &a, err
}

// SwapAttempts implements [signin.Store].
func (s *Store) SwapAttempts(ctx context.Context, key [32]byte, old, new signin.Attempts) error {
	swap := stmt(updateStaffAttempts, new.Count, new.Until, new.At, key[:], old.Count, old.Until, old.At)
	if old == (signin.Attempts{}) {
		swap = stmt(insertStaffAttempts, key[:], new.Count, new.Until, new.At)
	}
	done, err := s.writer.do(ctx, swap)
	if err == nil && done[0].affected == 0 {
		return signin.ErrChanged
	}
	return err
}

// ClearAttempts implements [signin.Store].
func (s *Store) ClearAttempts(ctx context.Context, key [32]byte) error {
	_, err := s.writer.one(ctx, deleteStaffAttempts, key[:])
	return err
}

// ForgetSignins implements [signin.Store].
func (s *Store) ForgetSignins(ctx context.Context, sessionsBefore, attemptsBefore int64) error {
	_, err := s.writer.do(ctx, stmt(forgetStaffSessions, sessionsBefore), stmt(forgetStaffAttempts, attemptsBefore))
	return err
}
