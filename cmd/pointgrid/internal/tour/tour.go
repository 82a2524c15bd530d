// Package tour drives a sandbox through the product's main job over HTTP, as the
// companies' programs would, and stops at the first deviation.
package tour

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// Tour is one run. It needs an empty folder.
type Tour struct {
	Out io.Writer
	Dir string
	Now func() time.Time
	// Fabric puts the ledger on a Fabric network.
	Fabric bool
	// Database is an empty PostgreSQL database; empty is SQLite.
	Database string

	stage          *sandbox.Stage
	sky, mart, tel *client.Client
	utility        *client.Client
	maker, checker *client.Client // two people of the utility
	order          sandbox.Order  // that pays the night
	link           string         // of the tour's member with the airline
	first          conversion
	firstKey       string
	firstBody      []byte
	firstAnswer    []byte
	window         string // the one that the night closes
	conversions    int64  // of the airline's points, that were completed
	reversals      int64
	pushed         int64                        // MART that the retailer moved outside its simulated books
	keys           map[string]ed25519.PublicKey // of the gateway
}

// member is the household customer of the tour: not linked by the seeding, with
// points.
const member = 42

// seeded is what the sandbox of the tour holds.
var seeded = sandbox.StageOptions{Members: 200, Linked: 20}

// step is one thing that is shown. What it returns is printed beside its title.
type step struct {
	title string
	run   func(*Tour, context.Context) (string, error)
	only  home
}

// home is where the ledger must be for a step to make sense.
type home int

const (
	anywhere home = iota
	onEmbedded
	onFabric
)

func (t *Tour) steps() (mine []step) {
	for _, s := range steps {
		if s.only == anywhere || (s.only == onFabric) == t.Fabric {
			mine = append(mine, s)
		}
	}
	return mine
}

// steps is the tour, in order.
var steps = []step{
	{"a token", (*Tour).token, anywhere},
	{"link a member", (*Tour).linkMember, anywhere},
	{"a quote", (*Tour).quoteRate, anywhere},
	{"airline to electricity", (*Tour).airlineToElectricity, anywhere},
	{"electricity to telecom", (*Tour).electricityToTelecom, anywhere},
	{"airline to retailer", (*Tour).airlineToRetailer, anywhere},
	{"the same key again", (*Tour).replay, anywhere},
	{"another body under the key", (*Tour).changedBody, anywhere},
	{"insufficient points", (*Tour).insufficient, anywhere},
	{"an expired quote", (*Tour).expiredQuote, anywhere},
	{"the airline declines", (*Tour).decline, anywhere},
	{"the airline hangs", (*Tour).hang, anywhere},
	{"the airline's answer is lost", (*Tour).lostAnswer, anywhere},
	{"a partial reversal", (*Tour).partialReversal, anywhere},
	{"kill -9 between debit and ledger", (*Tour).crash, anywhere},
	{"a batch", (*Tour).batch, anywhere},
	{"a file, and kill -9 in it", (*Tour).file, anywhere},
	{"a webhook", (*Tour).webhook, anywhere},
	{"a prepayment earns, and is returned", (*Tour).earn, anywhere},
	{"a tier brings a bonus", (*Tour).bonusOfTier, anywhere},
	{"ten yuan off the electricity bill", (*Tour).redeem, anywhere},
	{"an order is cancelled", (*Tour).cancelOrder, anywhere},
	{"a receipt", (*Tour).fetchReceipt, anywhere},
	{"a night", (*Tour).night, anywhere},
	{"three books", (*Tour).reconciled, anywhere},
	{"positions", (*Tour).positions, anywhere},
	{"a statement", (*Tour).readStatement, anywhere},
	{"the night is signed", (*Tour).signNight, anywhere},
	{"payments are released", (*Tour).releasePayments, anywhere},
	{"the bank confirms", (*Tour).confirmPayments, anywhere},
	{"the gateway stops", (*Tour).stop, anywhere},
	{"the stopped ledger's chain", (*Tour).verifyLedger, onEmbedded},
	{"every company's peer", (*Tour).comparePeers, onFabric},
	{"the night from blocks alone", (*Tour).recompute, onEmbedded},
	{"conservation", (*Tour).conserve, anywhere},
}

