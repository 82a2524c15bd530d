package containers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/settlement/calendar"
)

// pointsEach is what each member begins with in electricity points.
const pointsEach = 20_000

// errHalf is returned when what is on the ledger is not known.
var errHalf = errors.New("an earlier run was interrupted while it filled the ledger, which cannot be taken back; " +
	"run docker compose down --volumes and lay a new folder")

// Join brings the containers into the channel and fills a new ledger with the
// three partners, their agreements and members with points. Done once, it does
// nothing when called again.
func (a *Alliance) Join(ctx context.Context, members int) error {
	n, err := network.Join(ctx, a.networkOptions(0))
	if err != nil {
		return err
	}
	begun, filled := filepath.Join(a.Dir, "filling"), filepath.Join(a.Dir, "filled")
	if _, err := os.Stat(filled); err == nil {
		return nil
	}
	if _, err := os.Stat(begun); err == nil {
		return errHalf
	}
	if err := os.WriteFile(begun, nil, 0o600); err != nil {
		return err
	}
	a.Progress(fmt.Sprintf("agreements, and points for %d members", members))
	if err := a.fill(ctx, n.ProfileFile(), members); err != nil {
		return fmt.Errorf("fill the ledger: %w", err)
	}
	return os.Rename(begun, filled)
}

func (a *Alliance) fill(ctx context.Context, profile string, members int) error {
	s := a.site()
	s.Profile = profile
	l, err := s.OpenLedger(ctx, a.Now, 0)
	if err != nil {
		return err
	}
	return errors.Join(a.seed(ctx, s, l, members), l.Close())
}

// seed leaves the links to the companies, which make them through the API.
func (a *Alliance) seed(ctx context.Context, s *sandbox.Site, l ledger.Ledger, members int) error {
	alliance := config.Default().Alliance
	calendar, err := calendar.Parse(alliance.TimeZone, alliance.CutOff)
	if err != nil {
		return err
	}
	// Who the members are must be known to the gateway, which starts later.
	c := config.Default()
	c.DataDir, c.DatabaseURL = string(s.Home()), a.DatabaseURL
	store, err := gateway.OpenStore(ctx, &c, a.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	registry, err := gateway.OpenMembers(ctx, s.Home(), store, rand.Reader, a.Now)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	seeding := sandbox.Seeding{Ledger: l, Registry: registry, Hub: alliance.Hub, MSP: alliance.MSP,
		Window: calendar.Date(a.Now()), Members: members, Points: pointsEach, Now: a.Now, Random: rand.Reader}
	return errors.Join(seeding.Run(ctx), store.Close())
}
