package exchange

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// Registry finds the companies; [partners.Registry] is one. What it returns is
// not changed.
type Registry interface {
	Partner(code string) (*partners.Partner, bool)
	ByProgramme(programme string) (*partners.Partner, bool)
	All() []partners.Partner
}

// Members finds members' accounts; [members.Registry] does.
type Members interface {
	// Account returns a member's account; somebody new is taken in. It returns
	// [members.ErrErasing] and [members.ErrNumber].
	Account(ctx context.Context, number string) (ledger.Account, error)
}

// Options configure a [Service]. Without a default a field is required.
type Options struct {
	Ledger   ledger.Ledger
	Identity ledger.Identity // the utility's gateway
	Store    Store
	Registry Registry
	// Hosts returns a partner's system, or nil when it has no Connector API.
	Hosts   func(partner string) connector.Host
	Hub     string // programme code of the electricity points; default "EPT"
	Members Members

	// Slot, if set, is the number that this gateway has leased in a cluster. What it
	// makes bears it ([SlotOf]), and it carries on only what does, and what it adopts
	// ([Service.Adopt]). Without it the gateway has the store for itself.
	Slot *uint8

	// Allowances, if set, narrows what members may convert in a day.
	Allowances Allowances

	// Screening, if set, holds conversions for review before anything has moved.
	Screening Screening
	// ReviewWithin is how long a review may take before the conversion is refused;
	// default 72 h.
	ReviewWithin time.Duration

	QuoteTTL time.Duration // how long a quote can be used; default 60 s
	// Deadline is how long a partner whose outcome is unknown is asked before what
	// was done is taken back; default 2 min.
	Deadline time.Duration
	// AgreementsTTL is how old the agreements may be by which is priced; default
	// 1 s. The ledger refuses what is outdated.
	AgreementsTTL time.Duration
	// RescanEvery is how often unfinished work that nobody is at is taken up
	// again; default 15 s.
	RescanEvery time.Duration
	// RetryFirst and RetryMax bound the pause between two questions: a random time
	// below a bound that begins at the first and doubles up to the second.
	// Defaults 100 ms and 5 s.
	RetryFirst, RetryMax time.Duration

	// PartnerMax bounds the conversions under way with one partner that pushes;
	// default 8,192. With one that is called it is the calls under way and waiting
	// that its connector allows.
	PartnerMax int
	// TotalMax bounds all of them together; default 16,384.
	TotalMax int
	// TurnsMax bounds the requests that are being made into conversions, and the
	// conversions under way that wait for nobody's system; beyond it companies take
	// turns. Default 2,048.
	TurnsMax int
	// TurnTarget is how long such work may take on average: less is worked on at a
	// time while it takes longer, and where more is asked for than can be done one
	// waits no longer than this. Default 150 ms.
	TurnTarget time.Duration
	// Timer is the machine's clock, by which that is measured. Without it TurnsMax
	// is what is worked on at a time.
	Timer func() time.Time
	// TurnPatience is how long one waits for a turn before it is refused; default
	// 1 s.
	TurnPatience time.Duration
	// RecoveryMax bounds the unfinished ones that are taken up at a time, one
	// partner's at a quarter of it; default 256.
	RecoveryMax int

	Now    func() time.Time // the alliance's clock
	Random io.Reader        // need not be safe for concurrent use
	// Jitter draws a number from 0 to below n, for pauses that need no secrecy; safe
	// for concurrent use. Default the machine's randomness.
	Jitter func(n int64) int64
	Logger *slog.Logger
	// Observe, if set, is told of what ended and what went to the operator's list.
	// It must be quick and safe for concurrent use.
	Observe func(Observation)
	// Around, if set, is told before each step of a workflow and returns the
	// context to take it in, which carries what ctx does, and what to call
	// afterwards. Ctx carries the values of the request that began the workflow.
	Around func(ctx context.Context, w Work) (context.Context, func(err error))
}

func (o Options) withDefaults() Options {
	o.Hub = cmp.Or(o.Hub, "EPT")
	o.ReviewWithin = cmp.Or(o.ReviewWithin, 72*time.Hour)
	o.QuoteTTL = cmp.Or(o.QuoteTTL, time.Minute)
	o.Deadline = cmp.Or(o.Deadline, 2*time.Minute)
	o.AgreementsTTL = cmp.Or(o.AgreementsTTL, time.Second)
	o.RescanEvery = cmp.Or(o.RescanEvery, 15*time.Second)
	o.RetryFirst = cmp.Or(o.RetryFirst, 100*time.Millisecond)
	o.RetryMax = cmp.Or(o.RetryMax, 5*time.Second)
	o.PartnerMax = cmp.Or(o.PartnerMax, 8192)
	o.TotalMax = cmp.Or(o.TotalMax, 16384)
	o.TurnsMax = cmp.Or(o.TurnsMax, 2048)
	o.TurnPatience = cmp.Or(o.TurnPatience, time.Second)
	o.TurnTarget = cmp.Or(o.TurnTarget, 150*time.Millisecond)
	o.RecoveryMax = cmp.Or(o.RecoveryMax, 256)
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Ledger == nil, o.Store == nil, o.Registry == nil, o.Hosts == nil, o.Members == nil:
		return errors.New("exchange: ledger, store, registry, hosts and members are required")
	case o.Now == nil, o.Random == nil, o.Logger == nil:
		return errors.New("exchange: clock, randomness and logger are required")
	case o.Identity.MSP == "" || o.Identity.Subject == "":
		return errors.New("exchange: identity needs a company and a subject")
	case !ledger.ValidProgramme(o.Hub):
		return fmt.Errorf("exchange: hub %q is not a programme code", o.Hub)
	case min(o.ReviewWithin, o.QuoteTTL, o.Deadline, o.AgreementsTTL, o.RescanEvery, o.RetryFirst, o.RetryMax, o.TurnPatience, o.TurnTarget) <= 0:
		return errors.New("exchange: durations must be positive")
	case min(o.PartnerMax, o.TotalMax, o.RecoveryMax, o.TurnsMax) < 1:
		return errors.New("exchange: bounds must be at least 1")
	}
	return nil
}
