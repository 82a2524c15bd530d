package signin

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"time"
)

// Options configure a [Service]. Without a default a field is required.
type Options struct {
	Store  Store
	Key    []byte // seals second factors; at least 32 bytes
	Issuer string // what authenticator programs call us; default "PointGrid"
	// Idle is how long a session lives without use, default 30 min; Life is how
	// long it lives at most, default 12 h.
	Idle, Life time.Duration
	Cost       Cost // of hashes; the default is for production
	// FactorNeeded says that without a second factor nothing can be done but to set one
	// up.
	FactorNeeded bool
	// Breached reports whether a password is in a list of stolen ones; nil has none. See
	// package signin/breached.
	Breached func(password string) (bool, error)
	Now      func() time.Time // the machine's clock
	Random   io.Reader        // safe for concurrent use
	Logger   *slog.Logger
}

// Service signs staff in. Its methods may be called from many goroutines.
type Service struct {
	o      Options
	hasher *hasher
	sealer *sealer
}

// New returns a service, or an error that says which option is missing.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Now == nil || o.Random == nil || o.Logger == nil {
		return nil, errors.New("signin: store, clock, randomness and logger are required")
	}
	o.Issuer, o.Cost = cmp.Or(o.Issuer, "PointGrid"), cmp.Or(o.Cost, defaultCost)
	o.Idle, o.Life = cmp.Or(o.Idle, 30*time.Minute), cmp.Or(o.Life, 12*time.Hour)
	s := &Service{o: o}
	var errHasher, errSealer error
	s.hasher, errHasher = newHasher(o.Cost, o.Random)
	s.sealer, errSealer = newSealer(o.Key, o.Random)
	return s, errors.Join(errHasher, errSealer)
}

// Forget removes sessions that have ended and old counters.
func (s *Service) Forget(ctx context.Context) error {
	now := s.o.Now().UnixMilli()
	return s.o.Store.ForgetSignins(ctx, now, now-attemptsKept.Milliseconds())
}

func escape(s string) string { return url.PathEscape(s) }
