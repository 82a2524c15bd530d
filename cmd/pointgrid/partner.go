package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector/conformance"
)

type partnerCommand struct {
	Check partnerCheck `cmd:"" help:"Check an implementation of the Connector API, rule by rule, and say what is wrong and how to put it right."`
	Key   partnerKey   `cmd:"" help:"Make a key for the check, and print the public half that the implementation must trust."`
	Rules partnerRules `cmd:"" help:"List the rules that the check knows, with the place in openapi/connector.yaml of each."`
}

type partnerKey struct {
	File string `arg:"" help:"File of the private key; made if it is missing." type:"path"`
}

// Run makes the key.
func (k *partnerKey) Run() error {
	key, err := partners.LoadOrCreateSigningKey(k.File, rand.Reader)
	if err != nil {
		return err
	}
	return printKeySet(os.Stdout, key)
}

func printKeySet(out io.Writer, key partners.SigningKey) error {
	set, err := partners.KeySet(key.Public())
	if err == nil {
		_, err = fmt.Fprintf(out, "%s\n", set)
	}
	return err
}

type partnerRules struct{}

// Run lists the rules.
func (partnerRules) Run() error {
	for _, rule := range conformance.Rules() {
		says, err := rule.Says()
		if err != nil {
			return err
		}
		fmt.Printf("%-16s %-6s %s\n%23s %s\n", rule.ID, rule.Level, rule.Title, "", says)
	}
	return nil
}

type partnerCheck struct {
	URL string `arg:"" help:"Base URL of the implementation, such as https://staging.example.com/pointgrid."`

	Key        string `required:"" type:"path" placeholder:"FILE" help:"Private key of the check, which the implementation trusts; see pointgrid partner key. Never the gateway's own."`
	JWKSListen string `name:"jwks-listen" placeholder:"ADDR" help:"Serve the key's public half at http://ADDR/.well-known/jwks.json during the check, for an implementation that fetches keys."`
	Programme  string `required:"" placeholder:"CODE" help:"Code of the implementation's loyalty programme."`
	Member     string `required:"" placeholder:"NUMBER" help:"An active test member that nobody else uses meanwhile."`
	Balance    int64  `required:"" placeholder:"POINTS" help:"Its balance in smallest units, at least 1000."`
	Closed     string `placeholder:"NUMBER" help:"A closed member; without it what needs one is skipped."`
	Blocked    string `placeholder:"NUMBER" help:"A blocked member; without it what needs one is skipped."`

	Only     []string      `placeholder:"RULE" help:"Only rules whose identifiers begin so, such as CN-SIGNATURE."`
	Timeout  time.Duration `default:"10s" help:"Longest time for one call."`
	Deadline time.Duration `default:"15m" help:"Longest time for everything."`
	JSON     bool          `name:"json" help:"Print the report as JSON, and nothing else."`
	Report   string        `type:"path" placeholder:"FILE" help:"Also write the report, as JSON, to this file."`
}

// Run checks, and ends the program with status 1 unless every rule that must
// hold does.
func (c *partnerCheck) Run(ctx context.Context) error {
	key, err := partners.LoadSigningKey(c.Key)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is not there; make it with: pointgrid partner key %s", c.Key, c.Key)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Deadline)
	defer cancel()
	stop, err := serveKeySet(c.JWKSListen, key)
	if err != nil {
		return err
	}
	report, err := c.check(ctx, key, os.Stdout)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	if err := c.keep(report, os.Stdout); err != nil {
		return err
	}
	if !report.Conforms {
		return errReported
	}
	return nil
}

func (c *partnerCheck) check(ctx context.Context, key partners.SigningKey, out io.Writer) (*conformance.Report, error) {
	var failed error
	progress := func(r conformance.Result) { failed = errors.Join(failed, conformance.WriteResult(out, r)) }
	if c.JSON {
		progress = nil
	}
	report, err := conformance.Check(ctx, conformance.Target{
		BaseURL: c.URL, KeyID: key.ID, Key: key.Private, Clock: time.Now,
		Programme: c.Programme, Membership: c.Member, Balance: c.Balance, Closed: c.Closed, Blocked: c.Blocked,
		Only: c.Only, Timeout: c.Timeout,
	}, progress)
	return report, errors.Join(err, failed)
}

// keep prints the end of the report, and writes the file.
func (c *partnerCheck) keep(report *conformance.Report, out io.Writer) error {
	print := report.WriteSummary
	if c.JSON {
		print = report.WriteJSON
	}
	if err := print(out); err != nil || c.Report == "" {
		return err
	}
	f, err := os.OpenFile(c.Report, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteJSON(f), f.Close())
}

// serveKeySet serves the public key, if it is to be, until stop is called.
func serveKeySet(address string, key partners.SigningKey) (stop func() error, err error) {
	if address == "" {
		return func() error { return nil }, nil
	}
	set, err := partners.KeySet(key.Public())
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(set) // an error is the connection's
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	return func() error {
		err := server.Close()
		if serving := <-ended; !errors.Is(serving, http.ErrServerClosed) {
			err = errors.Join(err, serving)
		}
		return err
	}, nil
}
