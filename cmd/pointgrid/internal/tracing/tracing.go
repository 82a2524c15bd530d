// Package tracing sends traces to a collector by OTLP over HTTP, when that is
// configured.
package tracing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// standard are the variables of OpenTelemetry that name a collector.
var standard = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}

// Start returns where spans are recorded, and what sends the rest and ends it.
// Without an endpoint, here or in the standard variables of environ, it returns
// nil: nothing is recorded. Share of 1 records every trace that begins here; one
// that comes with a decision keeps it.
func Start(ctx context.Context, endpoint string, share float64, environ []string) (trace.TracerProvider, func(context.Context) error, error) {
	if endpoint == "" && !named(environ) {
		return nil, func(context.Context) error { return nil }, nil
	}
	var options []otlptracehttp.Option
	if endpoint != "" {
		options = append(options, otlptracehttp.WithEndpointURL(endpoint))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("tracing: %w", err)
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(share))),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "pointgrid"))))
	return p, p.Shutdown, nil
}

func named(environ []string) bool {
	return slices.ContainsFunc(environ, func(kv string) bool {
		name, value, _ := strings.Cut(kv, "=")
		return value != "" && slices.Contains(standard, name)
	})
}
