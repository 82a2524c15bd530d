package api

import (
	"context"
	"time"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/web/problem"
)

// advanceMax bounds one move of the sandbox's clock: every window on the way is
// settled.
const advanceMax = 400 * 24 * time.Hour

func (a *API) getClock(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	if a.o.Clock == nil {
		return reply{}, noSandbox()
	}
	return a.showClock(r.context(), nil)
}

func noSandbox() error { return notFound("this is not a sandbox; its clock is everybody's") }

func (a *API) moveClock(r *request, body ClockRequest) (reply, error) {
	if a.o.Clock == nil {
		return reply{}, noSandbox()
	}
	now := a.o.Clock.Now()
	to, wrong := body.target(now)
	if wrong != nil {
		return reply{}, problem.Invalid(*wrong)
	}
	if to.Before(now) {
		return reply{}, ErrClockBackward
	}
	settled, err := a.o.Clock.AdvanceTo(r.context(), to)
	if err != nil {
		return reply{}, err
	}
	return a.showClock(r.context(), settled)
}

// target reads a body that the form has accepted.
func (b *ClockRequest) target(now time.Time) (to time.Time, wrong *problem.Field) {
	pointer := "/to"
	if b.Advance != nil {
		pointer = "/advance"
		d, err := time.ParseDuration(*b.Advance)
		if err != nil {
			field := problem.At(pointer, "pattern", "must be a length of time, for example 24h or 1h30m")
			return to, &field
		}
		to = now.Add(d)
	} else {
		ms, detail := parseInstant(*b.To)
		if detail != "" {
			field := problem.At(pointer, "instant", detail)
			return to, &field
		}
		to = time.UnixMilli(ms)
	}
	if to.Sub(now) > advanceMax {
		field := problem.At(pointer, "out_of_range", "must be at most 400 days ahead")
		return to, &field
	}
	return to, nil
}

func (a *API) showClock(ctx context.Context, settled []settlement.Settlement) (reply, error) {
	window, err := a.o.Clock.Window(ctx)
	if err != nil {
		return reply{}, err
	}
	out := Clock{Now: a.o.Clock.Now().UTC(), Window: window.String(), Settled: make([]Settlement, 0, len(settled))}
	for i := range settled {
		out.Settled = append(out.Settled, renderSettlement(&settled[i]))
	}
	return ok(&out), nil
}
