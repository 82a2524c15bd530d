package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Options say how a gateway takes part. Without a default a field is required.
type Options struct {
	Leases Leases
	// Ledger is one that owns no lane by itself.
	Ledger ledger.Laned
	// Listen is the internal address, on which only gateways of this cluster are
	// answered; Address is where they reach it, by default what is listened on.
	Listen, Address string
	// Secret is what all gateways of the cluster share, at least 32 bytes.
	Secret []byte

	// TTL is how long a lease lasts; default 3 s. After that others may call this
	// gateway dead.
	TTL time.Duration
	// Every is how often the lease is renewed and the others are looked at; default
	// a sixth of TTL.
	Every time.Duration
	// Patience is how long commands wait for their lane to have an owner who answers;
	// default 10 s.
	Patience time.Duration
	// QueueMax bounds the commands that wait for owners; default 65,536.
	QueueMax int

	Now    func() time.Time // the machine's clock, with its monotonic reading
	Random io.Reader        // safe for concurrent use
	Logger *slog.Logger
	// Observe, if set, is told of calls to other gateways. It must be quick.
	Observe func(Call)
	// Took, if set, is told when a duty was taken; from says whether it was taken from
	// a gateway that died.
	Took func(duty string, epoch uint64, from bool)
}

// Call is one call for commands to another gateway.
type Call struct {
	Lane     uint32
	Commands int
	Took     time.Duration
	Err      error
}

func (o Options) withDefaults() Options {
	o.TTL = cmp.Or(o.TTL, 3*time.Second)
	o.Every = cmp.Or(o.Every, o.TTL/6)
	o.Patience = cmp.Or(o.Patience, 10*time.Second)
	o.QueueMax = cmp.Or(o.QueueMax, 65536)
	if o.Observe == nil {
		o.Observe = func(Call) {}
	}
	if o.Took == nil {
		o.Took = func(string, uint64, bool) {}
	}
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Leases == nil, o.Ledger == nil:
		return errors.New("cluster: leases and ledger are required")
	case o.Listen == "":
		return errors.New("cluster: an address to listen on is required")
	case o.Now == nil, o.Random == nil, o.Logger == nil:
		return errors.New("cluster: clock, randomness and logger are required")
	case o.Every <= 0 || 3*o.Every > o.TTL:
		return fmt.Errorf("cluster: a lease of %s is renewed every %s; want at least three times while it lasts", o.TTL, o.Every)
	case o.Patience <= 0 || o.QueueMax < 1:
		return errors.New("cluster: patience and the bound of the queue must be positive")
	}
	return CheckLease(o.Address, o.TTL)
}
