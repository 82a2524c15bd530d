package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/web/idempotency"
	"github.com/pointgrid/pointgrid/web/signin"
)

var (
	_ exchange.Store          = (*Store)(nil)
	_ bulkfile.Store          = (*Store)(nil)
	_ idempotency.Store       = (*Store)(nil)
	_ partners.AssertionStore = (*Store)(nil)
	_ settlement.Store        = (*Store)(nil)
	_ signin.Store            = (*Store)(nil)
	_ webhooks.Store          = (*Store)(nil)
)

// Options say where the state is kept.
type Options struct {
	// Path of the SQLite file; it is made when missing, its folder must be there.
	Path string
	// URL of a PostgreSQL database instead, version 13 or later, such as
	// postgres://user:password@host:5432/pointgrid. It must lead to the server
	// itself: a pooler between would hand the lock of this store to others.
	URL string
	// Patience is how long a write or a read waits for a server that cannot be
	// reached; 15 s when it is 0. Without URL it has no meaning.
	Patience time.Duration
	// Slot is what this gateway of a cluster has leased, see [OpenLeases]; the zero
	// value is for a gateway that has the database for itself.
	Slot cluster.Slot
	// Now is the machine's clock, whose time webhook messages bear; without it they
	// bear that of their event.
	Now    func() time.Time
	Logger *slog.Logger
}

// Store is the operational state. Its methods may be called from many
// goroutines.
type Store struct {
	writer    *writer
	reader    *reader
	outbox    outbox
	lock      io.Closer // nil where the session holds it
	closing   chan struct{}
	followed  chan struct{} // closed when what follows other gateways has ended
	closeOnce sync.Once
	closeErr  error
}

// Open opens the file or the database, makes what is missing and brings its
// schema up to date. It returns [ErrInUse], [ErrForeign] or [ErrNewer], wrapped,
// when it is not this program's to use.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := openEither(ctx, o)
	if err != nil {
		return nil, err
	}
	s.closing, s.followed = make(chan struct{}), make(chan struct{})
	s.outbox.now, s.outbox.shared = o.Now, !o.Slot.IsZero()
	err = s.outbox.load(ctx, s.reader)
	if err == nil && !s.outbox.shared {
		err = s.numberLeft(ctx)
	}
	if err != nil || !s.outbox.shared {
		close(s.followed)
	} else {
		go s.follow()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func openEither(ctx context.Context, o Options) (*Store, error) {
	switch {
	case o.URL == "" && !o.Slot.IsZero():
		return nil, ErrNoCluster
	case o.URL != "" && o.Path != "":
		return nil, errors.New("sqlstore: both a file and a database URL are given; want one")
	case o.URL != "":
		return openPostgres(ctx, o)
	}
	return openFile(ctx, o)
}

func openFile(ctx context.Context, o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	lock, err := acquire(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open %s: %w", path, err)
	}
	s, err := open(ctx, path, o.Logger)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlstore: open %s: %w", path, err), lock.Close())
	}
	s.lock = lock
	return s, nil
}

func open(ctx context.Context, path string, logger *slog.Logger) (*Store, error) {
	if err := claimFile(ctx, path); err != nil {
		return nil, err
	}
	db, err := openDB(dsn(path, "journal_mode(WAL)", "synchronous(FULL)"))
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db, goose.DialectSQLite3, logger); err != nil {
		return nil, err
	}
	db, err = openDB(dsn(path, "query_only(1)", "cache_size(-8192)"))
	if err != nil {
		return nil, err
	}
	session, err := newSQLiteSession(ctx, path, logger)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{writer: newWriter(session, logger), reader: newReader(db, unnumbered, readersMax)}, nil
}

// Close carries out the writes that wait and releases the file. Writes that come
// later get [ErrClosed]. A second call returns what the first did.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		if s.closing != nil {
			close(s.closing)
			<-s.followed
		}
		// Readers first: the last connection to go folds the log into the file.
		s.closeErr = errors.Join(s.reader.close(), s.writer.close())
		if s.lock != nil {
			s.closeErr = errors.Join(s.closeErr, s.lock.Close())
		}
	})
	return s.closeErr
}

// Stats are counts since the store was opened.
type Stats struct {
	Transactions int64 // that were committed
	Writes       int64 // that they carried
	Statements   int64 // of those writes
	Reads        int64 // queries that were answered beside them
	Retries      int64 // writes that were given a transaction of their own after a neighbour failed
	Waiting      int   // writes in the queue now
	Stopped      bool  // nothing is written any more, see [ErrStopped]
}

// Stats returns the counts.
func (s *Store) Stats() Stats {
	c := &s.writer.counts
	return Stats{Transactions: c.transactions.Load(), Writes: c.writes.Load(), Statements: c.statements.Load(), Reads: s.reader.queries.Load(), Retries: c.retries.Load(),
		Waiting: len(s.writer.queue), Stopped: c.stopped.Load()}
}
