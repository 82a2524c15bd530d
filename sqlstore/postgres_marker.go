package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// markerSetting names the row that says who wrote last: name and number.
	markerSetting = "postgres writer"

	// advanceWriter is the marker of a store in a cluster. It changes nothing once the
	// slot has a higher token, and then nothing of the transaction is stored.
	advanceWriter = `UPDATE cluster_writers SET number = $1 WHERE slot = $2 AND token = $3 AND name = $4`
	selectWriter  = `SELECT token, name, number FROM cluster_writers WHERE slot = $1::bigint`
	// claimWriter makes a store that of its slot, unless the slot was fenced.
	claimWriter = `INSERT INTO cluster_writers AS w (slot, token, name, number)
		SELECT s.number, s.token, $3, 0 FROM cluster_slots AS s WHERE s.number = $1::bigint AND s.token = $2::bigint AND s.until <> 0
		ON CONFLICT (slot) DO UPDATE SET token = excluded.token, name = excluded.name, number = 0 WHERE w.token <= excluded.token
		RETURNING token`
	// A store that is alone carries on what gateways of a cluster left, which must not
	// come back: all slots are fenced, and free.
	fenceSlots   = `WITH slots AS (UPDATE cluster_slots SET token = token + 1, until = 0 RETURNING 1) SELECT count(*) FROM slots`
	fenceWriters = `WITH writers AS (UPDATE cluster_writers SET token = token + 1 RETURNING 1) SELECT count(*) FROM writers`
)

func (s *pgSession) lockKey() string {
	if s.slot.IsZero() {
		return lockKey
	}
	return slotKey
}

// lockName is what is locked in the schema: all of it, or what a slot's store has.
func (s *pgSession) lockName() string {
	if s.slot.IsZero() {
		return ""
	}
	return " " + s.slot.String()
}

// share keeps stores without a slot away, or says that one was quicker.
func (s *pgSession) share(ctx context.Context) error {
	if s.slot.IsZero() {
		return nil
	}
	err := lockShared(ctx, s.conn)
	if errors.Is(err, ErrInUse) {
		return &ownerError{err}
	}
	return err
}

// marker is the statement by which a transaction says that it was stored.
func (s *pgSession) marker() statement {
	if s.slot.IsZero() {
		return stmt(upsertSetting, markerSetting, markerValue(s.name, s.number+1))
	}
	return stmt(advanceWriter, int64(s.number+1), int64(s.slot.Number), int64(s.slot.Token), s.name)
}

func markerValue(name string, number uint64) string {
	return name + " " + strconv.FormatUint(number, 10)
}

func (s *pgSession) fenced() error {
	return &ownerError{fmt.Errorf("%w: slot %s", ErrFenced, s.slot)}
}

// claimAlone makes this store the one that wrote last, and the only one.
func (s *pgSession) claimAlone(ctx context.Context) error {
	for _, query := range []string{fenceSlots, fenceWriters} {
		if _, err := queryRow(ctx, s.conn, query); err != nil {
			return err
		}
	}
	return s.markSetting(ctx, s.name)
}

func (s *pgSession) markSetting(ctx context.Context, name string) error {
	_, err := queryRow(ctx, s.conn, upsertSetting+" RETURNING value", markerSetting, markerValue(name, 0))
	return err
}

// claimSlot makes this store that of its slot. A store without a slot that comes
// back finds that others have written.
func (s *pgSession) claimSlot(ctx context.Context) error {
	if err := s.markSetting(ctx, "cluster"); err != nil {
		return err
	}
	_, err := queryRow(ctx, s.conn, claimWriter, strconv.Itoa(int(s.slot.Number)), strconv.FormatUint(s.slot.Token, 10), s.name)
	if errors.Is(err, errNoRow) {
		return fmt.Errorf("%w: slot %s", ErrFenced, s.slot)
	}
	return err
}

// readMarker learns what was stored last, and whether this store may go on.
func (s *pgSession) readMarker(ctx context.Context) error {
	name, text, token, err := s.lastWriter(ctx)
	if errors.Is(err, errNoRow) {
		return &ownerError{errors.New("the row that says who wrote last is gone")}
	}
	if err != nil {
		return err
	}
	if name != s.name {
		return &ownerError{fmt.Errorf("%w: another program has written while the connection was lost", ErrInUse)}
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil || (number != s.number && (!s.doubt || number != s.number+1)) {
		return &ownerError{fmt.Errorf("the database has transaction %q as its last, this program %d: acknowledged writes are missing", text, s.number)}
	}
	s.number, s.doubt = number, false
	if token != strconv.FormatUint(s.slot.Token, 10) {
		return s.fenced()
	}
	return nil
}

func (s *pgSession) lastWriter(ctx context.Context) (name, number, token string, err error) {
	if s.slot.IsZero() {
		row, err := queryRow(ctx, s.conn, selectSetting, markerSetting)
		if err != nil {
			return "", "", "", err
		}
		name, number, _ = strings.Cut(row[0], " ")
		return name, number, "0", nil
	}
	row, err := queryRow(ctx, s.conn, selectWriter, strconv.Itoa(int(s.slot.Number)))
	if err != nil {
		return "", "", "", err
	}
	return row[1], row[2], row[0], nil
}
