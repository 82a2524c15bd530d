package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// Hosts are the loyalty hosts of the companies, running in this process, each on
// an address and with books of its own, and the utility's back office.
type Hosts struct {
	URLs map[string]string // by company, and of the [BackOffice] and the [IdentityProvider]
	all  []*partnersim.Host
	back *backsim.System
	stop context.CancelFunc
	done chan error
}

// startingBalance is what each member has at each company, in whole points.
const startingBalance = 1_000_000

// StartHosts opens the companies' books and serves their Connector APIs on free
// ports of this machine. Forced says whether amounts force outcomes, as
// partnersim.ForcedOutcomes lists them.
func StartHosts(s *Site, gatewayURL string, members int, forced bool, now func() time.Time, logger *slog.Logger) (*Hosts, error) {
	ctx, stop := context.WithCancel(context.Background())
	h := &Hosts{URLs: map[string]string{}, stop: stop, done: make(chan error)}
	for _, c := range Companies() {
		if err := h.start(ctx, s, c, gatewayURL, members, forced, now, logger); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	if err := h.startBackOffice(ctx, s, gatewayURL, now, logger); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	if err := h.startIdentity(ctx, gatewayURL, members, now); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// BackOffice stands for the utility's billing system and payment provider among the
// hosts. No company has such a code.
const BackOffice = "back-office"

// startBackOffice opens the books of the billing system and the payment provider
// and serves both on one free port. Calls must be signed by the gateway.
func (h *Hosts) startBackOffice(ctx context.Context, s *Site, gatewayURL string, now func() time.Time, logger *slog.Logger) error {
	keys, err := gatewayKeys(gatewayURL, now, logger)
	if err != nil {
		return err
	}
	verifier, err := signature.NewVerifier(signature.VerifierOptions{Keys: keys, Clock: now})
	if err != nil {
		return err
	}
	if h.back, err = backsim.Open(s.BackOfficeBooks(), ownsContract); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: h.back.Handler(func(r *http.Request, body []byte) error {
		_, err := verifier.Verify(r, body)
		return err
	})}
	h.URLs[BackOffice] = "http://" + l.Addr().String()
	context.AfterFunc(ctx, func() { _ = server.Close() }) // calls under way are unknown outcomes, as anywhere
	go func() { _ = server.Serve(l) }()                   // ends with the context
	return nil
}

func gatewayKeys(gatewayURL string, now func() time.Time, logger *slog.Logger) (*signature.RemoteKeys, error) {
	return signature.NewRemoteKeys(signature.RemoteKeysOptions{URL: gatewayURL + "/.well-known/jwks.json",
		Client: &http.Client{Timeout: 5 * time.Second}, Clock: now, Logger: logger})
}

func (h *Hosts) start(ctx context.Context, s *Site, c Company, gatewayURL string, members int, forced bool, now func() time.Time, logger *slog.Logger) error {
	keys, err := gatewayKeys(gatewayURL, now, logger)
	if err != nil {
		return err
	}
	host, err := partnersim.Open(partnersim.Options{Dir: s.PartnerDir(c.Code), Programme: c.Programme, Scale: c.Scale,
		Members: members, Balance: c.smallest(startingBalance), Prefix: c.Prefix, Keys: keys, ForcedAmounts: forced, Clock: now, Logger: logger})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, host.Close())
	}
	h.all = append(h.all, host)
	h.URLs[c.Code] = "http://" + l.Addr().String()
	go func() { h.done <- host.Serve(ctx, l) }()
	return nil
}

// smallest turns whole points into smallest units.
func (c Company) smallest(points int64) int64 {
	for range c.Scale {
		points *= 10
	}
	return points
}

// Close finishes what is under way and closes the books.
func (h *Hosts) Close() error {
	h.stop()
	var errs []error
	for range h.all {
		errs = append(errs, <-h.done)
	}
	for _, host := range h.all {
		errs = append(errs, host.Close())
	}
	if h.back != nil {
		errs = append(errs, h.back.Close())
	}
	return errors.Join(errs...)
}
