package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

var (
	_ settlement.Records = (*Store)(nil)
	_ settlement.Links   = (*Store)(nil)
)

// What each leg moves at its partner, in the columns that ownRecord has. Points are
// those that our records have for the leg: without the member's fee into
// electricity points, with it out of them.
const (
	legIn     = `c.id, c.account, c.in_hash, c.in_from, c.in_to, c.source_reference, c.source_membership, c.created_at, c.finished_at, c.window_date, c.outcome`
	legOut    = `c.id, c.account, c.out_hash, c.out_to, c.out_from, c.destination_reference, c.destination_membership, c.created_at, c.finished_at, c.window_date, c.outcome`
	legInBack = `r.id, c.account, c.in_hash, r.amount, 0, r.source_reference, c.source_membership, r.created_at, r.finished_at, r.window_date,
		CASE WHEN r.step = 'done' THEN r.status ELSE '' END`
	legOutBack = `r.id, c.account, c.out_hash, r.out_to, 0, r.destination_reference, c.destination_membership, r.created_at, r.finished_at, r.window_date,
		CASE WHEN r.step = 'done' THEN r.status ELSE '' END`
)

// leg is a movement, and where its records are found. Terms name the conditions of
// partial indexes, without which neither planner would use them. Parameters are the
// partner, a number, the ID after which a page begins, what else the search needs, and
// the page's length.
type leg struct {
	movement reconcile.Movement
	recorded string // in a window
	began    string // in a window, but begun before a moment, which is given as time and as ID
	failed   string // at a moment or later; a page begins after a moment and an ID
	open     string // the number is 0
	one      string // with an ID; no page
}

func conversionLeg(movement reconcile.Movement, columns, partner string) leg {
	begin := `SELECT ` + columns + ` FROM conversions AS c WHERE ` + partner + ` = $1 AND ` + partner + ` IS NOT NULL AND `
	recorded := begin + `c.outcome = 'completed' AND c.window_date = $2 AND c.id > $3`
	return leg{movement: movement,
		recorded: recorded + ` ORDER BY c.id LIMIT $4`,
		began:    recorded + ` AND c.created_at < $4 AND c.id < $5 ORDER BY c.id LIMIT $6`,
		failed:   begin + `c.outcome = 'failed' AND c.finished_at >= $2 AND (c.finished_at <> $3 OR c.id > $4) ORDER BY c.finished_at, c.id LIMIT $5`,
		open:     begin + `(c.step <> 'done' OR c.status = 'processing') AND c.step <> 'done' AND CAST($2 AS BIGINT) = 0 AND c.id > $3 ORDER BY c.id LIMIT $4`,
		one:      begin + `c.id = $2`,
	}
}

func reversalLeg(movement reconcile.Movement, columns, partner, amount string) leg {
	begin := `SELECT ` + columns + ` FROM reversals AS r JOIN conversions AS c ON c.id = r.conversion
		WHERE ` + partner + ` = $1 AND ` + amount + ` > 0 AND `
	recorded := begin + `r.status = 'completed' AND r.window_date = $2 AND r.id > $3`
	return leg{movement: movement,
		recorded: recorded + ` ORDER BY r.id LIMIT $4`,
		began:    recorded + ` AND r.created_at < $4 AND r.id < $5 ORDER BY r.id LIMIT $6`,
		failed:   begin + `r.status = 'failed' AND r.finished_at >= $2 AND (r.finished_at <> $3 OR r.id > $4) ORDER BY r.finished_at, r.id LIMIT $5`,
		open:     begin + `r.step <> 'done' AND CAST($2 AS BIGINT) = 0 AND r.id > $3 ORDER BY r.id LIMIT $4`,
		one:      begin + `r.id = $2`,
	}
}

var legs = [...]leg{
	conversionLeg(reconcile.Debit, legIn, "c.in_partner"),
	conversionLeg(reconcile.Credit, legOut, "c.out_partner"),
	reversalLeg(reconcile.DebitReversal, legInBack, "c.in_partner", "r.amount"),
	reversalLeg(reconcile.CreditReversal, legOutBack, "c.out_partner", "r.out_to"),
}

// recordPage is how many records are read at once, recordsAfter for how many windows
// after one it is looked for what was begun in it.
const (
	recordPage   = 2000
	recordsAfter = 8
)

// ownRecord is a row, and where its workflow stands.
type ownRecord struct {
	reconcile.Record
	id                ledger.ID
	created, finished int64
	window            ledger.Date
	outcome           exchange.Status
}

// Records implements [settlement.Records].
func (s *Store) Records(ctx context.Context, partner string, w settlement.Span, yield func(*reconcile.Record) error) error {
	for _, l := range legs {
		give := func(r *ownRecord) error {
			if !r.stand(l.movement, w) {
				return nil
			}
			return yield(&r.Record)
		}
		for _, q := range l.of(w) {
			if err := s.recordPages(ctx, q, partner, give); err != nil {
				return fmt.Errorf("our records of %s: %w", l.movement, err)
			}
		}
	}
	return nil
}

