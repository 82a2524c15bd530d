package gateway

import (
	"context"
	"io"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// host records the calls to a partner.
func (t *traces) host(partner string, inner connector.Host) connector.Host {
	if t == nil {
		return inner
	}
	return &tracedHost{t, partner, inner}
}

type tracedHost struct {
	t       *traces
	partner string
	inner   connector.Host
}

// traced makes a call in a span.
func traced[T any](ctx context.Context, h *tracedHost, verb connector.Verb, call func(context.Context) (T, error)) (T, error) {
	ctx, _, end := h.t.start(ctx, "connector "+string(verb), trace.SpanKindClient,
		attribute.String("pointgrid.partner", h.partner), attribute.String("pointgrid.verb", string(verb)))
	got, err := call(ctx)
	end(err)
	return got, err
}

// Validate implements connector.Host.
func (h *tracedHost) Validate(ctx context.Context, membership, programme string) (connector.MemberStatus, error) {
	return traced(ctx, h, connector.VerbValidate, func(ctx context.Context) (connector.MemberStatus, error) {
		return h.inner.Validate(ctx, membership, programme)
	})
}

// Debit implements connector.Host.
func (h *tracedHost) Debit(ctx context.Context, tr connector.Transfer) (connector.Answer, error) {
	return traced(ctx, h, connector.VerbDebit, func(ctx context.Context) (connector.Answer, error) { return h.inner.Debit(ctx, tr) })
}

// Credit implements connector.Host.
func (h *tracedHost) Credit(ctx context.Context, tr connector.Transfer) (connector.Answer, error) {
	return traced(ctx, h, connector.VerbCredit, func(ctx context.Context) (connector.Answer, error) { return h.inner.Credit(ctx, tr) })
}

// Reverse implements connector.Host.
func (h *tracedHost) Reverse(ctx context.Context, r connector.Reversal) (connector.Answer, error) {
	return traced(ctx, h, connector.VerbReverse, func(ctx context.Context) (connector.Answer, error) { return h.inner.Reverse(ctx, r) })
}

// Status implements connector.Host.
func (h *tracedHost) Status(ctx context.Context, id connector.ID) (connector.TransferStatus, error) {
	return traced(ctx, h, connector.VerbStatus, func(ctx context.Context) (connector.TransferStatus, error) { return h.inner.Status(ctx, id) })
}

// ReversalStatus implements connector.Host.
func (h *tracedHost) ReversalStatus(ctx context.Context, id connector.ID) (connector.ReversalStatus, error) {
	return traced(ctx, h, connector.VerbReversalStatus, func(ctx context.Context) (connector.ReversalStatus, error) {
		return h.inner.ReversalStatus(ctx, id)
	})
}

// Statement implements connector.Host.
func (h *tracedHost) Statement(ctx context.Context, date time.Time) (io.ReadCloser, error) {
	return traced(ctx, h, connector.VerbStatement, func(ctx context.Context) (io.ReadCloser, error) { return h.inner.Statement(ctx, date) })
}

// ledger records the commands given to the ledger.
func (t *traces) ledger(inner ledger.Ledger) ledger.Ledger {
	if t == nil {
		return inner
	}
	return &tracedLedger{inner, t}
}

type tracedLedger struct {
	ledger.Ledger
	t *traces
}

// Submit implements ledger.Ledger.
func (l *tracedLedger) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if len(commands) == 0 {
		return l.Ledger.Submit(ctx, caller, commands...)
	}
	ctx, span, end := l.t.start(ctx, "ledger submit", trace.SpanKindClient,
		attribute.String("pointgrid.command", commands[0].Body.Kind().String()), attribute.Int("pointgrid.commands", len(commands)))
	results, err := l.Ledger.Submit(ctx, caller, commands...)
	if at, ok := ledger.PlaceOf(results); err == nil && ok {
		span.SetAttributes(attribute.Int64("pointgrid.batch", int64(at.Batch)))
		if batch, ok := l.t.batches.get(place{at.Lane, at.Batch}); ok {
			span.AddLink(trace.Link{SpanContext: batch})
		}
	}
	end(err)
	return results, err
}

// store records the writes of conversions and reversals.
func (t *traces) store(inner exchange.Store) exchange.Store {
	if t == nil {
		return inner
	}
	return &tracedStore{inner, t}
}

type tracedStore struct {
	exchange.Store
	t *traces
}

func (s *tracedStore) write(ctx context.Context, what string, write func(context.Context) error) error {
	ctx, _, end := s.t.start(ctx, "store "+what, trace.SpanKindClient)
	err := write(ctx)
	end(err)
	return err
}

// CreateConversions implements exchange.Store.
func (s *tracedStore) CreateConversions(ctx context.Context, all []*exchange.Conversion) (made []exchange.Creation, err error) {
	err = s.write(ctx, "create", func(ctx context.Context) (err error) {
		made, err = s.Store.CreateConversions(ctx, all)
		return err
	})
	return made, err
}

// UpdateConversion implements exchange.Store.
func (s *tracedStore) UpdateConversion(ctx context.Context, c *exchange.Conversion) error {
	return s.write(ctx, "update", func(ctx context.Context) error { return s.Store.UpdateConversion(ctx, c) })
}

// UpdateConversions implements exchange.Store.
func (s *tracedStore) UpdateConversions(ctx context.Context, all []*exchange.Conversion) error {
	return s.write(ctx, "update", func(ctx context.Context) error { return s.Store.UpdateConversions(ctx, all) })
}

// CreateReversal implements exchange.Store.
func (s *tracedStore) CreateReversal(ctx context.Context, r *exchange.Reversal) (existing *exchange.Reversal, err error) {
	err = s.write(ctx, "create", func(ctx context.Context) (err error) {
		existing, err = s.Store.CreateReversal(ctx, r)
		return err
	})
	return existing, err
}

// UpdateReversal implements exchange.Store.
func (s *tracedStore) UpdateReversal(ctx context.Context, r *exchange.Reversal) error {
	return s.write(ctx, "update", func(ctx context.Context) error { return s.Store.UpdateReversal(ctx, r) })
}
