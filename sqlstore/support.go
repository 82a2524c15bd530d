package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
)

var _ support.Store = (*Store)(nil)

const disputeColumns = `id, client, request_key, request_hash, member, kind, subject, reason, state, owner, due, resolution, version, opened_at, updated_at`

const (
	insertDispute = `INSERT INTO support_disputes (` + disputeColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING`
	updateDispute = `UPDATE support_disputes SET state = $1, owner = $2, due = $3, resolution = $4, version = $5, updated_at = $6 WHERE id = $7 AND version = $8`
	// An entry is added only where the dispute has come to its number; where another was
	// faster its entry is there already.
	insertDisputeEntry = `INSERT INTO support_trail (dispute, number, at, side, person, what, state, text, public)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM support_disputes WHERE id = $10 AND version = $11 ON CONFLICT DO NOTHING`
	forgetEntries    = `UPDATE support_trail SET text = '' WHERE dispute IN (SELECT id FROM support_disputes WHERE member = $1)`
	forgetResolution = `UPDATE support_disputes SET resolution = $1 WHERE id = $2`
	forgetDisputes   = `UPDATE support_disputes SET member = $1 WHERE member = $2`
	forgetActs       = `UPDATE support_acts SET member = $1, reason = '' WHERE member = $2`
	selectForgotten  = `SELECT ` + disputeColumns + ` FROM support_disputes WHERE member = $1 AND resolution <> '' ORDER BY id`

	selectDispute      = `SELECT ` + disputeColumns + ` FROM support_disputes WHERE id = $1`
	selectDisputeByKey = `SELECT ` + disputeColumns + ` FROM support_disputes WHERE client = $1 AND request_key = $2`
	selectDisputeTrail = `SELECT dispute, number, at, side, person, what, state, text, public FROM support_trail WHERE dispute = $1 ORDER BY number`
	countDisputes      = `SELECT state, COUNT(*) FROM support_disputes GROUP BY state`
)

// CreateDispute implements [support.Store].
func (s *Store) CreateDispute(ctx context.Context, d *support.Dispute, e *support.Entry) (*support.Dispute, error) {
	resolution, err := resolutionText(d)
	if err != nil {
		return nil, err
	}
	done, err := s.writer.do(ctx, stmt(insertDispute, d.ID[:], d.Client, d.Request.Key, d.Request.Hash[:], d.Member, string(d.Kind), d.Subject[:], string(d.Reason),
		string(d.State), d.Owner, int64(d.Due), resolution, d.Version, d.OpenedAt, d.UpdatedAt), disputeEntry(e))
	if err != nil || done[0].affected == 1 {
		return nil, err
	}
	existing, err := one(ctx, s.reader, scanDispute, support.ErrNotFound, selectDisputeByKey, d.Client, d.Request.Key)
	if errors.Is(err, support.ErrNotFound) {
		return nil, support.ErrTaken
	}
	return existing, err
}

func disputeEntry(e *support.Entry) statement {
	return stmt(insertDisputeEntry, e.Dispute[:], e.Number, e.At, string(e.Side), e.By, e.What, string(e.State), e.Text, flag(e.Public), e.Dispute[:], e.Number)
}

// resolutionText is empty for none.
func resolutionText(d *support.Dispute) (string, error) {
	if d.Resolution == nil {
		return "", nil
	}
	b, err := json.Marshal(d.Resolution)
	if err != nil {
		return "", fmt.Errorf("sqlstore: dispute %s: %w", d.ID, err)
	}
	return string(b), nil
}

// SaveDispute implements [support.Store]. The act comes first, while the dispute is
// still at the version before.
func (s *Store) SaveDispute(ctx context.Context, d *support.Dispute, e *support.Entry, a *support.Act) error {
	if e.Dispute != d.ID || e.Number != d.Version {
		return fmt.Errorf("sqlstore: entry %d of dispute %s does not belong to version %d of %s", e.Number, e.Dispute, d.Version, d.ID)
	}
	resolution, err := resolutionText(d)
	if err != nil {
		return err
	}
	var all []statement
	if a != nil {
		all = append(all, stmt(insertActWithDispute, append(actArgs(a), d.ID[:], d.Version-1)...))
	}
	at := len(all)
	done, err := s.writer.do(ctx, append(all, stmt(updateDispute, string(d.State), d.Owner, int64(d.Due), resolution, d.Version, d.UpdatedAt, d.ID[:], d.Version-1), disputeEntry(e))...)
	if err == nil && done[at].affected == 0 {
		return support.ErrChanged
	}
	return err
}

// Dispute implements [support.Store].
func (s *Store) Dispute(ctx context.Context, id ledger.ID) (*support.Dispute, error) {
	return one(ctx, s.reader, scanDispute, support.ErrNotFound, selectDispute, id[:])
}

// Disputes implements [support.Store].
func (s *Store) Disputes(ctx context.Context, f support.Filter) ([]*support.Dispute, error) {
	if f.Limit < 1 || f.Limit > listMax {
		return nil, fmt.Errorf("sqlstore: limit is %d, must be 1 to %d", f.Limit, listMax)
	}
	var q selection
	terms := q.disputeTerms(f)
	order := "id DESC"
	switch {
	case f.Unended && f.After != nil:
		terms = append(terms, "(due > "+q.arg(int64(f.After.Due))+" OR due = "+q.arg(int64(f.After.Due))+" AND id > "+q.arg(f.After.ID[:])+")")
	case !f.Unended && !f.Before.IsZero():
		terms = append(terms, "id < "+q.arg(f.Before[:]))
	}
	if f.Unended {
		order = "due, id"
	}
	return list(ctx, s.reader, scanDispute, `SELECT `+disputeColumns+` FROM support_disputes`+where(terms)+` ORDER BY `+order+` LIMIT `+q.arg(int64(f.Limit)), q.args...)
}

func where(terms []string) string {
	if len(terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(terms, " AND ")
}

func (q *selection) disputeTerms(f support.Filter) (terms []string) {
	equal := func(column, v string) {
		if v != "" {
			terms = append(terms, column+" = "+q.arg(v))
		}
	}
	equal("member", f.Member)
	equal("kind", string(f.Kind))
	equal("state", string(f.State))
	equal("owner", f.Owner)
	if !f.Subject.IsZero() {
		terms = append(terms, "subject = "+q.arg(f.Subject[:]))
	}
	if f.Unended {
		terms = append(terms, "state <> 'resolved'")
	}
	return terms
}

func scanDispute(row scanner) (*support.Dispute, error) {
	var d support.Dispute
	var kind, reason, state, resolution string
	var due natural
	err := row.Scan((*idColumn)(&d.ID), &d.Client, &d.Request.Key, (*hashColumn)(&d.Request.Hash), &d.Member, &kind, (*idColumn)(&d.Subject), &reason, &state,
		&d.Owner, &due, &resolution, (*natural)(&d.Version), (*natural)(&d.OpenedAt), (*natural)(&d.UpdatedAt))
	if err != nil {
		return nil, rowError("dispute", d.ID, err)
	}
	d.Kind, d.Reason, d.State, d.Due = support.SubjectKind(kind), support.Reason(reason), support.State(state), ledger.Date(due)
	if resolution != "" {
		if err := json.Unmarshal([]byte(resolution), &d.Resolution); err != nil {
			return nil, fmt.Errorf("sqlstore: dispute %s: %w", d.ID, err)
		}
	}
	return &d, nil
}

// DisputeTrail implements [support.Store].
func (s *Store) DisputeTrail(ctx context.Context, id ledger.ID) ([]*support.Entry, error) {
	return list(ctx, s.reader, scanDisputeEntry, selectDisputeTrail, id[:])
}

func scanDisputeEntry(row scanner) (*support.Entry, error) {
	var e support.Entry
	var side, state string
	var public natural
	err := row.Scan((*idColumn)(&e.Dispute), (*natural)(&e.Number), (*natural)(&e.At), &side, &e.By, &e.What, &state, &e.Text, &public)
	e.Side, e.State, e.Public = support.Side(side), support.State(state), public == 1
	return &e, err
}

// DisputeCounts implements [support.Store].
func (s *Store) DisputeCounts(ctx context.Context) (map[support.State]int64, error) {
	type tally struct {
		state string
		n     int64
	}
	all, err := list(ctx, s.reader, func(row scanner) (*tally, error) {
		var t tally
		return &t, row.Scan(&t.state, (*natural)(&t.n))
	}, countDisputes)
	counts := map[support.State]int64{}
	for _, t := range all {
		counts[support.State(t.state)] = t.n
	}
	return counts, err
}

// ForgetMember implements [support.Store]. Whoever erases sees to it that nothing of the
// member is under way.
func (s *Store) ForgetMember(ctx context.Context, member, token string) error {
	resolved, err := list(ctx, s.reader, scanDispute, selectForgotten, member)
	if err != nil {
		return err
	}
	all := []statement{stmt(forgetEntries, member)}
	for _, d := range resolved {
		d.Resolution.Text = ""
		text, err := resolutionText(d)
		if err != nil {
			return err
		}
		all = append(all, stmt(forgetResolution, text, d.ID[:]))
	}
	_, err = s.writer.do(ctx, append(all, stmt(forgetDisputes, token, member), stmt(forgetActs, token, member))...)
	return err
}
