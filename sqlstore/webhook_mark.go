package sqlstore

import (
	"context"

	"github.com/pointgrid/pointgrid/partners/webhooks"
)

const (
	upsertMark  = `INSERT INTO webhook_marks (kind, name, value) VALUES ($1, $2, $3) ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value`
	selectMarks = `SELECT name, value FROM webhook_marks WHERE kind = $1`
)

// Marks implements [webhooks.Store].
func (s *Store) Marks(ctx context.Context, kind string) (map[string]string, error) {
	rows, err := list(ctx, s.reader, func(row scanner) (*[2]string, error) {
		var pair [2]string
		return &pair, row.Scan(&pair[0], &pair[1])
	}, selectMarks, kind)
	all := make(map[string]string, len(rows))
	for _, pair := range rows {
		all[pair[0]] = pair[1]
	}
	return all, err
}

// Mark implements [webhooks.Store].
func (s *Store) Mark(ctx context.Context, marks ...webhooks.Mark) error {
	t := told{outbox: &s.outbox}
	for _, m := range marks {
		if m.Event != nil {
			if err := t.tell(*m.Event, markIsNew, m.Kind, m.Name, m.Value); err != nil {
				return err
			}
		}
		t.statements = append(t.statements, stmt(upsertMark, m.Kind, m.Name, m.Value))
	}
	if len(t.statements) == 0 {
		return nil
	}
	_, err := s.writer.do(ctx, t.statements...)
	if err == nil {
		t.notify()
	}
	return err
}
