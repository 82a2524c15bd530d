package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
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
	g, err := gateway.Open(ctx, &c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: logger(c.Log)})
	if err != nil {
		return err
	}
	return g.Serve(ctx, func(address string) { fmt.Println(sandbox.GatewayReady + "http://" + address) })
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
