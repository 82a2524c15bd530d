package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

const (
	insertRewardRule = `INSERT INTO reward_rules (code, version, terms, state, maker, proposed_at, checker, decided_at, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
	decideRewardRule = `UPDATE reward_rules SET state = $1, checker = $2, decided_at = $3, reason = $4
		WHERE code = $5 AND version = $6 AND state = 'proposed'`
	selectRewardRules = `SELECT code, version, terms, state, maker, proposed_at, checker, decided_at, reason
		FROM reward_rules ORDER BY code, version`

	insertAnnouncement = `INSERT INTO reward_announcements (sequence, account, expiry, days, amount, created_at)
		VALUES ((SELECT COALESCE(MAX(sequence), 0) + 1 FROM reward_announcements), $1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	selectAnnouncements = `SELECT sequence, account, expiry, days, amount, created_at FROM reward_announcements
		WHERE sequence > $1 ORDER BY sequence LIMIT $2`
	selectAnnouncementsOf = `SELECT sequence, account, expiry, days, amount, created_at FROM reward_announcements
		WHERE account = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`

	selectNight = `SELECT date, after, done FROM reward_night WHERE id = 1`
	upsertNight = `INSERT INTO reward_night (id, date, after, done) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET date = excluded.date, after = excluded.after, done = excluded.done`
)

// AddRewardRule implements [rewards.Store].
func (s *Store) AddRewardRule(ctx context.Context, r *rewards.Rule) error {
	terms, err := r.Encode()
	if err != nil {
		return err
	}
	n, err := s.writer.one(ctx, insertRewardRule, r.Code, r.Version, string(terms), string(r.State), r.Maker, r.ProposedAt,
		r.Checker, r.DecidedAt, r.Reason)
	if err == nil && n == 0 {
		return rewards.ErrChanged
	}
	return err
}

// DecideRewardRule implements [rewards.Store].
func (s *Store) DecideRewardRule(ctx context.Context, r *rewards.Rule) error {
	n, err := s.writer.one(ctx, decideRewardRule, string(r.State), r.Checker, r.DecidedAt, r.Reason, r.Code, r.Version)
	if err == nil && n == 0 {
		return rewards.ErrChanged
	}
	return err
}

// RewardRules implements [rewards.Store].
func (s *Store) RewardRules(ctx context.Context) ([]rewards.Rule, error) {
	return values(list(ctx, s.reader, scanRewardRule, selectRewardRules))
}

func scanRewardRule(row scanner) (*rewards.Rule, error) {
	var r rewards.Rule
	var code, terms, state string
	err := row.Scan(&code, (*natural)(&r.Version), &terms, &state, &r.Maker, (*natural)(&r.ProposedAt), &r.Checker,
		(*natural)(&r.DecidedAt), &r.Reason)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: reward rule: %w", err)
	}
	if r.Terms, err = rewards.DecodeTerms([]byte(terms)); err != nil {
		return nil, fmt.Errorf("sqlstore: reward rule %s: %w", code, err)
	}
	if r.Code != code {
		return nil, fmt.Errorf("sqlstore: reward rule %s: its terms are those of %q", code, r.Code)
	}
	r.State = rewards.RuleState(state)
	return &r, nil
}

// AnnounceExpiry implements [rewards.Store]. Endpoints of the utility are told in
// the same transaction, so each is told once.
func (s *Store) AnnounceExpiry(ctx context.Context, all []rewards.Announcement) error {
	if len(all) == 0 {
		return nil
	}
	t := told{outbox: &s.outbox}
	for i := range all {
		a := &all[i]
		if err := t.expiring(a); err != nil {
			return err
		}
		t.statements = append(t.statements, stmt(insertAnnouncement, a.Account[:], int64(a.Expiry), int64(a.Days), a.Amount, a.CreatedAt))
	}
	if _, err := s.writer.do(ctx, t.statements...); err != nil {
		return err
	}
	t.notify()
	return nil
}

// ExpiryAnnouncements implements [rewards.Store].
func (s *Store) ExpiryAnnouncements(ctx context.Context, account ledger.Account, after int64, limit int) ([]rewards.Announcement, error) {
	if account.IsZero() {
		return values(list(ctx, s.reader, scanAnnouncement, selectAnnouncements, after, int64(max(limit, 0))))
	}
	return values(list(ctx, s.reader, scanAnnouncement, selectAnnouncementsOf, account[:], after, int64(max(limit, 0))))
}

func scanAnnouncement(row scanner) (*rewards.Announcement, error) {
	var a rewards.Announcement
	var expiry, days natural
	err := row.Scan((*natural)(&a.Sequence), (*accountColumn)(&a.Account), &expiry, &days, (*natural)(&a.Amount), (*natural)(&a.CreatedAt))
	a.Expiry, a.Days = ledger.Month(expiry), int(days)
	return &a, err
}

// errNoNight never leaves this file: there is none before the first.
var errNoNight = errors.New("sqlstore: no night")

// RewardNight implements [rewards.Store].
func (s *Store) RewardNight(ctx context.Context) (rewards.Night, error) {
	n, err := one(ctx, s.reader, scanNight, errNoNight, selectNight)
	if errors.Is(err, errNoNight) {
		return rewards.Night{}, nil
	}
	if err != nil {
		return rewards.Night{}, err
	}
	return *n, nil
}

func scanNight(row scanner) (*rewards.Night, error) {
	var n rewards.Night
	var date, done natural
	err := row.Scan(&date, &n.After, &done)
	n.Date, n.Done = ledger.Date(date), done == 1
	return &n, err
}

// SaveRewardNight implements [rewards.Store].
func (s *Store) SaveRewardNight(ctx context.Context, n rewards.Night, standings []*rewards.Standing) error {
	done := int64(0)
	if n.Done {
		done = 1
	}
	statements := []statement{stmt(upsertNight, int64(n.Date), n.After, done)}
	for _, v := range standings {
		statements = append(statements, standingChange(v)...)
	}
	_, err := s.writer.do(ctx, statements...)
	return err
}
