package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

var _ desk.Store = (*Store)(nil)

const breakColumns = `id, partner, window_date, seen, type, state, tolerated, value, owner, due, finding, resolution, version, opened_at, updated_at`

const (
	insertBreak = `INSERT INTO breaks (` + breakColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING`
	updateBreak = `UPDATE breaks SET partner = $1, window_date = $2, seen = $3, type = $4, state = $5, tolerated = $6, value = $7,
		owner = $8, due = $9, finding = $10, resolution = $11, version = $12, opened_at = $13, updated_at = $14
		WHERE id = $15 AND version = $16`
	// An entry is added only where the case has come to its number; where another
	// was faster its entry is there already.
	insertTrail = `INSERT INTO break_trail (break_id, number, at, company, person, what, state, text, attachment, name)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM breaks WHERE id = $11 AND version = $12 ON CONFLICT DO NOTHING`
	insertBreakFile = `INSERT INTO break_files (digest, file) VALUES ($1, $2) ON CONFLICT DO NOTHING`

	selectBreak     = `SELECT ` + breakColumns + ` FROM breaks WHERE id = $1`
	selectTrail     = `SELECT break_id, number, at, company, person, what, state, text, attachment, name FROM break_trail WHERE break_id = $1 ORDER BY number`
	selectBreakFile = `SELECT file FROM break_files WHERE digest = $1`
	countBreaks     = `SELECT partner, window_date, state, tolerated, COUNT(*), CAST(SUM(ABS(value)) AS BIGINT) FROM breaks
		WHERE window_date BETWEEN $1 AND $2 AND ($3 = '' OR partner = $4)
		GROUP BY window_date, partner, state, tolerated ORDER BY window_date, partner, state, tolerated`
	// A case ended with the first ended entry after the last that was not.
	countClearances = `SELECT type, hours, COUNT(*) FROM (
		SELECT b.type AS type, ((SELECT MIN(e.at) FROM break_trail e WHERE e.break_id = b.id AND e.number >
			COALESCE((SELECT MAX(o.number) FROM break_trail o WHERE o.break_id = b.id AND o.state NOT IN ('resolved', 'cleared')), 0))
			- b.opened_at) / 3600000 AS hours
		FROM breaks b WHERE b.window_date BETWEEN $1 AND $2 AND ($3 = '' OR b.partner = $4) AND b.state IN ('resolved', 'cleared')) ended
		GROUP BY type, hours ORDER BY type, hours`
)

// breakOrders are the columns that cases are sorted by, ascending; see
// [desk.Order.Key].
var breakOrders = map[desk.Order]string{desk.ByWindow: "-window_date", desk.ByValue: "-ABS(value)", desk.ByDue: "CASE due WHEN 0 THEN 2147483647 ELSE due END"}

// SaveCase implements [desk.Store].
func (s *Store) SaveCase(ctx context.Context, c *desk.Case, e *desk.Entry) error {
	if e.Case != c.ID || e.Number != c.Version {
		return fmt.Errorf("sqlstore: entry %d of case %s does not belong to version %d of %s", e.Number, e.Case, c.Version, c.ID)
	}
	args, err := breakArgs(c)
	if err != nil {
		return err
	}
	change := stmt(insertBreak, args...)
	if c.Version > 1 {
		change = stmt(updateBreak, append(args[1:len(args):len(args)], c.ID, c.Version-1)...)
	}
	done, err := s.writer.do(ctx, change, stmt(insertTrail, e.Case, e.Number, e.At, e.By.Company, e.By.ID, e.What,
		string(e.State), e.Text, hashArg(&e.Attachment), e.Name, c.ID, c.Version))
	if err == nil && done[0].affected == 0 {
		return desk.ErrChanged
	}
	return err
}

func breakArgs(c *desk.Case) ([]any, error) {
	finding, err := json.Marshal(&c.Finding)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: case %s: %w", c.ID, err)
	}
	var resolution []byte
	if c.Resolution != nil {
		if resolution, err = json.Marshal(c.Resolution); err != nil {
			return nil, fmt.Errorf("sqlstore: case %s: %w", c.ID, err)
		}
	}
	tolerated := int64(0)
	if c.Tolerated {
		tolerated = 1
	}
	return []any{c.ID, c.Partner, int64(c.Window), int64(c.Seen), c.Type, string(c.State), tolerated, c.Value, ownerText(c.Owner),
		int64(c.Due), string(finding), string(resolution), c.Version, c.OpenedAt, c.UpdatedAt}, nil
}

// ownerText is empty for nobody.
func ownerText(p desk.Person) string {
	if p == (desk.Person{}) {
		return ""
	}
	return p.Company + "/" + p.ID
}

// hashArg is NULL for the zero hash.
func hashArg(h *ledger.Hash) any {
	if h.IsZero() {
		return nil
	}
	return h[:]
}

// Case implements [desk.Store].
func (s *Store) Case(ctx context.Context, id string) (*desk.Case, error) {
	return one(ctx, s.reader, scanBreak, desk.ErrNotFound, selectBreak, id)
}

// Cases implements [desk.Store].
func (s *Store) Cases(ctx context.Context, f desk.Filter, o desk.Order, after *desk.Place, limit int) ([]*desk.Case, error) {
	var q selection
	terms := q.breakTerms(f)
	column, known := breakOrders[o]
	if !known {
		return nil, fmt.Errorf("sqlstore: cases do not come in the order %q", o)
	}
	switch {
	case after != nil && o == desk.ByWindow: // as the index has it
		terms = append(terms, "(window_date < "+q.arg(-after.Key)+" OR window_date = "+q.arg(-after.Key)+" AND id > "+q.arg(after.ID)+")")
	case after != nil:
		terms = append(terms, "("+column+" > "+q.arg(after.Key)+" OR "+column+" = "+q.arg(after.Key)+" AND id > "+q.arg(after.ID)+")")
	}
	if o == desk.ByWindow {
		column = "window_date DESC"
	}
	where := ""
	if len(terms) > 0 {
		where = " WHERE " + strings.Join(terms, " AND ")
	}
	query := `SELECT ` + breakColumns + ` FROM breaks` + where + ` ORDER BY ` + column + `, id LIMIT ` + q.arg(int64(max(limit, 0)))
	return list(ctx, s.reader, scanBreak, query, q.args...)
}

func (q *selection) breakTerms(f desk.Filter) (terms []string) {
	equal := func(column string, v any) { terms = append(terms, column+" = "+q.arg(v)) }
	if f.Partner != "" {
		equal("partner", f.Partner)
	}
	if f.Window != 0 {
		equal("window_date", int64(f.Window))
	}
	if f.State != "" {
		equal("state", string(f.State))
	}
	if f.Type != "" {
		equal("type", f.Type)
	}
	if f.Owner != nil {
		equal("owner", ownerText(*f.Owner))
	}
	if f.Blocking {
		terms = append(terms, "state NOT IN ('resolved', 'cleared') AND state <> 'moved_on' AND tolerated = 0")
	}
	if f.Unended {
		terms = append(terms, "state NOT IN ('resolved', 'cleared')")
	}
	if f.DueBefore != 0 {
		terms = append(terms, "due <> 0 AND due < "+q.arg(int64(f.DueBefore)))
	}
	return terms
}

func scanBreak(row scanner) (*desk.Case, error) {
	var c desk.Case
	var id, partner, kind, owner, finding, resolution string
	var window, seen, tolerated, due, version, opened, updated natural
	var value int64
	var state string
	if err := row.Scan(&id, &partner, &window, &seen, &kind, &state, &tolerated, &value, &owner, &due, &finding, &resolution,
		&version, &opened, &updated); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(finding), &c.Finding); err != nil {
		return nil, fmt.Errorf("sqlstore: case %s: %w", id, err)
	}
	if c.ID != id || c.Partner != partner || int64(c.Window) != int64(window) || c.Type != kind || c.Value != value || c.Tolerated != (tolerated == 1) {
		return nil, fmt.Errorf("sqlstore: case %s: its columns are not what its finding says", id)
	}
	if resolution != "" {
		if err := json.Unmarshal([]byte(resolution), &c.Resolution); err != nil {
			return nil, fmt.Errorf("sqlstore: case %s: %w", id, err)
		}
	}
	c.Owner.Company, c.Owner.ID, _ = strings.Cut(owner, "/")
	c.State, c.Seen, c.Due, c.Version = desk.State(state), ledger.Date(seen), ledger.Date(due), int64(version)
	c.OpenedAt, c.UpdatedAt = int64(opened), int64(updated)
	return &c, nil
}

// CaseTrail implements [desk.Store].
func (s *Store) CaseTrail(ctx context.Context, id string) ([]*desk.Entry, error) {
	return list(ctx, s.reader, scanTrail, selectTrail, id)
}

func scanTrail(row scanner) (*desk.Entry, error) {
	var e desk.Entry
	var state string
	err := row.Scan(&e.Case, (*natural)(&e.Number), (*natural)(&e.At), &e.By.Company, &e.By.ID, &e.What, &state, &e.Text,
		(*optionalHash)(&e.Attachment), &e.Name)
	e.State = desk.State(state)
	return &e, err
}

// CaseCounts implements [desk.Store].
func (s *Store) CaseCounts(ctx context.Context, partner string, from, to ledger.Date) ([]desk.Count, error) {
	return values(list(ctx, s.reader, scanCount, countBreaks, int64(from), int64(to), partner, partner))
}

func scanCount(row scanner) (*desk.Count, error) {
	var c desk.Count
	var window, tolerated natural
	var state string
	err := row.Scan(&c.Partner, &window, &state, &tolerated, (*natural)(&c.Cases), (*natural)(&c.Value))
	c.Window, c.State, c.Tolerated = ledger.Date(window), desk.State(state), tolerated == 1
	return &c, err
}

// Clearances implements [desk.Store].
func (s *Store) Clearances(ctx context.Context, partner string, from, to ledger.Date) ([]desk.Clearance, error) {
	return values(list(ctx, s.reader, scanClearance, countClearances, int64(from), int64(to), partner, partner))
}

func scanClearance(row scanner) (*desk.Clearance, error) {
	var c desk.Clearance
	return &c, row.Scan(&c.Type, (*natural)(&c.Hours), (*natural)(&c.Cases))
}

// SaveCaseFile implements [desk.Store].
func (s *Store) SaveCaseFile(ctx context.Context, digest ledger.Hash, file []byte) error {
	_, err := s.writer.do(ctx, stmt(insertBreakFile, digest[:], file))
	return err
}

// CaseFile implements [desk.Store].
func (s *Store) CaseFile(ctx context.Context, digest ledger.Hash) ([]byte, error) {
	file, err := one(ctx, s.reader, scanFile, desk.ErrNotFound, selectBreakFile, digest[:])
	if err != nil {
		return nil, err
	}
	return *file, nil
}

func scanFile(row scanner) (*[]byte, error) {
	var file []byte
	err := row.Scan(&file)
	return &file, err
}
