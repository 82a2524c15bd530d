package sandbox_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// What the caller sends along.
const (
	theirTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	theirSpan  = "00f067aa0ba902b7"
)

func TestATraceGoesFromTheRequestToPartnerStoreAndLedger(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
	caller := serveTraced(t, provider)
	_, err := caller.Do(t.Context(), client.Request{Method: "POST", Path: "/v1/conversions", Key: "traced", Body: map[string]any{
		"source": "SKY", "destination": "EPT", "amount": "300", "link_id": sandbox.LinkID(sandbox.CompanyOf("sky"), 1).String()},
		Header: http.Header{"Traceparent": {"00-" + theirTrace + "-" + theirSpan + "-01"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, spans, "POST /v1/conversions")
	all := spans.GetSpans()
	parents := map[string]string{
		"store create": "POST /v1/conversions", "conversion debit": "POST /v1/conversions", "connector debit": "conversion debit",
		"conversion ledger": "POST /v1/conversions", "ledger submit": "conversion ledger",
	}
	for child, parent := range parents {
		c, p := find(t, all, child), find(t, all, parent)
		if c.Parent.SpanID() != p.SpanContext.SpanID() || c.SpanContext.TraceID().String() != theirTrace {
			t.Errorf("%s is below %s of trace %s, must be below %s", child, c.Parent.SpanID(), c.SpanContext.TraceID(), parent)
		}
	}
	if root := find(t, all, "POST /v1/conversions"); root.Parent.SpanID().String() != theirSpan {
		t.Errorf("the request is below %s, must be below the caller's span", root.Parent.SpanID())
	}
	submit, batch := find(t, all, "ledger submit"), find(t, all, "ledger batch")
	if len(submit.Links) != 1 || !slices.ContainsFunc(all, func(s tracetest.SpanStub) bool {
		return s.Name == "ledger batch" && s.SpanContext.Equal(submit.Links[0].SpanContext)
	}) {
		t.Errorf("the command links to %v, must link to its batch, such as %s", submit.Links, batch.SpanContext.SpanID())
	}
	wantNothingPrivate(t, all)
}

// serveTraced is a gateway with its partners, and the airline's program.
func serveTraced(t *testing.T, provider *sdk.TracerProvider) *client.Client {
	t.Helper()
	site := &sandbox.Site{Dir: t.TempDir()}
	if err := site.Seed(t.Context(), sandbox.Amounts{Members: 2, Linked: 2}, time.Now); err != nil {
		t.Fatal(err)
	}
	listen, err := sandbox.Address("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := sandbox.StartHosts(site, "http://"+listen, 2, false, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c, err := site.Config(listen, hosts.URLs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	g, err := gateway.Open(ctx, &c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler), Spans: provider})
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- g.Serve(ctx, func(a string) { ready <- a }) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, hosts.Close()); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatalf("the gateway ended: %v", err)
	}
	key, _, err := site.Key("sky")
	if err != nil {
		t.Fatal(err)
	}
	caller, err := client.New(client.Options{BaseURL: c.URL, ClientID: "sky", Key: key.Private, KeyID: key.ID, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

// waitFor polls until the request's own span, the last to end, is there.
func waitFor(t *testing.T, spans *tracetest.InMemoryExporter, name string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if slices.ContainsFunc(spans.GetSpans(), func(s tracetest.SpanStub) bool { return s.Name == name }) {
			return
		}
	}
	t.Fatalf("no span %q", name)
}

func find(t *testing.T, all tracetest.SpanStubs, name string) tracetest.SpanStub {
	t.Helper()
	for _, s := range all {
		if s.Name == name && (name == "ledger batch" || s.SpanContext.TraceID().String() == theirTrace) {
			return s
		}
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	t.Fatalf("no span %q among %q", name, names)
	return tracetest.SpanStub{}
}

func wantNothingPrivate(t *testing.T, all tracetest.SpanStubs) {
	t.Helper()
	for _, s := range all {
		for _, a := range append([]attribute.KeyValue{attribute.String("name", s.Name)}, s.Attributes...) {
			for _, private := range []string{"SKY-0", "M-0000", "traced", "019b76da"} {
				if strings.Contains(a.Value.String(), private) {
					t.Errorf("%s says %s=%s", s.Name, a.Key, a.Value.String())
				}
			}
		}
	}
}
