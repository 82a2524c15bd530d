// Command partnersim runs a simulated partner company: the reference host of the
// Connector API, with books of its own and faults on request. See package
// partners/partnersim.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // business days are counted on machines without a zone database, too

	"github.com/alecthomas/kong"

	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// program is the command line. There is no way to switch signatures off.
type program struct {
	Addr       string `default:"127.0.0.1:0" help:"Address to listen on; port 0 takes a free one. The administration under /sim/ is not protected."`
	Dir        string `required:"" type:"path" help:"Directory of the books; made if it is missing."`
	Programme  string `required:"" help:"Code of the loyalty programme, such as SKY."`
	Scale      uint8  `help:"Decimal places of the programme."`
	Members    int    `help:"Members that new books begin with, PREFIX-000001 and so on."`
	Balance    int64  `help:"Balance of each of them, in smallest units."`
	Prefix     string `help:"Prefix of their membership numbers; the programme's code if empty."`
	Limit      int64  `help:"Largest amount of one debit or credit, in smallest units; 0 for the default of 10^15."`
	Forced     bool   `name:"forced-amounts" help:"Give debits and credits of certain amounts certain outcomes, as in the sandbox; docs/conformance.md lists them."`
	Zone       string `default:"Asia/Shanghai" help:"Time zone of the business day."`
	JWKSURL    string `name:"jwks-url" required:"" xor:"keys" help:"Address of the gateway's key set, https://…/.well-known/jwks.json."`
	KeyFile    string `required:"" xor:"keys" type:"existingfile" help:"File with the gateway's key set, or with its public key in PEM."`
	KeyID      string `help:"ID of the key in a PEM file; its thumbprint if empty."`
	Authority  string `help:"Public host name, behind a proxy that changes the Host header."`
	PathPrefix string `help:"What such a proxy takes away from the front of the path."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var p program
	kong.Parse(&p, kong.Name("partnersim"), kong.UsageOnError(),
		kong.Description("A simulated partner company: the reference host of the PointGrid Connector API."))
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := p.run(ctx, os.Stdout, time.Now, logger); err != nil {
		fmt.Fprintln(os.Stderr, "partnersim:", err)
		os.Exit(1)
	}
}

// run serves until the context ends. It writes one line when it is ready:
// "partnersim ready at " and the base URL.
func (p *program) run(ctx context.Context, out io.Writer, clock func() time.Time, logger *slog.Logger) (err error) {
	options, err := p.options(clock, logger)
	if err != nil {
		return err
	}
	host, err := partnersim.Open(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	listener, err := net.Listen("tcp", p.Addr)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "partnersim ready at http://%s\n", listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	return host.Serve(ctx, listener)
}

func (p *program) options(clock func() time.Time, logger *slog.Logger) (partnersim.Options, error) {
	keys, err := p.keys(clock, logger)
	if err != nil {
		return partnersim.Options{}, err
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return partnersim.Options{}, fmt.Errorf("zone: %w", err)
	}
	return partnersim.Options{
		Dir: p.Dir, Programme: p.Programme, Scale: p.Scale,
		Members: p.Members, Balance: p.Balance, Prefix: p.Prefix, LimitMax: p.Limit, ForcedAmounts: p.Forced, Zone: zone,
		Keys: keys, Authority: p.Authority, PathPrefix: p.PathPrefix, Clock: clock, Logger: logger,
	}, nil
}

func (p *program) keys(clock func() time.Time, logger *slog.Logger) (signature.KeySource, error) {
	if p.JWKSURL != "" {
		return signature.NewRemoteKeys(signature.RemoteKeysOptions{
			URL: p.JWKSURL, Client: &http.Client{Timeout: 5 * time.Second}, Clock: clock, Logger: logger,
		})
	}
	data, err := os.ReadFile(p.KeyFile)
	if err != nil {
		return nil, err
	}
	return signature.ParseKeyFile(data, p.KeyID)
}
