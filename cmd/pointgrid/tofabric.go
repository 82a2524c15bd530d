package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/carry"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// migrant is as whom the utility carries its ledger over.
const migrant = "migrate"

// toFabric carries the embedded ledger over, and makes the projection again when
// every company has adopted it.
func (m *migrateHere) toFabric(ctx context.Context, c *config.Config) error {
	file, err := m.network(c)
	if err != nil {
		return err
	}
	p, err := profile.Read(file)
	if err != nil {
		return err
	}
	if p.Home != c.Alliance.MSP {
		return fmt.Errorf("migrate: %s is the profile of %s, and the gateway is that of %s", file, p.Home, c.Alliance.MSP)
	}
	h, err := m.carryOver(ctx, c, file, p)
	if err != nil {
		return err
	}
	if err := showMissing(&h); err != nil {
		return err
	}
	c.Ledger.Home, c.Ledger.Profile = config.Fabric, file
	if len(h.Missing()) == 0 {
		if err := m.follow(ctx, c); err != nil {
			return err
		}
	} else {
		fmt.Println("and then, before the gateway is started: pointgrid migrate --rebuild")
	}
	fmt.Printf("\nthe gateway's configuration is now to say\n\nledger:\n  home: %s\n  profile: %s\n", config.Fabric, file)
	return nil
}

// network returns the profile of the network.
func (m *migrateHere) network(c *config.Config) (file string, err error) {
	switch {
	case m.Dir != "":
		n, err := network.Open(m.Dir)
		if err != nil {
			return "", err
		}
		file = n.ProfileFile()
	case m.Profile != "":
		file = m.Profile
	case c.Ledger.Profile != "":
		file = c.Ledger.Profile
	default:
		return "", errors.New("migrate: say with --profile or --dir which network; pointgrid fabric up --dir DIR makes one")
	}
	return filepath.Abs(file)
}

// carryOver has the network take the ledger over and adopts it for the companies
// whose keys the profile has.
func (m *migrateHere) carryOver(ctx context.Context, c *config.Config, file string, p *profile.Profile) (h ledger.History, err error) {
	from, err := openStopped(c)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openAll(ctx, c, p)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	move := &carry.Move{From: from, To: to, Profile: p, Utility: ledger.Identity{MSP: c.Alliance.MSP, Subject: migrant}, Progress: progress(time.Now), CommandsMax: m.AtOnce}
	if h, err = move.Blocks(ctx); err != nil {
		return h, err
	}
	fmt.Printf("%d blocks are on the network; the last has the hash\n%s\n\n", h.Blocks, h.Hash)
	if len(h.Missing()) == 0 {
		return h, nil // what was equal then has gone on since
	}
	if err := compare(ctx, from, to); err != nil {
		return h, err
	}
	if err := markCarried(gateway.Home(c.DataDir), file, &h); err != nil {
		return h, err
	}
	return adoptAll(ctx, to, p, h)
}

// openStopped opens the ledger of a stopped gateway, at rest.
func openStopped(c *config.Config) (*embedded.Ledger, error) {
	home := gateway.Home(c.DataDir)
	if _, err := os.Stat(home.Ledger()); err != nil {
		return nil, fmt.Errorf("migrate: there is no embedded ledger to carry over: %w", err)
	}
	key, err := home.SigningKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	own := *c
	own.Ledger.CheckpointEvery = 0
	l, err := gateway.OpenEmbedded(&own, gateway.LedgerOptions{Home: home, Key: key, Now: time.Now, Timer: time.Now, Logger: logger(c.Log)})
	if errors.Is(err, ledger.ErrInUse) {
		return nil, fmt.Errorf("migrate: the gateway is running; stop it first: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if err := l.Checkpoint(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Peers execute many blocks in one transaction, which takes longer than a batch.
const carryPatience = 2 * time.Minute

// openAll opens the network's ledger for every company whose key the profile has.
func openAll(ctx context.Context, c *config.Config, p *profile.Profile) (*fabric.Ledger, error) {
	o := fabric.Options{Profile: p, Identities: []string{p.Home}, Clock: time.Now, Timer: time.Now, Logger: logger(c.Log),
		Patience: fabric.Patience{Endorse: carryPatience, Commit: carryPatience, Lag: carryPatience}}
	for _, i := range p.Identities {
		if i.MSP != p.Home {
			o.Identities = append(o.Identities, i.MSP)
		}
	}
	return fabric.Open(ctx, o)
}

// progress shows, at most once a second, how far the move has come.
func progress(now func() time.Time) func(carry.Progress) {
	begun, shown := now(), time.Time{}
	return func(p carry.Progress) {
		if t := now(); t.Sub(shown) >= time.Second || p.Blocks == p.Of {
			shown = t
			seconds := max(t.Sub(begun), time.Millisecond).Seconds()
			fmt.Fprintf(os.Stderr, "%6.1fs  %d of %d blocks, %d transfers carried over (%.0f transfers/s)\n",
				seconds, p.Blocks, p.Of, p.Transfers, float64(p.Transfers)/seconds)
		}
	}
}

func compare(ctx context.Context, from, to carry.State) error {
	c, err := carry.Compare(ctx, from, to)
	if err != nil {
		return fmt.Errorf("migrate: comparing the ledgers: %w", err)
	}
	if err := c.Write(os.Stdout); err != nil {
		return err
	}
	if !c.Equal() {
		return errReported
	}
	fmt.Printf("\nthe two ledgers are equal, key by key\n\n")
	return nil
}

// adoptAll adopts the history for every company whose key the profile has.
func adoptAll(ctx context.Context, to *fabric.Ledger, p *profile.Profile, h ledger.History) (ledger.History, error) {
	for _, msp := range h.Missing() {
		if !slices.ContainsFunc(p.Identities, func(i profile.Identity) bool { return i.MSP == msp }) {
			continue
		}
		now, err := carry.Adopt(ctx, to, ledger.Identity{MSP: msp, Subject: migrant}, h.Hash)
		if err != nil {
			return h, fmt.Errorf("migrate: %s adopts: %w", msp, err)
		}
		h = now
		fmt.Printf("%s has adopted it\n", msp)
	}
	return h, nil
}

// markCarried keeps the gateway from going on with a ledger that goes on elsewhere.
// It comes before anybody adopts.
func markCarried(home gateway.Home, profileFile string, h *ledger.History) error {
	b, err := json.Marshal(map[string]any{"profile": profileFile, "blocks": h.Blocks, "hash": h.Hash.String()})
	if err != nil {
		return err
	}
	temporary := home.Carried() + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, home.Carried())
}

// follow makes the projection again, if there is one: its blocks are others now.
func (m *migrateHere) follow(ctx context.Context, c *config.Config) error {
	g, err := gateway.Open(ctx, c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: logger(c.Log)})
	if err != nil {
		return err
	}
	at, err := g.Store.Checkpoint(ctx)
	if err == nil && (at.Height > 0 || c.Projection.Enabled || m.Rebuild) {
		err = rebuild(ctx, g, os.Stdout)
	}
	return errors.Join(err, g.Close())
}
