package webhooks

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// attempt sends a message once and hands its outcome to the recorder.
func (l *lane) attempt(e *Endpoint, s *signer, m *Message) {
	o := &l.d.o
	began := o.Now()
	a := l.d.send(l.d.hard, e, s, m, began)
	now := o.Now()
	o.Observe(Observation{Endpoint: e.ID, Partner: e.Partner, Type: m.Type, Outcome: a.outcome, Took: now.Sub(began),
		Lag: now.Sub(time.UnixMilli(m.CreatedAt))})
	if a.outcome == OutcomeInterrupted {
		l.forget(m.Sequence)
		return
	}
	done := m.Clone()
	done.Attempts++
	done.LastAt, done.Took = began.UnixMilli(), now.Sub(began).Milliseconds()
	done.Code, done.Answer, done.Error = int64(a.status), a.body, ""
	if a.status == 0 {
		done.Error = a.outcome
	}
	o.conclude(done, &a, now)
	l.learn(&a, now)
	l.d.record.queue <- done
}

// conclude sets what becomes of a message.
func (o *DelivererOptions) conclude(m *Message, a *answer, now time.Time) {
	switch {
	case a.outcome == OutcomeDelivered:
		m.State, m.NextAt = Delivered, 0
	case a.status == http.StatusGone || m.Attempts > int64(len(o.Schedule)):
		m.State, m.NextAt = Failed, 0
	default:
		wait := max(o.jitter(o.Schedule[m.Attempts-1]), a.retryAfter)
		m.State, m.NextAt = Pending, now.Add(wait).UnixMilli()
	}
}

// learn draws the conclusions for the endpoint.
func (l *lane) learn(a *answer, now time.Time) {
	if a.outcome == OutcomeDelivered {
		l.succeeded()
		return
	}
	l.mu.Lock()
	l.breaker.failed(now, a.retryAfter)
	l.mu.Unlock()
	l.change(func(e *Endpoint) bool {
		switch {
		case e.Status != Enabled:
			return false
		case a.status == http.StatusGone:
			e.disable(Gone, now.UnixMilli())
		case e.FailingSince == 0:
			e.FailingSince = now.UnixMilli()
		case now.Sub(time.UnixMilli(e.FailingSince)) > l.d.o.DisableAfter:
			e.disable(Failing, now.UnixMilli())
		default:
			return false
		}
		return true
	})
}

func (l *lane) succeeded() {
	l.mu.Lock()
	recovered, failing := l.breaker.failures > 0, l.endpoint.FailingSince != 0
	l.breaker.succeeded()
	l.mu.Unlock()
	if failing {
		l.change(func(e *Endpoint) bool {
			was := e.FailingSince
			e.FailingSince = 0
			return was != 0
		})
	}
	if recovered {
		l.poke() // there is room for more than a probe now
	}
}

// change stores what was learned about the endpoint, if set says that it is
// news. A partner that changes it at the same time comes first; what is to be
// learned then comes again.
func (l *lane) change(set func(*Endpoint) bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.d.hard), l.d.o.Timeout)
	defer cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.endpoint.Clone()
	if !set(next) {
		return
	}
	var events []Event
	if next.Status == Disabled {
		l.d.o.Logger.Warn("webhooks: endpoint disabled", "endpoint", l.id.String(), "reason", string(next.Reason))
		events = append(events, next.changed())
	}
	err := l.d.o.Store.UpdateEndpoint(ctx, next, events...)
	switch {
	case err == nil:
		next.Version++
		l.endpoint = next
	case !errors.Is(err, ErrChanged) && !errors.Is(err, ErrNotFound):
		l.d.o.Logger.Error("webhooks: the state of an endpoint could not be stored", "endpoint", l.id.String(), "error", err)
	}
	l.poke()
}
