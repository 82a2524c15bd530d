package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// hub is the code of electricity points, fixed for ever. The indexes by
// programme leave it out.
const hub = "EPT"

const listMax = 200

const selectUnfinished = `SELECT ` + conversionColumns + ` FROM conversions
	WHERE (step <> 'done' OR status = 'processing') AND step <> 'done' AND id > $1 ORDER BY id LIMIT $2`

// selectUnfinishedSlots cuts the byte of [exchange.SlotOf] out of IDs.
const selectUnfinishedSlots = `SELECT substr(id, 15, 1) AS slot FROM conversions
	WHERE (step <> 'done' OR status = 'processing') AND step <> 'done' AND (step <> 'review' OR deadline <= $1)
	UNION SELECT substr(id, 15, 1) FROM reversals WHERE step <> 'done' ORDER BY slot`

// UnfinishedSlots implements [exchange.Store].
func (s *Store) UnfinishedSlots(ctx context.Context, now int64) (all []uint8, err error) {
	rows, err := list(ctx, s.reader, func(row scanner) (*[]byte, error) {
		var b []byte
		err := row.Scan(&b)
		if err == nil && len(b) != 1 {
			err = fmt.Errorf("sqlstore: slot of %d bytes", len(b))
		}
		return &b, err
	}, selectUnfinishedSlots, now)
	for _, b := range rows {
		all = append(all, (*b)[0])
	}
	return all, err
}

// UnfinishedConversions implements [exchange.Store].
func (s *Store) UnfinishedConversions(ctx context.Context, after ledger.ID, limit int) ([]*exchange.Conversion, error) {
	return list(ctx, s.reader, scanConversion, selectUnfinished, after[:], int64(max(limit, 0)))
}

// Conversions implements [exchange.Store].
func (s *Store) Conversions(ctx context.Context, f exchange.Filter) ([]*exchange.Conversion, error) {
	if f.Limit < 1 || f.Limit > listMax {
		return nil, fmt.Errorf("sqlstore: limit is %d, must be 1 to %d", f.Limit, listMax)
	}
	var q selection
	query := q.build(f)
	return list(ctx, s.reader, scanConversion, query, q.args...)
}

// selection builds the query of a filter. Terms look redundant where they name
// the condition of a partial index: neither planner would use it otherwise.
type selection struct{ args []any }

func (q *selection) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

func (q *selection) build(f exchange.Filter) string {
	if f.Programme == "" || f.Programme == hub {
		terms := q.terms(f)
		if f.Programme == hub {
			terms = append(terms, "(source = 'EPT' OR destination = 'EPT')")
		}
		return `SELECT ` + conversionColumns + ` FROM conversions` + q.tail(terms, f)
	}
	// One index serves each side; a page of each holds the page of both.
	source := q.side(f, "source = "+q.arg(f.Programme)+" AND source <> 'EPT'", "a")
	destination := q.side(f, "destination = "+q.arg(f.Programme)+" AND destination <> 'EPT'", "b")
	return `SELECT ` + conversionColumns + ` FROM conversions WHERE id IN (` + source + ` UNION ` + destination +
		`) ORDER BY id DESC LIMIT ` + q.arg(int64(f.Limit))
}

func (q *selection) side(f exchange.Filter, programme, alias string) string {
	return `SELECT id FROM (SELECT id FROM conversions` + q.tail(append(q.terms(f), programme), f) + `) AS ` + alias
}

func (q *selection) tail(terms []string, f exchange.Filter) string {
	where := ""
	if len(terms) > 0 {
		where = " WHERE " + strings.Join(terms, " AND ")
	}
	return where + " ORDER BY id DESC LIMIT " + q.arg(int64(f.Limit))
}

func (q *selection) terms(f exchange.Filter) (terms []string) {
	switch f.Status {
	case "":
	case exchange.Failed, exchange.Reversed:
		terms = append(terms, "status IN ('failed', 'reversed') AND status = "+q.arg(string(f.Status)))
	case exchange.Processing:
		terms = append(terms, "(step <> 'done' OR status = 'processing') AND status = 'processing'")
	default:
		terms = append(terms, "status = "+q.arg(string(f.Status)))
	}
	if f.Escalated {
		terms = append(terms, "escalated_at <> 0")
	}
	if f.InReview {
		terms = append(terms, "(step <> 'done' OR status = 'processing') AND step = 'review'")
	}
	if !f.Account.IsZero() {
		terms = append(terms, "partner = '' AND account = "+q.arg(f.Account[:]))
	}
	if f.CreatedFrom != 0 {
		terms = append(terms, "created_at >= "+q.arg(f.CreatedFrom)+" AND id >= "+q.arg(firstID(f.CreatedFrom-createdWithin)))
	}
	if f.CreatedUntil != 0 {
		terms = append(terms, "created_at < "+q.arg(f.CreatedUntil)+" AND id < "+q.arg(firstID(f.CreatedUntil+createdWithin)))
	}
	if !f.Before.IsZero() {
		terms = append(terms, "id < "+q.arg(f.Before[:]))
	}
	return terms
}

// firstID returns bytes that no ID of the time, in milliseconds since 1970, or
// later is below.
func firstID(ms int64) []byte {
	ms = max(ms, 0)
	id := make([]byte, len(ledger.ID{}))
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}
