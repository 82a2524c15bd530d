package sqlstore

import (
	"context"
	"fmt"
)

const (
	selectSetting = `SELECT value FROM settings WHERE name = $1`
	upsertSetting = `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
)

// Setting returns a value that the program keeps for itself, such as the offset
// of the sandbox's clock, or [ErrNoSetting].
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	v, err := one(ctx, s.reader, scanText, ErrNoSetting, selectSetting, name)
	if err != nil {
		return "", fmt.Errorf("setting %q: %w", name, err)
	}
	return *v, nil
}

// SetSetting stores a value under a name, in place of the one before.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	_, err := s.writer.one(ctx, upsertSetting, name, value)
	return err
}

func scanText(row scanner) (*string, error) {
	var v string
	err := row.Scan(&v)
	return &v, err
}
