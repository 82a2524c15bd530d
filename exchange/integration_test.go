package exchange_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// TestEveryFaultOfARealHostEndsWell has the reference host misbehave, over
// HTTP, in every way that it knows, on every call that moves points.
func TestEveryFaultOfARealHostEndsWell(t *testing.T) {
	s := simulate(t)
	kinds := []struct {
		fault partnersim.Fault
		want  exchange.Status
	}{
		{partnersim.Fault{Kind: partnersim.FaultDecline, Code: connector.DeclineLimitExceeded}, exchange.Failed},
		{partnersim.Fault{Kind: partnersim.FaultHang}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultAnswerTwice, Delay: 5 * time.Millisecond}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultAnswerLate, Delay: 400 * time.Millisecond}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultLoseAnswer}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultDown}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultError}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultBusy}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultNonsense}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultNonsense, Variant: partnersim.VariantWrongID}, exchange.Completed},
		{partnersim.Fault{Kind: partnersim.FaultNonsense, Variant: partnersim.VariantHuge}, exchange.Completed},
	}
	for i, way := range []string{"in", "out", crossed} {
		verbs := [][]connector.Verb{{"debit"}, {"credit"}, {"debit", "credit"}}[i]
		for _, verb := range verbs {
			for _, k := range kinds {
				k.fault.Verb, k.fault.Count = verb, 1
				want := k.want
				if want == exchange.Failed && way == crossed && verb == "credit" {
					want = exchange.Reversed
				}
				t.Run(fmt.Sprintf("%s, %s %s %s", way, verb, k.fault.Kind, k.fault.Variant), func(t *testing.T) {
					t.Parallel()
					againstSimulation(t, s, way, k.fault, want)
				})
			}
		}
	}
}

func againstSimulation(t *testing.T, s *simulation, way string, f partnersim.Fault, want exchange.Status) {
	w := newWorld(t, func(o *exchange.Options) {
		hosts, err := dial(s.urls)
		must(t, err)
		o.Hosts = func(code string) connector.Host { return hosts[code] }
	})
	w.start()
	number := int(members.Add(1))
	m := w.join(number)
	s.join(t, m.number)
	for code, host := range s.hosts {
		befalls := f
		befalls.Membership = membership(code, m.number)
		must(t, host.Faults().Add(befalls))
	}
	c := w.begin(m, way, false)
	w.settle()
	c, err := w.Conversion(context.Background(), staff, c.ID)
	must(t, err)
	checkEnd(t, c)
	if c.Status != want {
		t.Errorf("%s with %v, want %s", c.Status, c.Failure, want)
	}
	expect := holding{"EPT": pointsOpened, "MILES": milesOpened, "SHOP": milesOpened}
	expect.apply(t, c)
	account, err := w.ledger.Account(context.Background(), m.account)
	must(t, err)
	got := holding{"EPT": account.Available(), "MILES": s.balance(t, "sky", m.number), "SHOP": s.balance(t, "shop", m.number)}
	for programme := range expect {
		if got[programme] != expect[programme] {
			t.Errorf("the member has %d %s, the conversion says %d", got[programme], programme, expect[programme])
		}
	}
	sumsToZero(t, w.ledger)
}
