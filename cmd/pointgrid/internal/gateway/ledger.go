package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
	"github.com/pointgrid/pointgrid/partners"
)

// LedgerOptions are what a ledger needs besides the configuration.
type LedgerOptions struct {
	Home    Home
	Key     partners.SigningKey
	Now     func() time.Time // the alliance's clock
	Timer   func() time.Time // the machine's
	Logger  *slog.Logger
	Observe func(Batch) // may be nil
	// Failed is told of attempts at a batch on Fabric; may be nil.
	Failed func(fabric.Failure)
}

// Batch is what there is to measure of one batch on any ledger.
type Batch struct {
	Lane             uint32
	Companies        []string // that must endorse it, by MSP ID; none on the embedded ledger
	Number           uint64   // 0 when it wrote no transfer
	Commands, Queued int
	Bytes            int // on disk, where the ledger is the gateway's own
	Stages           map[string]time.Duration
}

// OpenLedger opens the ledger that is configured.
func OpenLedger(ctx context.Context, c *config.Config, o LedgerOptions) (ledger.Ledger, error) {
	if o.Observe == nil {
		o.Observe = func(Batch) {}
	}
	if c.Ledger.Home == config.Fabric {
		return openFabric(ctx, c, o)
	}
	if err := o.Home.stays(); err != nil {
		return nil, err
	}
	return OpenEmbedded(c, o)
}

// stays refuses a ledger that was carried over to another home: two that go on
// from one past would both be right.
func (h Home) stays() error {
	b, err := os.ReadFile(h.Carried())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("the embedded ledger in %s was carried over to a network (%s); set ledger.home to %q and ledger.profile to the network's profile. "+
		"Only if that was given up, and no company has adopted it, remove %s", h.Ledger(), strings.TrimSpace(string(b)), config.Fabric, h.Carried())
}

// OpenEmbedded opens the ledger in the data folder.
func OpenEmbedded(c *config.Config, o LedgerOptions) (*embedded.Ledger, error) {
	if o.Observe == nil {
		o.Observe = func(Batch) {}
	}
	return embedded.Open(embedded.Options{Dir: o.Home.Ledger(), Clock: o.Now, Timer: o.Timer, Logger: o.Logger, BatchMax: c.Ledger.BatchMax,
		Signer:          embedded.Signer{KeyID: o.Key.ID, Key: o.Key.Private},
		CheckpointEvery: c.Ledger.CheckpointEvery, Checkpointer: ledger.Identity{MSP: c.Alliance.MSP, Subject: subject},
		Observe: func(s embedded.Sample) {
			o.Observe(Batch{Number: s.Batch, Commands: s.Commands, Queued: s.Queued, Bytes: s.Bytes,
				Stages: map[string]time.Duration{"execute": s.Execute, "sync": s.Sync, "commit": s.Commit}})
		}})
}

func openFabric(ctx context.Context, c *config.Config, o LedgerOptions) (ledger.Ledger, error) {
	p, err := profile.Read(c.Ledger.Profile)
	if err != nil {
		return nil, fmt.Errorf("configuration: ledger.profile: %w", err)
	}
	l, err := fabric.Open(ctx, fabric.Options{Profile: p, Reread: func() (*profile.Profile, error) { return profile.Read(c.Ledger.Profile) },
		Identities: append([]string{c.Alliance.MSP}, c.Ledger.SignFor...), Clustered: c.Cluster.Enabled(),
		Clock: o.Now, Timer: o.Timer, Logger: o.Logger, BatchMax: c.Ledger.BatchMax,
		CheckpointEvery: c.Ledger.CheckpointEvery, Checkpointer: ledger.Identity{MSP: c.Alliance.MSP, Subject: subject},
		Failed: o.Failed,
		Observe: func(s fabric.Sample) {
			o.Observe(Batch{Lane: s.Lane, Number: s.Batch, Companies: s.Concerned, Commands: s.Commands, Queued: s.Queued,
				Stages: map[string]time.Duration{"endorse": s.Endorse, "order": s.Order, "commit": s.Commit}})
		}})
	if err != nil {
		return nil, err
	}
	if err := adopted(ctx, l); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// adopted refuses a ledger that was carried over and takes no commands yet: what
// is under way would be taken for refused.
func adopted(ctx context.Context, l *fabric.Ledger) error {
	h, err := l.History(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if missing := h.Missing(); err == nil && len(missing) > 0 {
		return fmt.Errorf("the ledger was carried over, and %s have yet to adopt it, with `pointgrid migrate adopt` or `pointgrid migrate --to fabric`",
			strings.Join(missing, ", "))
	}
	return err
}
