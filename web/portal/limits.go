package portal

import (
	"context"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/page"
)

// marks are where a warning is given, in permille of the cap.
var marks = []int64{800, 950}

// exposure is what is owed and not yet settled against its bound.
type exposure struct {
	Direction ledger.Direction
	Used, Cap int64 // millionths of a yuan
	Gauge     page.Gauge
}

// Left is what may still be owed.
func (e *exposure) Left() int64 { return max(0, e.Cap-e.Used) }

// exposures are those of the agreements in force. What the partner owes bounds
// conversions into electricity points, what it is owed those out of them.
func exposures(on *ledger.Partner, all []agreementView) []exposure {
	var out []exposure
	for _, d := range []ledger.Direction{ledger.In, ledger.Out} {
		a := inForce(all, d)
		if a == nil {
			continue
		}
		e := exposure{Direction: d, Used: max(0, on.Owed), Cap: a.Terms.ExposureCap}
		if d == ledger.Out {
			e.Used = max(0, -on.Owed)
		}
		e.Gauge = page.Gauge{Used: e.Used, Cap: e.Cap, Marks: marks, Word: "portal.exposure." + d.String()}
		out = append(out, e)
	}
	return out
}

// onLedger returns the company as the ledger has it.
func (p *Portal) onLedger(ctx context.Context, code string) (*ledger.Partner, error) {
	all, err := p.o.Ledger.Partners(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Code == code {
			return &all[i], nil
		}
	}
	return nil, exchange.ErrNotFound
}

type limitsBody struct {
	Exposures []exposure
	Cards     []agreementView // in force
	Owed      int64
	Figures   Figures
	Connector *partners.Connector // nil when we do not call the company
	Timeout   time.Duration
}

func (p *Portal) showLimits(v *visit) error {
	on, err := p.onLedger(v.r.Context(), v.company.Code)
	if err != nil {
		return err
	}
	all, err := p.agreements(v.r.Context(), v)
	if err != nil {
		return err
	}
	b := limitsBody{Exposures: exposures(on, all), Owed: on.Owed, Figures: p.o.Figures}
	for _, d := range []ledger.Direction{ledger.In, ledger.Out} {
		if a := inForce(all, d); a != nil {
			b.Cards = append(b.Cards, *a)
		}
	}
	if v.company.Connector.URL != "" {
		b.Connector, b.Timeout = &v.company.Connector, v.company.Connector.Timeout
	}
	return p.show(v, "limits", &b)
}
