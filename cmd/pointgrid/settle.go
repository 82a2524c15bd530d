package main

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
)

type settleCommand struct{ nightly }

// Run closes and settles what is due.
func (s *settleCommand) Run(ctx context.Context) error {
	return s.do(ctx, gateway.Surroundings{},
		func(g *gateway.Gateway) ([]string, error) { return s.stopped(ctx, g) },
		func(api *client.Client) ([]string, error) { return s.running(ctx, api) })
}

func (s *settleCommand) stopped(ctx context.Context, g *gateway.Gateway) ([]string, error) {
	made, err := g.Night.RunDue(ctx)
	var lines []string
	for _, m := range made {
		lines = append(lines, line(m.ID, m.Lines, decimal.New(m.Position.Net(), -6).StringFixed(6)))
	}
	return lines, err
}

func (s *settleCommand) running(ctx context.Context, api *client.Client) ([]string, error) {
	var answer struct {
		Settlements []struct {
			ID       string `json:"id"`
			Lines    int64  `json:"lines"`
			Position struct {
				Net string `json:"net"`
			} `json:"position"`
		} `json:"settlements"`
	}
	if _, err := api.Do(ctx, client.Request{Method: "POST", Path: "/v1/settlements"}, &answer); err != nil {
		return nil, err
	}
	var lines []string
	for _, m := range answer.Settlements {
		lines = append(lines, line(m.ID, m.Lines, m.Position.Net))
	}
	return lines, nil
}

func line(id string, lines int64, net string) string {
	return fmt.Sprintf("%s: %d lines, %s CNY owed by the partner", id, lines, net)
}
