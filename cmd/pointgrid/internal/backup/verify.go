package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/projection"
)

// Surroundings are what a verification takes from the machine.
type Surroundings struct {
	Now    func() time.Time
	Logger *slog.Logger
}

// Verdict is what a restored home is like.
type Verdict struct {
	Agreement
	// Projection is what was found of the copy of the ledger in the database; nil
	// when it has none.
	Projection *projection.Report
	// Blocks is how many blocks were restored, Left how many the repository has
	// besides.
	Blocks, Left uint64
}

// Verify opens a home that was restored, which builds the ledger's state from its
// blocks and brings the database up to date, and compares the two. When it closes
// the ledger, that may add a checkpoint to it.
func Verify(ctx context.Context, r *Repository, c Choice, cfg *config.Config, around Surroundings) (v Verdict, err error) {
	erased, err := r.Erased()
	if err != nil {
		return v, err
	}
	if v.Left, err = r.left(ctx, c); err != nil {
		return v, err
	}
	v.Blocks = c.Blocks
	l, err := openLedger(ctx, cfg, around)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	store, err := gateway.OpenStore(ctx, cfg, around.Now, around.Logger)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	books := Books{Ledger: l, Store: store, From: c.Manifest.Ledger.Blocks, Until: c.Blocks, Erased: erased}
	if cfg.Ledger.Home != config.Embedded {
		if books.Until, err = height(ctx, l); err != nil {
			return v, err
		}
	}
	if v.Agreement, err = books.Agree(ctx); err != nil {
		return v, err
	}
	v.Projection, err = projected(ctx, &books)
	return v, err
}

// openLedger opens the ledger that is configured, for reading: it takes no
// checkpoints by itself.
func openLedger(ctx context.Context, cfg *config.Config, around Surroundings) (ledger.Ledger, error) {
	home := gateway.Home(cfg.DataDir)
	key, err := home.SigningKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	quiet := *cfg
	quiet.Ledger.CheckpointEvery = 0
	return gateway.OpenLedger(ctx, &quiet, gateway.LedgerOptions{Home: home, Key: key, Now: around.Now, Timer: around.Now, Logger: around.Logger})
}

func height(ctx context.Context, l ledger.Ledger) (uint64, error) {
	blocks, ok := l.(ledger.Blocks)
	if !ok {
		return 0, errNoBlocks
	}
	return blocks.Height(ctx)
}

// errNoBlocks: a home of the ledger that cannot be followed.
var errNoBlocks = errors.New("this home of the ledger does not show its blocks")

// left is how many blocks the repository has beyond a choice.
func (r *Repository) left(ctx context.Context, c Choice) (uint64, error) {
	if c.Manifest.Ledger.Home != config.Embedded {
		return 0, nil
	}
	blocks, err := embedded.Survey(ctx, r.Ledger())
	return blocks.Blocks - min(c.Blocks, blocks.Blocks), err
}

// projected brings the copy of the ledger in the database up to the ledger, and
// compares them. It returns nil when there is none.
func projected(ctx context.Context, b *Books) (*projection.Report, error) {
	at, err := b.Store.Checkpoint(ctx)
	l, ok := b.Ledger.(projection.Ledger)
	if err != nil || at.Height == 0 || !ok {
		return nil, err
	}
	if _, err := projection.New(projection.Options{Blocks: l, Store: b.Store}).CatchUp(ctx); err != nil {
		return nil, err
	}
	report, err := projection.Verify(ctx, l, b.Store)
	return &report, err
}
