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
	// SkewFile makes the clock wrong; see [skewed].
	SkewFile string `hidden:"" type:"path"`
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
	log, now := logger(c.Log), time.Now
	if s.SkewFile != "" {
		var err error
		if !c.Sandbox {
			return errSkewed
		}
		if now, err = skewed(ctx, s.SkewFile, log); err != nil {
			return err
		}
	}
	g, err := gateway.Open(ctx, c, gateway.Surroundings{Now: now, Random: rand.Reader, Logger: log, Spans: spans})
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
