package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

var _ members.Store = (*Store)(nil)

const memberColumns = `number, salt, account, registered_at`

const (
	addMember  = `INSERT INTO members (` + memberColumns + `) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	setAccount = `UPDATE members SET account = $1 WHERE number = $2 AND account IS NULL`

	selectMemberWith  = `SELECT ` + memberColumns + ` FROM members WHERE account = $1`
	selectAllMembers  = `SELECT ` + memberColumns + ` FROM members WHERE number > $1 ORDER BY number LIMIT $2`
	selectUnknownOnes = `SELECT ` + memberColumns + ` FROM members WHERE account IS NULL ORDER BY number LIMIT $1`
)

// AddMembers implements [members.Store].
func (s *Store) AddMembers(ctx context.Context, all []members.Member) error {
	statements := make([]statement, len(all))
	for i := range all {
		m := &all[i]
		statements[i] = stmt(addMember, m.Number, saltArg(m.Salt), accountArg(&m.Account), m.RegisteredAt)
	}
	if len(all) == 0 {
		return nil
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}

func saltArg(salt []byte) any {
	if len(salt) == 0 {
		return nil
	}
	return salt
}

// SetAccount implements [members.Store].
func (s *Store) SetAccount(ctx context.Context, number string, account ledger.Account) error {
	n, err := s.writer.one(ctx, setAccount, account[:], number)
	if err == nil && n == 0 {
		return members.ErrNotFound
	}
	return err
}

// Members implements [members.Store].
func (s *Store) Members(ctx context.Context, numbers []string) (all []*members.Member, err error) {
	err = pieces(numbers, func(length int, args []any) error {
		found, err := list(ctx, s.reader, scanWholeMember, `SELECT `+memberColumns+` FROM members WHERE number IN `+among(1, length), args...)
		all = append(all, found...)
		return err
	})
	return all, err
}

// MemberWith implements [members.Store].
func (s *Store) MemberWith(ctx context.Context, account ledger.Account) (*members.Member, error) {
	return one(ctx, s.reader, scanWholeMember, members.ErrNotFound, selectMemberWith, account[:])
}

// MembersWith implements [members.Store].
func (s *Store) MembersWith(ctx context.Context, accounts []ledger.Account) (all []*members.Member, err error) {
	err = pieces(accountArgs(accounts), func(length int, args []any) error {
		found, err := list(ctx, s.reader, scanWholeMember, `SELECT `+memberColumns+` FROM members WHERE account IN `+among(1, length), args...)
		all = append(all, found...)
		return err
	})
	return all, err
}

// Everybody implements [members.Store].
func (s *Store) Everybody(ctx context.Context, after string, limit int) ([]*members.Member, error) {
	return list(ctx, s.reader, scanWholeMember, selectAllMembers, after, int64(max(limit, 0)))
}

// Unknown implements [members.Store].
func (s *Store) Unknown(ctx context.Context, limit int) ([]*members.Member, error) {
	return list(ctx, s.reader, scanWholeMember, selectUnknownOnes, int64(max(limit, 0)))
}

func scanWholeMember(row scanner) (*members.Member, error) {
	var m members.Member
	var account optionalAccount
	err := row.Scan(&m.Number, &m.Salt, &account, (*natural)(&m.RegisteredAt))
	if err != nil {
		return nil, fmt.Errorf("sqlstore: member: %w", err)
	}
	m.Account = ledger.Account(account)
	if len(m.Salt) == 0 {
		m.Salt = nil
	}
	return &m, nil
}

const erasureColumns = `id, account, token, points, asked_by, requested_at, step, code, detail, finished_at, revision`

const (
	insertErasure = `INSERT INTO member_erasures (` + erasureColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`
	updateErasure = `UPDATE member_erasures SET step = $1, code = $2, detail = $3, finished_at = $4, revision = $5 WHERE id = $6 AND revision = $7`
	// forgetErased comes after updateErasure in the transaction, and does nothing when that did not.
	forgetErased = `DELETE FROM members WHERE account = $1 AND EXISTS (SELECT 1 FROM member_erasures WHERE id = $2 AND revision = $3 AND step = 'done')`

	selectErasureOf    = `SELECT ` + erasureColumns + ` FROM member_erasures WHERE account = $1 ORDER BY id DESC LIMIT 1`
	selectOpenErasures = `SELECT ` + erasureColumns + ` FROM member_erasures WHERE step NOT IN ('done', 'withdrawn') ORDER BY id`
)

// BeginErasure implements [members.Store].
func (s *Store) BeginErasure(ctx context.Context, e *members.Erasure) (*members.Erasure, error) {
	n, err := s.writer.one(ctx, insertErasure, e.ID[:], e.Account[:], e.Token, e.Points, e.By, e.RequestedAt,
		string(e.Step), e.Code, e.Detail, e.FinishedAt, e.Revision)
	if err != nil || n == 1 {
		return nil, err
	}
	return s.ErasureOf(ctx, e.Account)
}

func erasureChange(e *members.Erasure) statement {
	return stmt(updateErasure, string(e.Step), e.Code, e.Detail, e.FinishedAt, e.Revision, e.ID[:], e.Revision-1)
}

// SaveErasure implements [members.Store].
func (s *Store) SaveErasure(ctx context.Context, e *members.Erasure) error {
	return s.changeErasure(ctx, erasureChange(e))
}

func (s *Store) changeErasure(ctx context.Context, all ...statement) error {
	done, err := s.writer.do(ctx, all...)
	if err == nil && done[0].affected == 0 {
		return members.ErrChanged
	}
	return err
}

// EndErasure implements [members.Store].
func (s *Store) EndErasure(ctx context.Context, e *members.Erasure) error {
	return s.changeErasure(ctx, erasureChange(e), stmt(forgetErased, e.Account[:], e.ID[:], e.Revision))
}

// ErasureOf implements [members.Store].
func (s *Store) ErasureOf(ctx context.Context, account ledger.Account) (*members.Erasure, error) {
	return one(ctx, s.reader, scanErasure, members.ErrNotFound, selectErasureOf, account[:])
}

// UnfinishedErasures implements [members.Store].
func (s *Store) UnfinishedErasures(ctx context.Context) ([]*members.Erasure, error) {
	return list(ctx, s.reader, scanErasure, selectOpenErasures)
}

func scanErasure(row scanner) (*members.Erasure, error) {
	var e members.Erasure
	var step string
	err := row.Scan((*idColumn)(&e.ID), (*accountColumn)(&e.Account), &e.Token, (*natural)(&e.Points), &e.By, (*natural)(&e.RequestedAt),
		&step, &e.Code, &e.Detail, (*natural)(&e.FinishedAt), (*natural)(&e.Revision))
	if err != nil {
		return nil, rowError("erasure", e.ID, err)
	}
	if e.Step = members.Step(step); !knownStep(e.Step) {
		return nil, rowError("erasure", e.ID, errors.New("column step: unknown step"))
	}
	return &e, nil
}

func knownStep(s members.Step) bool {
	switch s {
	case members.StepHold, members.StepFreeze, members.StepPost, members.StepClear, members.StepForget, members.StepThaw, members.StepVoid,
		members.StepDone, members.StepWithdrawn:
		return true
	}
	return false
}
