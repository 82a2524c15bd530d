package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/shopspring/decimal"
)

type settleCommand struct {
	Config string `help:"Configuration file of the gateway." type:"existingfile" env:"POINTGRID_CONFIG"`
	Client string `help:"API client with scope operator, by which a running gateway is asked." default:"utility"`
	Key    string `help:"File with the client's private key (PKCS #8 PEM). Needed while the gateway runs." type:"existingfile"`
}

// Run settles in this process when the gateway is stopped, and asks it when it
// runs, because only one process can have a gateway's home open.
func (s *settleCommand) Run(ctx context.Context) error {
	c, err := config.Load(s.Config, os.Environ())
	if err != nil {
		return err
	}
	lines, err := s.stopped(ctx, &c)
	if errors.Is(err, ledger.ErrInUse) || errors.Is(err, sqlstore.ErrInUse) {
		lines, err = s.running(ctx, &c)
	}
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		fmt.Println("nothing is due")
	}
	for _, l := range lines {
		fmt.Println(l)
	}
	return nil
}

func (s *settleCommand) stopped(ctx context.Context, c *config.Config) ([]string, error) {
	g, err := gateway.Open(ctx, c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: logger(c.Log)})
	if err != nil {
		return nil, err
	}
	defer g.Close()
	made, err := g.Night.RunDue(ctx)
	var lines []string
	for _, m := range made {
		lines = append(lines, line(m.ID, m.Lines, decimal.New(m.Position.Net(), -6).StringFixed(6)))
	}
	return lines, err
}

func (s *settleCommand) running(ctx context.Context, c *config.Config) ([]string, error) {
	if s.Key == "" {
		return nil, errors.New("settle: the gateway is running; give --key, the private key of an API client with scope operator")
	}
	key, err := partners.LoadSigningKey(s.Key)
	if err != nil {
		return nil, err
	}
	api, err := client.New(client.Options{BaseURL: c.URL, ClientID: s.Client, Key: key.Private, KeyID: key.ID, Now: time.Now})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Settlements []struct {
			ID       string `json:"id"`
			Lines    int64  `json:"lines"`
			Position struct {
				Net string `json:"net"`
			} `json:"position"`
		} `json:"settlements"`
	}
	if _, err := api.Do(ctx, client.Request{Method: "POST", Path: "/v1/settlements"}, &answer); err != nil {
		return nil, err
	}
	var lines []string
	for _, m := range answer.Settlements {
		lines = append(lines, line(m.ID, m.Lines, m.Position.Net))
	}
	return lines, nil
}

func line(id string, lines int64, net string) string {
	return fmt.Sprintf("%s: %d lines, %s CNY owed by the partner", id, lines, net)
}
