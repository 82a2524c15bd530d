package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pointgrid/pointgrid/cluster"
)

const (
	// selectOwner says who has a duty, and whether it still has its token. That it has
	// not will never change, so what is judged by it holds in a later statement.
	selectOwner = `SELECT d.slot, d.token, s.number IS NOT NULL, d.epoch FROM cluster_duties AS d
		LEFT JOIN cluster_slots AS s ON s.number = d.slot AND s.token = d.token AND s.until <> 0 WHERE d.name = $1`
	insertDuty = `INSERT INTO cluster_duties (name, slot, token, epoch) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING RETURNING epoch`
	// takeDuty takes it from the owner that was judged.
	takeDuty = `UPDATE cluster_duties SET slot = $2, token = $3, epoch = epoch + 1 WHERE name = $1 AND slot = $4 AND token = $5 RETURNING epoch`
	giveDuty = `UPDATE cluster_duties SET token = 0 WHERE name = $1 AND slot = $2 AND token = $3`

	selectDuties = `SELECT d.name, d.slot, d.token, s.number IS NOT NULL, d.epoch FROM cluster_duties AS d
		LEFT JOIN cluster_slots AS s ON s.number = d.slot AND s.token = d.token AND s.until <> 0 ORDER BY d.name COLLATE "C"`

	// lockSlot says with which token a slot is held, and whether its holder is alive.
	lockSlot = `SELECT token, until <> 0, until > ` + dbNow + ` FROM cluster_slots WHERE number = $1 FOR UPDATE`
	// fenceSlot raises the token of a slot that nobody alive has. The row may be new.
	fenceSlot = `INSERT INTO cluster_slots AS s (number, token, address, since, until, ttl) VALUES ($1, 1, '', ` + dbNow + `, ` + dbNow + `, 0)
		ON CONFLICT (number) DO UPDATE SET token = s.token + 1, until = CASE s.until WHEN 0 THEN excluded.until ELSE s.until END
		WHERE s.until <= ` + dbNow + ` RETURNING token`
	// endWriter ends the connection of a slot's store, which may have been paused in
	// the middle of a transaction, with its row locked.
	endWriter = `SELECT count(pg_terminate_backend(a.pid)) FROM cluster_writers AS w
		JOIN pg_stat_activity AS a ON a.application_name = '` + writerApplication + `' || w.name
		WHERE w.slot = $1 AND w.name <> '' AND a.datname = current_database()`
	// raiseWriter waits for what the store has under way, and lets nothing follow.
	raiseWriter = `INSERT INTO cluster_writers AS w (slot, token, name, number) VALUES ($1, $2, '', 0)
		ON CONFLICT (slot) DO UPDATE SET token = excluded.token WHERE w.token < excluded.token`
)

// Take implements [cluster.Leases].
func (l *Leases) Take(ctx context.Context, s cluster.Slot, duty string) (uint64, error) {
	if err := cluster.CheckDuty(duty); err != nil {
		return 0, err
	}
	if _, err := own(ctx, l.db, s); err != nil {
		return 0, leaseError("take", err)
	}
	d, err := scanDuty(l.db.QueryRowContext(ctx, selectOwner, duty))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return l.taken(ctx, insertDuty, duty, int64(s.Number), int64(s.Token))
	case err != nil:
		return 0, leaseError("take", err)
	case d.Held && d.Owner == s:
		return d.Epoch, nil
	case d.Held:
		if err := l.fenceOwner(ctx, s, d.Owner); err != nil {
			return 0, err
		}
	}
	return l.taken(ctx, takeDuty, duty, int64(s.Number), int64(s.Token), int64(d.Owner.Number), int64(d.Owner.Token))
}

func (l *Leases) taken(ctx context.Context, query string, args ...any) (uint64, error) {
	var epoch int64
	err := l.db.QueryRowContext(ctx, query, args...).Scan(&epoch)
	if errors.Is(err, sql.ErrNoRows) { // another was quicker
		return 0, cluster.ErrTaken
	}
	return uint64(epoch), leaseError("take", err)
}

