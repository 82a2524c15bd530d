package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/api"
)

// instant is an exchange that has finished before it began.
func instant(w *world) {
	leg := &ledger.LegTerms{Partner: "sky", Agreement: newID(), Hash: ledger.Hash{1}, From: 3000, To: 990}
	made := exchange.Conversion{ID: newID(), Source: "SKYM", Destination: "EPT", In: leg, From: 3000, To: 990, Fee: 10, SourceReference: "D-1",
		CreatedAt: 1_700_000_000_000, FinishedAt: 1_700_000_000_001, Status: exchange.Completed, Outcome: exchange.Completed}
	w.script.convert = func(context.Context, exchange.ConvertRequest, time.Duration) (*exchange.Conversion, bool, error) {
		c := made
		return &c, false, nil
	}
}

func benchWorld(b *testing.B) (*world, http.Handler) {
	w := newWorld(b, func(o *api.Options) {
		o.LogEvery = 100
		o.Logger = slog.New(slog.NewJSONHandler(io.Discard, nil))
	})
	instant(w)
	w.options.Metrics = prometheus.NewRegistry() // the server has registered its own
	a, err := api.New(w.options)
	must(b, err)
	return w, a.Handler()
}

// sink takes an answer and keeps its status.
type sink struct {
	header http.Header
	status int
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

// BenchmarkConversion is what one POST /v1/conversions costs in handler and
// middleware, with an exchange that costs nothing.
func BenchmarkConversion(b *testing.B) {
	w, handler := benchWorld(b)
	body := []byte(fmt.Sprintf(`{"source":"SKYM","destination":"EPT","amount":"3000","link_id":%q,"reference":"D-77120"}`, newID().String()))
	token := "Bearer " + w.as("sky-app").token
	reader := bytes.NewReader(nil)
	base := httptest.NewRequest("POST", "/v1/conversions", nil)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		reader.Reset(body)
		r := *base
		r.Body, r.ContentLength = io.NopCloser(reader), int64(len(body))
		r.Header = http.Header{"Authorization": {token}, "Content-Type": {"application/json"}, "Idempotency-Key": {"key-" + strconv.Itoa(i)}, "Prefer": {"wait=5"}}
		s := sink{header: http.Header{}}
		handler.ServeHTTP(&s, &r)
		if s.status != 201 {
			b.Fatalf("answered %d", s.status)
		}
	}
}

// BenchmarkRefusal is what it costs to explain a body that is wrong.
func BenchmarkRefusal(b *testing.B) {
	w, handler := benchWorld(b)
	body := []byte(`{"source":"skym","destination":"EPT","amount":"-3000","reference":"D-77120","x":1}`)
	token := "Bearer " + w.as("sky-app").token
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/v1/conversions", bytes.NewReader(body))
		r.Header = http.Header{"Authorization": {token}, "Content-Type": {"application/json"}, "Idempotency-Key": {"k"}}
		s := sink{header: http.Header{}}
		handler.ServeHTTP(&s, r)
		if s.status != 400 {
			b.Fatalf("answered %d", s.status)
		}
	}
}
