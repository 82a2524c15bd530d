package exchange

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// rates are the agreements and partners as the ledger had them a moment ago.
// The contract is the enforcer: what is outdated here is refused there.
type rates struct {
	ledger ledger.Ledger
	now    func() time.Time
	ttl    time.Duration

	mu       sync.Mutex // guards underWay, never while the ledger is read
	underWay *reading
	current  atomic.Pointer[rateCards]
}

// rateCards are one reading. It is never changed.
type rateCards struct {
	readAt   time.Time
	cards    map[card][]ledger.Agreement
	byID     map[ledger.ID]*ledger.Agreement
	partners map[string]ledger.Partner
}

// card names the agreements of one partner for one direction.
type card struct {
	partner   string
	direction ledger.Direction
}

func newRates(o *Options) *rates {
	return &rates{ledger: o.Ledger, now: o.Now, ttl: o.AgreementsTTL}
}

// get returns a reading that is not older than allowed.
func (r *rates) get(ctx context.Context) (*rateCards, error) {
	if c := r.current.Load(); c != nil && r.fresh(c.readAt) {
		return c, nil
	}
	return r.read(ctx, r.fresh)
}

func (r *rates) fresh(readAt time.Time) bool {
	age := r.now().Sub(readAt)
	return age >= 0 && age < r.ttl
}

// refresh reads again whatever the age.
func (r *rates) refresh(ctx context.Context) (*rateCards, error) {
	return r.read(ctx, func(time.Time) bool { return false })
}

// renew reads again unless that was done after an instant, in milliseconds since
// 1970: many that were priced together are refused together.
func (r *rates) renew(ctx context.Context, since int64) error {
	_, err := r.read(ctx, func(readAt time.Time) bool { return readAt.UnixMilli() > since })
	return err
}

// load reads the ledger.
func (r *rates) load(ctx context.Context, at time.Time) (*rateCards, error) {
	c := &rateCards{readAt: at, cards: map[card][]ledger.Agreement{}, byID: map[ledger.ID]*ledger.Agreement{},
		partners: map[string]ledger.Partner{}}
	agreements, err := r.ledger.Agreements(ctx)
	if err != nil {
		return nil, fmt.Errorf("exchange: agreements: %w", err)
	}
	companies, err := r.ledger.Partners(ctx)
	if err != nil {
		return nil, fmt.Errorf("exchange: partners: %w", err)
	}
	for i := range agreements {
		a := &agreements[i]
		c.byID[a.ID] = a
		if a.Status == ledger.AgreementAccepted {
			key := card{a.Terms.Partner, a.Terms.Direction}
			c.cards[key] = append(c.cards[key], *a)
		}
	}
	for _, p := range companies {
		c.partners[p.Code] = p
	}
	return c, nil
}

// inForce returns the agreement under which a rate can be locked at an instant.
func (c *rateCards) inForce(partner string, dir ledger.Direction, at int64) (ledger.Agreement, *Refusal) {
	company, ok := c.partners[partner]
	switch {
	case !ok:
		return ledger.Agreement{}, refuse(string(ledger.CodePartnerUnknown), "partner %q is not on the ledger", partner)
	case company.Suspended:
		return ledger.Agreement{}, refuse(string(ledger.CodePartnerSuspended), "partner %q is suspended; no new conversions until it is resumed", partner)
	}
	a, ok := ledger.InForce(c.cards[card{partner, dir}], partner, dir, at)
	if !ok {
		return a, refuse(CodeNoAgreement, "no agreement with partner %q for direction %s is in force", partner, dir)
	}
	return a, nil
}
