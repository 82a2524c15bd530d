package tracing_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/tracing"
)

func TestSpansReachTheCollectorThatIsNamed(t *testing.T) {
	got := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r.URL.Path
	}))
	t.Cleanup(collector.Close)
	p, stop, err := tracing.Start(t.Context(), collector.URL+"/v1/traces", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, span := p.Tracer("test").Start(t.Context(), "work")
	span.End()
	if err := stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if path := <-got; path != "/v1/traces" {
		t.Errorf("sent to %s", path)
	}
}

func TestNothingIsRecordedUnlessACollectorIsNamed(t *testing.T) {
	if p, _, err := tracing.Start(t.Context(), "", 1, []string{"OTEL_SERVICE_NAME=x", "OTEL_EXPORTER_OTLP_ENDPOINT="}); p != nil || err != nil {
		t.Errorf("records in %v, %v", p, err)
	}
	p, stop, err := tracing.Start(t.Context(), "", 1, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"})
	if p == nil || err != nil {
		t.Fatalf("the standard variable is not heard: %v", err)
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
}