// fenceOwner fences the owner of a duty, or returns [cluster.ErrTaken].
func (l *Leases) fenceOwner(ctx context.Context, s, owner cluster.Slot) error {
	_, err := l.fence(ctx, s, owner)
	switch {
	case errors.Is(err, cluster.ErrAlive):
		return cluster.ErrTaken
	case errors.Is(err, errFencedMeanwhile):
		return nil
	}
	return err
}

func scanDuty(row scanner) (d cluster.Duty, err error) {
	err = row.Scan(&d.Owner.Number, &d.Owner.Token, &d.Held, &d.Epoch)
	return d, err
}

// Give implements [cluster.Leases].
func (l *Leases) Give(ctx context.Context, s cluster.Slot, duty string) error {
	return l.change(ctx, "give", nil, giveDuty, duty, int64(s.Number), int64(s.Token))
}

// Duties implements [cluster.Leases].
func (l *Leases) Duties(ctx context.Context) (all []cluster.Duty, err error) {
	rows, err := l.db.QueryContext(ctx, selectDuties)
	if err != nil {
		return nil, leaseError("duties", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d cluster.Duty
		if err := rows.Scan(&d.Name, &d.Owner.Number, &d.Owner.Token, &d.Held, &d.Epoch); err != nil {
			return nil, leaseError("duties", err)
		}
		all = append(all, d)
	}
	return all, leaseError("duties", rows.Err())
}

// Fence implements [cluster.Leases].
func (l *Leases) Fence(ctx context.Context, by cluster.Slot, number uint8) (uint64, error) {
	return l.fence(ctx, by, cluster.Slot{Number: number})
}

// fence fences a slot, whatever its token when none is given. The rows of slots are
// locked before those of writers, as everywhere.
func (l *Leases) fence(ctx context.Context, by, dead cluster.Slot) (token uint64, err error) {
	err = l.transact(ctx, "fence", func(tx *sql.Tx) error {
		if err := mayFence(ctx, tx, by, dead); err != nil {
			return err
		}
		token, err = raise(ctx, tx, fenceSlot, int64(dead.Number))
		if errors.Is(err, sql.ErrNoRows) {
			return cluster.ErrAlive
		}
		return err
	})
	return token, err
}

var errFencedMeanwhile = errors.New("the slot has another token by now")

// mayFence says why a slot may not be fenced. It locks the row of the dead one.
func mayFence(ctx context.Context, tx *sql.Tx, by, dead cluster.Slot) error {
	senior, err := own(ctx, tx, by)
	if err != nil {
		return err
	}
	var token uint64
	var leased, alive bool
	err = tx.QueryRowContext(ctx, lockSlot, int64(dead.Number)).Scan(&token, &leased, &alive)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case dead.Token != 0 && dead.Token != token:
		return errFencedMeanwhile
	case alive:
		return cluster.ErrAlive
	case leased && !senior:
		return cluster.ErrEarly
	}
	return nil
}

// raise gives a slot a higher token by a statement that returns it, and lets its
// store write nothing more.
func raise(ctx context.Context, tx *sql.Tx, statement string, args ...any) (uint64, error) {
	var token int64
	if err := tx.QueryRowContext(ctx, statement, args...).Scan(&token); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, endWriter, args[0]); err != nil {
		return 0, err
	}
	_, err := tx.ExecContext(ctx, raiseWriter, args[0], token)
	return uint64(token), err
}

// Leave implements [cluster.Leases].
func (l *Leases) Leave(ctx context.Context, s cluster.Slot) error {
	return l.transact(ctx, "leave", func(tx *sql.Tx) error {
		_, err := raise(ctx, tx, leaveSlot, int64(s.Number), int64(s.Token))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
}

// Free implements [cluster.Leases].
func (l *Leases) Free(ctx context.Context, by, dead cluster.Slot) error {
	if _, err := own(ctx, l.db, by); err != nil {
		return leaseError("free", err)
	}
	return l.change(ctx, "free", cluster.ErrLost, freeSlot, int64(dead.Number), int64(dead.Token))
}
