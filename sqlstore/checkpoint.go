package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"modernc.org/sqlite"
)

const (
	// checkpointEvery is how many statements go into the log before it is folded
	// into the file: one or two thousand pages.
	checkpointEvery = 2000
	// autoCheckpoint, in pages, is the log at which SQLite does it by itself, if
	// the checkpointer ever fails to: 128 MiB.
	autoCheckpoint = 32_000

	foldLog = "PRAGMA wal_checkpoint(PASSIVE)"
)

// checkpointer folds the log into the file beside the writer, which would
// otherwise stand still for it at every few dozenth transaction. Only the writer
// can start the log anew, and only when nothing is left in it: so a pass here
// ends with asking the writer for the rest, which is little by then.
type checkpointer struct {
	conn   driver.Conn
	logger *slog.Logger
	wake   chan struct{}
	rest   atomic.Bool
	ended  chan struct{}
}

func startCheckpointer(ctx context.Context, path string, logger *slog.Logger) (*checkpointer, error) {
	connector, err := sqlite.NewConnector(dsn(path, "synchronous(FULL)", "cache_size(-1024)"))
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &checkpointer{conn: conn, logger: logger, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.run()
	return c, nil
}

// start begins a pass unless one is under way.
func (c *checkpointer) start() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run() {
	defer close(c.ended)
	for range c.wake {
		if _, err := c.conn.(driver.ExecerContext).ExecContext(context.Background(), foldLog, nil); err != nil {
			c.logger.Error("store: checkpoint failed", "error", err)
			continue
		}
		c.rest.Store(true)
	}
}

func (c *checkpointer) close() error {
	close(c.wake)
	<-c.ended
	return c.conn.Close()
}

// tidy starts a pass when one is due, and after one folds in the rest.
func (s *sqliteSession) tidy() error {
	if s.truncate.Load() {
		if err := s.truncateLog(); err != nil {
			return err
		}
	}
	if s.logged >= checkpointEvery {
		s.logged = 0
		s.checkpointer.start()
	}
	if !s.checkpointer.rest.CompareAndSwap(true, false) {
		return nil
	}
	if _, err := s.exec(foldLog, nil); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// truncateLog folds the log into the file and empties it. While somebody reads from the
// log it is left for the next time: the writer does not wait.
func (s *sqliteSession) truncateLog() error {
	if _, err := s.exec("PRAGMA busy_timeout = 0", nil); err != nil {
		return err
	}
	busy, err := s.pragma("PRAGMA wal_checkpoint(TRUNCATE)")
	if _, back := s.exec("PRAGMA busy_timeout = 5000", nil); back != nil || err != nil {
		return errors.Join(err, back)
	}
	s.truncate.Store(busy != 0)
	return nil
}

// pragma returns the first number of what a pragma says.
func (s *sqliteSession) pragma(query string) (int64, error) {
	rows, err := s.conn.(driver.QueryerContext).QueryContext(context.Background(), query, nil)
	if err != nil {
		return 0, err
	}
	dest := make([]driver.Value, len(rows.Columns()))
	err = rows.Next(dest)
	n, _ := dest[0].(int64)
	return n, errors.Join(err, rows.Close())
}

func (s *sqliteSession) close() error {
	errs := []error{s.checkpointer.close()}
	for _, st := range s.prepared {
		errs = append(errs, st.(driver.Stmt).Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}
