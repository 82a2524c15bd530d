package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

type sandboxCommand struct {
	Addr     string `help:"Address and port of the gateway." default:"127.0.0.1:8080"`
	Dir      string `help:"Folder that keeps the sandbox's data; a temporary one, removed at the end, when not given." type:"path"`
	Ledger   string `help:"Where the ledger is: embedded in the gateway, or fabric, a Hyperledger Fabric network with a peer for every company. A folder keeps the one it began with." enum:"embedded,fabric" default:"embedded"`
	Database string `help:"Empty PostgreSQL database for the gateway's operational state, as postgres://…; SQLite when not given." env:"POINTGRID_DATABASE_URL"`
	Members  int    `help:"Members with electricity points, in a new sandbox. The first 60 are linked with every company." default:"200"`
	Days     int    `help:"Days of history in a new sandbox: members convert, and nights close." default:"14"`
	Events   int    `help:"Events of the half year before by which the members of a new sandbox earned points; with 0 they have earned and bought nothing." default:"3000"`
	Log      string `help:"What is logged to standard error: debug, info, warn or error." enum:"debug,info,warn,error" default:"warn"`
}

// linked is how many members of a new sandbox are linked with every company.
const linked = 60

// past is for how many days before its history the members of a new sandbox have
// earned and spent, strides in how many steps that is put on the ledger. On Fabric a
// step takes a second, and so there are few.
const (
	past          = 170
	strides       = 60
	fabricStrides = 4
)

func (s *sandboxCommand) amounts() sandbox.Amounts {
	a := sandbox.Amounts{Members: s.Members, Linked: min(linked, s.Members), Days: s.days(), Events: s.Events, Past: past, Strides: strides}
	if s.Ledger == config.Fabric {
		a.Strides = fabricStrides
	}
	return a
}

// Run serves until the program is asked to end.
func (s *sandboxCommand) Run(ctx context.Context) error {
	dir, remove, err := folder(s.Dir)
	if err != nil {
		return err
	}
	defer remove()
	listen, err := sandbox.Address(s.Addr)
	if err != nil {
		return err
	}
	site := &sandbox.Site{Dir: dir, DatabaseURL: s.Database}
	fmt.Fprintln(os.Stderr, "preparing the sandbox in", dir, "…")
	if s.Ledger == config.Fabric {
		n, err := site.StartNetwork(ctx, stages(os.Stderr, time.Now), time.Now)
		if err != nil {
			return err
		}
		return errors.Join(s.run(ctx, site, listen), sandbox.StopNetwork(n))
	}
	return s.run(ctx, site, listen)
}

func (s *sandboxCommand) run(ctx context.Context, site *sandbox.Site, listen string) error {
	if err := site.Seed(ctx, s.amounts(), time.Now); err != nil {
		return err
	}
	log := logger(config.Log{Level: s.Log, Format: "text"})
	hosts, err := sandbox.StartHosts(site, "http://"+listen, s.Members, true, time.Now, log)
	if err != nil {
		return err
	}
	return errors.Join(s.serve(ctx, site, listen, hosts), hosts.Close())
}

func (s *sandboxCommand) serve(ctx context.Context, site *sandbox.Site, listen string, hosts *sandbox.Hosts) error {
	c, err := site.Config(listen, hosts.URLs)
	if err != nil {
		return err
	}
	c.Log.Level = s.Log
	c.Projection.Enabled = true // members' histories and marketing's figures are made from it
	c.Support.Rules = sandbox.ReviewRules()
	if err := site.WriteConfig(c); err != nil {
		return err
	}
	g, err := gateway.Open(ctx, &c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: logger(c.Log)})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	ready := make(chan string, 1)
	go func() { served <- g.Serve(ctx, func(address string) { ready <- address }) }()
	select {
	case err := <-served:
		return err
	case <-ready:
	}
	keeper := sandbox.NewTokenKeeper(site, c.URL, time.Now)
	err = s.live(ctx, site, keeper)
	if err == nil {
		err = keeper.Refresh(ctx)
	}
	if err == nil {
		err = sandbox.Banner(os.Stdout, site, c.URL, hosts.URLs)
	}
	if err != nil {
		stop()
		return errors.Join(err, <-served)
	}
	keeper.Run(ctx)
	return <-served
}

// days is none in a sandbox that has not members enough for a history.
func (s *sandboxCommand) days() int {
	if s.Members < linked {
		return 0
	}
	return s.Days
}

// live lets a new sandbox live through its history.
func (s *sandboxCommand) live(ctx context.Context, site *sandbox.Site, keeper *sandbox.TokenKeeper) error {
	if s.days() == 0 {
		return nil
	}
	zone, err := time.LoadLocation(config.Default().Alliance.TimeZone)
	if err != nil {
		return err
	}
	amounts := s.amounts()
	h := &sandbox.History{Client: keeper.Client, Members: [2]int{sandbox.Reserved + 1, linked}, Life: amounts.Life(zone), Now: time.Now,
		Progress: func(window string) { fmt.Fprintln(os.Stderr, "living through", window, "…") }}
	return site.Live(ctx, h)
}

type partnersCommand struct {
	Dir     string `required:""`
	Gateway string `required:""`
	Members int    `required:""`
}

// Run serves the companies' hosts until the program is asked to end.
func (p *partnersCommand) Run(ctx context.Context) error {
	log := logger(config.Log{Level: "warn", Format: "text"})
	hosts, err := sandbox.StartHosts(&sandbox.Site{Dir: p.Dir}, p.Gateway, p.Members, false, time.Now, log)
	if err != nil {
		return err
	}
	urls, err := json.Marshal(hosts.URLs)
	if err != nil {
		return errors.Join(err, hosts.Close())
	}
	fmt.Println(sandbox.PartnersReady + string(urls))
	<-ctx.Done()
	return hosts.Close()
}
