package observe

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/web/problem"
)

// Options configure an [Observer].
type Options struct {
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
	Random     io.Reader // safe for concurrent use
	// LogEvery is how many requests that went well there are to one line in the
	// log; 1, the default, is every one. Those of status 400 and above always get
	// theirs.
	LogEvery int
	// Span, if set, begins a span for a request that came with a traceparent, empty
	// if none or a malformed one. It returns the traceparent to send on, and what to
	// call with the route's pattern and the status at the end.
	Span func(ctx context.Context, method, came string) (with context.Context, traceParent string, end func(route string, status int))
}

// Observer watches requests. It may be used by many goroutines.
type Observer struct {
	o        Options
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	good     atomic.Int64 // requests that went well
}

// New returns an observer and registers its metrics.
func New(o Options) (*Observer, error) {
	if o.Logger == nil || o.Registerer == nil || o.Now == nil || o.Random == nil {
		return nil, errors.New("observe: logger, registerer, clock and randomness are required")
	}
	w := &Observer{o: o,
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pointgrid_http_request_duration_seconds", Help: "Time from the end of a request's header to the end of the answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pointgrid_http_requests_in_flight", Help: "Requests being worked on."}),
	}
	for _, c := range []prometheus.Collector{w.seconds, w.inFlight} {
		if err := o.Registerer.Register(c); err != nil {
			return nil, fmt.Errorf("observe: register metrics: %w", err)
		}
	}
	return w, nil
}

// Watch is the middleware; it stands before all others.
func (w *Observer) Watch(c *gin.Context) {
	start := w.o.Now()
	record, err := w.newRecord(c.Request.Header)
	if err != nil {
		w.o.Logger.Error("request without an ID", "error", err)
		problem.New(http.StatusInternalServerError, "internal_error", "").Write(c.Writer)
		c.Abort()
		return
	}
	c.Writer.Header()["X-Request-Id"] = []string{record.RequestID}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), recordKey{}, record))
	end := w.span(c, record)
	w.inFlight.Inc()
	defer func() { end(c.FullPath(), c.Writer.Status()) }()
	defer w.finish(c, record, start)
	c.Next()
}

// span begins a span, if spans are recorded, in the place of the one that the
// record would name.
func (w *Observer) span(c *gin.Context, r *Record) (end func(route string, status int)) {
	if w.o.Span == nil {
		return func(string, int) {}
	}
	came := c.Request.Header.Get("Traceparent")
	if !validTrace(came) {
		came = ""
	}
	ctx, traceParent, end := w.o.Span(c.Request.Context(), method(c.Request.Method), came)
	c.Request = c.Request.WithContext(ctx)
	r.TraceParent = traceParent
	return end
}

func (w *Observer) newRecord(h http.Header) (*Record, error) {
	var random [40]byte
	if _, err := io.ReadFull(w.o.Random, random[:]); err != nil {
		return nil, err
	}
	r := &Record{TraceParent: continueTrace(h.Get("Traceparent"), (*[24]byte)(random[:24]))}
	if r.RequestID = h.Get("X-Request-Id"); !plainID(r.RequestID) {
		r.RequestID = hex.EncodeToString(random[24:])
	}
	return r, nil
}

// finish is deferred: it runs also when a handler has panicked.
func (w *Observer) finish(c *gin.Context, r *Record, start time.Time) {
	w.inFlight.Dec()
	if cause := recover(); cause != nil {
		w.recovered(c, r, cause)
	}
	route, status := c.FullPath(), c.Writer.Status()
	if route == "" {
		route = "unmatched"
	}
	took := w.o.Now().Sub(start)
	w.seconds.WithLabelValues(method(c.Request.Method), route, strconv.Itoa(status)).Observe(took.Seconds())
	w.log(c, r, route, status, took)
}

func (w *Observer) recovered(c *gin.Context, r *Record, cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause) // how a handler cuts a connection; net/http knows it
	}
	w.o.Logger.Error("request panicked", "request_id", r.RequestID, "route", c.FullPath(), "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if !c.Writer.Written() {
		problem.New(http.StatusInternalServerError, "internal_error", "").Write(c.Writer)
	}
	c.Abort()
}

func (w *Observer) log(c *gin.Context, r *Record, route string, status int, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case status >= 500:
		level = slog.LevelError
	case status < 400 && w.o.LogEvery > 1 && w.good.Add(1)%int64(w.o.LogEvery) != 0:
		return
	}
	w.o.Logger.LogAttrs(c.Request.Context(), level, "request",
		slog.String("request_id", r.RequestID), slog.String("trace", r.TraceParent[3:traceIDEnd]),
		slog.String("method", method(c.Request.Method)), slog.String("route", route), slog.Int("status", status),
		slog.Duration("took", took), slog.String("client", r.Client))
}

// method keeps what anybody may send out of labels and lines.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch, http.MethodHead, http.MethodOptions:
		return m
	}
	return "other"
}
