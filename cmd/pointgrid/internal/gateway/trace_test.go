package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/pointgrid/pointgrid/exchange"
)

type silentSigner struct{}

// Sign implements connector.RequestSigner.
func (silentSigner) Sign(*http.Request, []byte) error { return nil }

func TestARequestToAPartnerCarriesTheTrace(t *testing.T) {
	traces := newTraces(sdk.NewTracerProvider(), time.Now)
	ctx, span, end := traces.start(t.Context(), "connector debit", 1)
	defer end(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://sky.example/debits", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := traces.signer(silentSigner{}).Sign(r, nil); err != nil {
		t.Fatal(err)
	}
	if got := r.Header.Get("Traceparent"); !strings.Contains(got, span.SpanContext().TraceID().String()+"-"+span.SpanContext().SpanID().String()) {
		t.Errorf("sends %q", got)
	}
}

func TestWithoutTracesNothingIsInTheWay(t *testing.T) {
	var off *traces
	if off.signer(silentSigner{}) != (silentSigner{}) || off.request() != nil || off.host("sky", nil) != nil || off.ledger(nil) != nil || off.store(nil) != nil {
		t.Error("a part is wrapped although nothing is traced")
	}
}

func BenchmarkAStepWithoutTraces(b *testing.B) {
	g := &Gateway{metrics: newMetrics(), around: Surroundings{Now: time.Now}}
	b.ReportAllocs()
	for b.Loop() {
		_, end := g.aroundStep(context.Background(), exchange.Work{What: "conversion", Step: exchange.StepLedger, Workflows: 1})
		end(nil)
	}
}