// Run shows every step. It returns an error at the first that does not do what
// it should.
func (t *Tour) Run(ctx context.Context) error {
	began := t.Now()
	if err := t.start(ctx); err != nil {
		return err
	}
	defer t.stage.Close()
	mine := t.steps()
	for i, s := range mine {
		from := t.Now()
		said, err := s.run(t, ctx)
		if err != nil {
			fmt.Fprintf(t.Out, "%2d  %-38s FAILED\n", i+1, s.title)
			return fmt.Errorf("step %d, %s: %w%s", i+1, s.title, err, t.logs())
		}
		fmt.Fprintf(t.Out, "%2d  %-38s %s (%s)\n", i+1, s.title, said, t.Now().Sub(from).Round(time.Millisecond))
	}
	fmt.Fprintf(t.Out, "all %d steps as they should be, in %s\n", len(mine), t.Now().Sub(began).Round(100*time.Millisecond))
	return nil
}

func (t *Tour) logs() string {
	if t.stage.Gateway == nil || t.stage.Gateway.Logs() == "" {
		return ""
	}
	return "\nthe gateway's last lines:\n" + t.stage.Gateway.Logs()
}

func (t *Tour) start(ctx context.Context) error {
	began := t.Now()
	o := seeded
	o.Now, o.Fabric = t.Now, t.Fabric
	o.Progress = func(line string) {
		fmt.Fprintf(t.Out, "    %s (%s)\n", line, t.Now().Sub(began).Round(100*time.Millisecond))
	}
	o.Adjust = func(c *config.Config) {
		for i := range c.Companies {
			c.Companies[i].Connector.Timeout = time.Second // so that a partner that hangs is found out soon
		}
	}
	stage, err := sandbox.StartStage(ctx, &sandbox.Site{Dir: t.Dir, DatabaseURL: t.Database}, o)
	if err != nil {
		return err
	}
	t.stage = stage
	fmt.Fprintf(t.Out, "sandbox at %s, ready in %s\n", stage.URL, t.Now().Sub(began).Round(time.Millisecond))
	for id, c := range map[string]**client.Client{"sky": &t.sky, "mart": &t.mart, "tel": &t.tel, sandbox.UtilityClient: &t.utility,
		sandbox.MakerClient: &t.maker, sandbox.CheckerClient: &t.checker} {
		if *c, err = stage.Client(id); err != nil {
			stage.Close()
			return err
		}
	}
	return nil
}

// refused checks that a call was answered with a problem of this status and code.
func refused(err error, status int, code string) (*client.Problem, error) {
	var p *client.Problem
	switch {
	case err == nil:
		return nil, fmt.Errorf("was accepted; want %d %s", status, code)
	case !errors.As(err, &p):
		return nil, err
	case p.Status != status || p.Code != code:
		return nil, fmt.Errorf("answered %w; want %d %s", p, status, code)
	}
	return p, nil
}

// same compares a figure with what it should be.
func same[V comparable](what string, got, want V) error {
	if got != want {
		return fmt.Errorf("%s is %v, want %v", what, got, want)
	}
	return nil
}

// patience bounds every wait of the tour.
const patience = 20 * time.Second

// await asks until the answer is yes.
func await(ctx context.Context, what string, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		yes, err := ask()
		if err != nil || yes {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s for: %s", patience, what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func post(path string, body any, key string) client.Request {
	return client.Request{Method: http.MethodPost, Path: path, Body: body, Key: key}
}

func get(path string) client.Request { return client.Request{Method: http.MethodGet, Path: path} }
