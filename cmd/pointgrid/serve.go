package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/tracing"
	"go.opentelemetry.io/otel/trace"
)

type serveCommand struct {
	Config string `help:"Configuration file; see pointgrid config. Environment variables override it." type:"existingfile" env:"POINTGRID_CONFIG"`
}

// Run serves until the program is asked to end, and then finishes what is under
// way.
func (s *serveCommand) Run(ctx context.Context) error {
	c, err := config.Load(s.Config, os.Environ())
	if err != nil {
		return err
	}
	spans, stop, err := tracing.Start(ctx, c.Traces.Endpoint, c.Traces.Share, os.Environ())
	if err != nil {
		return err
	}
	return errors.Join(s.serve(ctx, &c, spans), endTraces(ctx, stop))
}

func (s *serveCommand) serve(ctx context.Context, c *config.Config, spans trace.TracerProvider) error {
	g, err := gateway.Open(ctx, c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: logger(c.Log), Spans: spans})
	if err != nil {
		return err
	}
	return g.Serve(ctx, func(address string) { fmt.Println(sandbox.GatewayReady + c.Scheme() + "://" + address) })
}

// tracesPatience is how long a collector may take for the last spans.
const tracesPatience = 5 * time.Second

func endTraces(ctx context.Context, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesPatience)
	defer cancel()
	return stop(ctx)
}

// logger writes to standard error.
func logger(c config.Log) *slog.Logger {
	var level slog.Level
	// The level was validated with the configuration.
	_ = level.UnmarshalText([]byte(c.Level))
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, options))
}
