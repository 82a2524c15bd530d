package exchange_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// careless declines reversals at first without looking whether it has seen the transfer,
// and so leaves no tombstone, against the Connector API's rule.
type careless struct {
	*bank
	declines atomic.Int64
}

func (c *careless) Reverse(ctx context.Context, r connector.Reversal) (connector.Answer, error) {
	if c.declines.Add(-1) >= 0 {
		return connector.Answer{Outcome: connector.Declined, Reference: "R", DeclineCode: connector.DeclineMembershipBlocked}, nil
	}
	return c.bank.Reverse(ctx, r)
}

func TestATransferIsNotTakenForCancelledWhileItMayStillArrive(t *testing.T) {
	for _, c := range []struct {
		way  string
		verb connector.Verb
	}{{"in", connector.VerbDebit}, {"out", connector.VerbCredit}} {
		t.Run(c.way, func(t *testing.T) {
			host := &careless{}
			w := newWorld(t, func(o *exchange.Options) { o.Hosts = func(string) connector.Host { return host } })
			host.bank = w.banks["sky"]
			host.declines.Store(20)
			w.start()
			m := w.join(1)
			host.follow(first(always, c.verb, trick{do: delayCall}))
			began := w.begin(m, c.way, true)
			w.eventually("the reversal was declined for long", func() bool { return host.declines.Load() < 10 })
			host.arrive()
			w.eventually("the conversion ends", func() bool {
				now, err := w.Conversion(context.Background(), staff, began.ID)
				must(t, err)
				return now.Step == exchange.StepDone
			})
			w.audit(m)
		})
	}
}
