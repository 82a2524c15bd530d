package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// traces records where a conversion's time goes: a span for the request, for each
// step of the workflow, and in them for each call to a partner, each write of the
// store and each command given to the ledger, which links to the span of the
// batch that carried it. No attribute holds a member, a membership, an amount or
// an idempotency key.
//
// A nil *traces records nothing, and puts nothing in anybody's way.
type traces struct {
	tracer  trace.Tracer
	now     func() time.Time
	batches batches
}

func newTraces(p trace.TracerProvider, now func() time.Time) *traces {
	if p == nil {
		return nil
	}
	return &traces{tracer: p.Tracer("github.com/pointgrid/pointgrid"), now: now, batches: batches{at: map[place]trace.SpanContext{}}}
}

// w3c reads and writes traceparent.
var w3c propagation.TraceContext

// request is observe.Options.Span.
func (t *traces) request() func(ctx context.Context, method, came string) (context.Context, string, func(string, int)) {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, method, came string) (context.Context, string, func(string, int)) {
		ctx = w3c.Extract(ctx, propagation.MapCarrier{"traceparent": came})
		ctx, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attribute.String("http.request.method", method)))
		carrier := propagation.MapCarrier{}
		w3c.Inject(ctx, carrier)
		return ctx, carrier["traceparent"], func(route string, status int) {
			span.SetName(method + " " + route)
			span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
			if status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}
	}
}

// start begins a span and returns what ends it; an error's text is not recorded,
// because it may quote what a partner said.
func (t *traces) start(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, trace.Span, func(error)) {
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	return ctx, span, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// aroundStep is exchange.Options.Around.
func (g *Gateway) aroundStep(ctx context.Context, w exchange.Work) (context.Context, func(error)) {
	began := g.around.Now()
	end := func(error) {}
	if g.traces != nil {
		ctx, _, end = g.traces.start(ctx, w.What+" "+string(w.Step), trace.SpanKindInternal, attribute.Int("pointgrid.workflows", w.Workflows))
	}
	return ctx, func(err error) {
		end(err)
		g.metrics.observeStep(w, g.around.Now().Sub(began), err)
	}
}

// signer puts the span of a call to a partner into its request.
func (t *traces) signer(inner connector.RequestSigner) connector.RequestSigner {
	if t == nil {
		return inner
	}
	return propagating{inner}
}

type propagating struct{ inner connector.RequestSigner }

// Sign implements connector.RequestSigner.
func (p propagating) Sign(r *http.Request, body []byte) error {
	w3c.Inject(r.Context(), propagation.HeaderCarrier(r.Header))
	return p.inner.Sign(r, body)
}

// place is where a batch is: its lane and its number there.
type place struct {
	lane   uint32
	number uint64
}

// batches remembers the spans of the latest batches by place.
type batches struct {
	mu sync.Mutex
	at map[place]trace.SpanContext
}

// batchesKept is how many are remembered; a command's result comes right after
// its batch.
const batchesKept = 256

func (b *batches) put(at place, span trace.SpanContext) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at[at] = span; len(b.at) > batchesKept {
		for old := range b.at {
			if old.lane == at.lane && old.number+batchesKept <= at.number {
				delete(b.at, old)
			}
		}
	}
}

func (b *batches) get(at place) (trace.SpanContext, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	span, ok := b.at[at]
	return span, ok
}

// observeBatch measures a batch, and records a span that ends now.
func (g *Gateway) observeBatch(b Batch) {
	g.metrics.ledger.observe(b)
	if g.traces == nil || b.Number == 0 {
		return
	}
	t, end := g.traces, g.around.Now()
	var took time.Duration
	attributes := []attribute.KeyValue{attribute.Int64("pointgrid.lane", int64(b.Lane)), attribute.Int64("pointgrid.batch", int64(b.Number)), attribute.Int("pointgrid.commands", b.Commands)}
	for stage, d := range b.Stages {
		took += d
		attributes = append(attributes, attribute.Int64("pointgrid."+stage+"_us", d.Microseconds()))
	}
	_, span := t.tracer.Start(context.Background(), "ledger batch", trace.WithNewRoot(), trace.WithTimestamp(end.Add(-took)),
		trace.WithAttributes(attributes...))
	span.End(trace.WithTimestamp(end))
	t.batches.put(place{b.Lane, b.Number}, span.SpanContext())
}