// search is a query with what goes in for its parameters.
type search struct {
	query  string
	number int64
	more   []any
	byTime bool // pages go by time, and then by ID
}

// of lists the searches that together find a window's records: what is under way,
// what was begun in it and recorded later, what failed, and what was recorded in it.
// What ends while they are being made goes the same way, so that it is found by a
// later one if not by an earlier; found by both it counts once.
func (l *leg) of(w settlement.Span) []search {
	all := []search{{query: l.open}}
	for after := range ledger.Date(recordsAfter) {
		all = append(all, search{query: l.began, number: int64(w.Window + 1 + after), more: []any{w.End, firstID(w.End + 60_000)}})
	}
	return append(all, search{query: l.failed, number: w.Start, byTime: true}, search{query: l.recorded, number: int64(w.Window)})
}

// stand says what a row was at the end of the window, and whether it had begun.
func (r *ownRecord) stand(m reconcile.Movement, w settlement.Span) bool {
	r.Movement, r.Side, r.Key = m, reconcile.Ours, r.id.Root()
	switch {
	case r.outcome == exchange.Completed && r.window <= w.Window:
		r.Status, r.Record.Window, r.At = reconcile.Completed, r.window, r.finished
		return true
	case r.outcome == exchange.Failed && r.finished < w.End:
		r.Status = reconcile.Failed
	default:
		r.Status = reconcile.Pending
	}
	r.At = r.created
	return r.created < w.End
}

func (s *Store) recordPages(ctx context.Context, q search, partner string, visit func(*ownRecord) error) error {
	var after ledger.ID
	for {
		args := []any{partner, q.number}
		if q.byTime {
			args = append(args, q.number)
		}
		args = append(append(append(args, after[:]), q.more...), int64(recordPage))
		page, err := list(ctx, s.reader, scanOwnRecord, q.query, args...)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := visit(r); err != nil {
				return err
			}
		}
		if len(page) < recordPage {
			return nil
		}
		last := page[len(page)-1]
		if after = last.id; q.byTime {
			q.number = last.finished
		}
	}
}

// RecordsOf implements [settlement.Records].
func (s *Store) RecordsOf(ctx context.Context, partner string, w settlement.Span, key ledger.ID, yield func(*reconcile.Record) error) error {
	for _, l := range legs {
		found, err := list(ctx, s.reader, scanOwnRecord, l.one, partner, key[:])
		if err != nil {
			return err
		}
		for _, r := range found {
			if !r.stand(l.movement, w) || r.Status == reconcile.Completed && r.window == w.Window {
				continue
			}
			if err := yield(&r.Record); err != nil {
				return err
			}
		}
	}
	return nil
}

func scanOwnRecord(row scanner) (*ownRecord, error) {
	var r ownRecord
	var account accountColumn
	var hash hashColumn
	var reference, membership string
	var window natural
	err := row.Scan((*idColumn)(&r.id), &account, &hash, (*natural)(&r.Amount), (*natural)(&r.Points), &reference, &membership,
		(*natural)(&r.created), (*natural)(&r.finished), &window, (*optionalStatus)(&r.outcome))
	if err != nil {
		return nil, rowError("record", r.id, err)
	}
	r.window = ledger.Date(window)
	r.Account = reconcile.FingerprintOfAccount(ledger.Account(account))
	r.Agreement = reconcile.FingerprintOfHash(ledger.Hash(hash))
	r.Reference, r.Membership = reconcile.FingerprintOf(reference), reconcile.FingerprintOf(membership)
	return &r, nil
}

// linkedTogether is how many memberships are looked up at once.
const linkedTogether = 128

var selectLinked = linkedQuery()

func linkedQuery() string {
	query := `SELECT DISTINCT membership FROM links WHERE partner = $1 AND membership IN (`
	for i := range linkedTogether {
		if i > 0 {
			query += ", "
		}
		query += fmt.Sprintf("$%d", i+2)
	}
	return query + ")"
}

// Linked implements [settlement.Links].
func (s *Store) Linked(ctx context.Context, partner string, memberships []string) (map[string]bool, error) {
	known := make(map[string]bool, len(memberships))
	for len(memberships) > 0 {
		n := min(len(memberships), linkedTogether)
		args := make([]any, 1, linkedTogether+1)
		args[0] = partner
		for i := range linkedTogether {
			args = append(args, memberships[min(i, n-1)])
		}
		found, err := list(ctx, s.reader, scanMembership, selectLinked, args...)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			known[m.V] = true
		}
		memberships = memberships[n:]
	}
	return known, nil
}

func scanMembership(row scanner) (*sql.Null[string], error) {
	var m sql.Null[string]
	return &m, row.Scan(&m)
}
