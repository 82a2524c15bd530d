package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/web/signin"
)

const staffColumns = `id, login, name, company, roles, password, must_change, secret, last_step, recovery,
	created_at, disabled_at, version`

const (
	insertStaff = `INSERT INTO staff_users (` + staffColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`
	updateStaff = `UPDATE staff_users SET name = $1, roles = $2, password = $3, must_change = $4, secret = $5, last_step = $6,
		recovery = $7, disabled_at = $8, version = version + 1 WHERE id = $9 AND version = $10`
	selectStaff          = `SELECT ` + staffColumns + ` FROM staff_users WHERE id = $1`
	selectStaffByLogin   = `SELECT ` + staffColumns + ` FROM staff_users WHERE login = $1`
	selectStaffOfCompany = `SELECT ` + staffColumns + ` FROM staff_users WHERE company = $1 ORDER BY login`
)

// CreateUser implements [signin.Store].
func (s *Store) CreateUser(ctx context.Context, u *signin.User) error {
	n, err := s.writer.one(ctx, insertStaff, u.ID[:], u.Login, u.Name, u.Company, rolesArg(u.Roles), u.Password, mustChangeArg(u),
		blobArg(u.Secret), u.LastStep, hashesArg(u.Recovery), u.CreatedAt, u.DisabledAt, u.Version)
	if err == nil && n == 0 {
		return signin.ErrTaken
	}
	return err
}

// UpdateUser implements [signin.Store].
func (s *Store) UpdateUser(ctx context.Context, u *signin.User) error {
	n, err := s.writer.one(ctx, updateStaff, u.Name, rolesArg(u.Roles), u.Password, mustChangeArg(u), blobArg(u.Secret), u.LastStep,
		hashesArg(u.Recovery), u.DisabledAt, u.ID[:], u.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return signin.ErrChanged
	}
	u.Version++
	return nil
}

// User implements [signin.Store].
func (s *Store) User(ctx context.Context, id signin.ID) (*signin.User, error) {
	return one(ctx, s.reader, scanStaff, signin.ErrNotFound, selectStaff, id[:])
}

// UserByLogin implements [signin.Store].
func (s *Store) UserByLogin(ctx context.Context, login string) (*signin.User, error) {
	return one(ctx, s.reader, scanStaff, signin.ErrNotFound, selectStaffByLogin, login)
}

// Users implements [signin.Store].
func (s *Store) Users(ctx context.Context, company string) ([]*signin.User, error) {
	return list(ctx, s.reader, scanStaff, selectStaffOfCompany, company)
}

func rolesArg(roles []signin.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}

// mustChangeArg is 0 for a password of the user's own, and otherwise until when the one
// that was made up can be used; 1 is for ever, as earlier releases wrote it.
func mustChangeArg(u *signin.User) int64 {
	if !u.MustChange {
		return 0
	}
	return max(u.PasswordUntil, 1)
}

func flagArg(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// blobArg is NULL for no bytes.
func blobArg(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func hashesArg(hashes [][32]byte) any {
	var b []byte
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return blobArg(b)
}

func scanStaff(row scanner) (*signin.User, error) {
	var u signin.User
	var roles string
	var recovery []byte
	var mustChange natural
	err := row.Scan((*staffID)(&u.ID), &u.Login, &u.Name, &u.Company, &roles, &u.Password, &mustChange,
		&u.Secret, (*natural)(&u.LastStep), &recovery, (*natural)(&u.CreatedAt), (*natural)(&u.DisabledAt), (*natural)(&u.Version))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: staff user %s: %w", u.ID, err)
	}
	if u.MustChange = mustChange > 0; mustChange > 1 {
		u.PasswordUntil = int64(mustChange)
	}
	for _, r := range strings.Fields(roles) {
		u.Roles = append(u.Roles, signin.Role(r))
	}
	if len(recovery)%32 != 0 {
		return nil, fmt.Errorf("sqlstore: staff user %s: recovery has %d bytes, want a multiple of 32", u.ID, len(recovery))
	}
	for ; len(recovery) > 0; recovery = recovery[32:] {
		u.Recovery = append(u.Recovery, [32]byte(recovery))
	}
	return &u, nil
}

type staffID signin.ID

func (c *staffID) Scan(v any) error { return scanBytes(c[:], v) }

// flagColumn is 0 or 1.
type flagColumn bool

func (c *flagColumn) Scan(v any) error {
	n, ok := v.(int64)
	if !ok || n != 0 && n != 1 {
		return fmt.Errorf("%v of type %T, want 0 or 1", v, v)
	}
	*c = n == 1
	return nil
}
