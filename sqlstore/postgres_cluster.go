package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// prepareCluster brings the schema up to date, while no store without a slot is open
// there.
func prepareCluster(ctx context.Context, config *pgx.ConnConfig, logger *slog.Logger) error {
	conn, err := pgconn.ConnectConfig(ctx, &config.Config)
	if err != nil {
		return err
	}
	return errors.Join(prepareOver(ctx, conn, config, logger), conn.Close(ctx))
}

func prepareOver(ctx context.Context, conn *pgconn.PgConn, config *pgx.ConnConfig, logger *slog.Logger) error {
	if err := checkServer(ctx, conn, logger); err != nil {
		return err
	}
	if err := lockShared(ctx, conn); err != nil {
		return err
	}
	return migrateOnce(ctx, conn, config, logger)
}

// lockShared takes the lock of a store in common with the other gateways of a
// cluster, or returns [ErrInUse].
func lockShared(ctx context.Context, conn *pgconn.PgConn) error {
	for attempt := 1; ; attempt++ {
		row, err := queryRow(ctx, conn, tryShared)
		if err != nil || row[0] == "t" {
			return err
		}
		if attempt == lockAttempts || pause(ctx, min(attempt, 5)) != nil {
			return fmt.Errorf("%w: a gateway that is not one of the cluster holds the database; stop it first", ErrInUse)
		}
	}
}

// migrateOnce lets one gateway at a time bring the schema up to date. The lock goes
// with the connection.
func migrateOnce(ctx context.Context, conn *pgconn.PgConn, config *pgx.ConnConfig, logger *slog.Logger) (err error) {
	if _, err := queryRow(ctx, conn, `SELECT pg_advisory_lock(`+migrateKey+`, hashtext(current_schema()))`); err != nil {
		return fmt.Errorf("wait for another gateway that migrates: %w", err)
	}
	defer func() {
		_, unlocked := queryRow(ctx, conn, `SELECT pg_advisory_unlock(`+migrateKey+`, hashtext(current_schema()))`)
		err = errors.Join(err, unlocked)
	}()
	if err := claimSchema(ctx, conn); err != nil {
		return err
	}
	return migrate(ctx, stdlib.OpenDB(*config), goose.DialectPostgres, logger)
}
