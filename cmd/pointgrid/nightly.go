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
)

// nightly is a job that is done in this process when the gateway is stopped, and
// asked of it when it runs, because only one process can have a gateway's home open.
type nightly struct {
	Config string `help:"Configuration file of the gateway." type:"existingfile" env:"POINTGRID_CONFIG"`
	Client string `help:"API client with scope operator, by which a running gateway is asked." default:"utility"`
	Key    string `help:"File with the client's private key (PKCS #8 PEM). Needed while the gateway runs." type:"existingfile"`
}

// do prints the lines of what was done, also where a part of it failed.
func (n *nightly) do(ctx context.Context, around gateway.Surroundings, stopped func(*gateway.Gateway) ([]string, error), running func(*client.Client) ([]string, error)) error {
	c, err := config.Load(n.Config, os.Environ())
	if err != nil {
		return err
	}
	lines, err := n.inside(ctx, &c, around, stopped)
	if errors.Is(err, ledger.ErrInUse) || errors.Is(err, sqlstore.ErrInUse) {
		lines, err = n.ask(&c, running)
	}
	for _, l := range lines {
		fmt.Println(l)
	}
	if err == nil && len(lines) == 0 {
		fmt.Println("nothing is due")
	}
	return err
}

func (n *nightly) inside(ctx context.Context, c *config.Config, around gateway.Surroundings, job func(*gateway.Gateway) ([]string, error)) ([]string, error) {
	around.Now, around.Random, around.Logger = time.Now, rand.Reader, logger(c.Log)
	g, err := gateway.Open(ctx, c, around)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	return job(g)
}

func (n *nightly) ask(c *config.Config, job func(*client.Client) ([]string, error)) ([]string, error) {
	if n.Key == "" {
		return nil, errors.New("the gateway is running; give --key, the private key of an API client with scope operator")
	}
	key, err := partners.LoadSigningKey(n.Key)
	if err != nil {
		return nil, err
	}
	api, err := client.New(client.Options{BaseURL: c.URL, ClientID: n.Client, Key: key.Private, KeyID: key.ID, Now: time.Now})
	if err != nil {
		return nil, err
	}
	return job(api)
}
