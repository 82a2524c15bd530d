package docker_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// startMax bounds how long building and starting everything may take, and
// patience what happens once.
const (
	startMax = 15 * time.Minute
	patience = 2 * time.Minute
)

func TestTheContainersConvertAndGoOnWithoutAPeerOrAGateway(t *testing.T) {
	if os.Getenv("POINTGRID_COMPOSE") == "" {
		t.Skip("it starts containers: run make compose-test where a Docker Engine runs")
	}
	ctx, cancel := context.WithTimeout(t.Context(), startMax)
	defer cancel()
	s := start(ctx, t)
	before := s.balances(ctx)

	t.Log("all peers run")
	for _, code := range []string{"sky", "mart", "tel"} {
		s.link(ctx, code)
	}
	s.converts(ctx, "sky", conversion{Source: "SKY", Destination: "EPT", Amount: "1000"}, "333")
	s.converts(ctx, "tel", conversion{Source: "EPT", Destination: "TEL", Amount: "200"}, "250")
	s.converts(ctx, "sky", conversion{Source: "SKY", Destination: "MART", Amount: "3000"}, "115000")

	t.Log("the telecom's peer is stopped")
	s.compose(ctx, "stop", "peer.tel")
	for range 5 {
		s.converts(ctx, "sky", conversion{Source: "SKY", Destination: "EPT", Amount: "300"}, "100")
		s.converts(ctx, "mart", conversion{Source: "EPT", Destination: "MART", Amount: "10"}, "1150")
	}

	t.Log("the telecom's peer is started")
	s.compose(ctx, "start", "peer.tel")
	s.convertsAgain(ctx, "tel", conversion{Source: "EPT", Destination: "TEL", Amount: "40"}, "50")

	t.Log("a gateway is killed")
	s.compose(ctx, "kill", "gateway")
	s.gateway = "gateway2"
	for range 3 {
		s.convertsAgain(ctx, "sky", conversion{Source: "SKY", Destination: "EPT", Amount: "300"}, "100")
		s.convertsAgain(ctx, "mart", conversion{Source: "EPT", Destination: "MART", Amount: "10"}, "1150")
	}

	if rows := s.compose(ctx, "exec", "-T", "postgres", "psql", "--username", "pointgrid", "--no-align", "--tuples-only",
		"--command", "SELECT count(*) FROM conversions"); strings.TrimSpace(rows) != "20" {
		t.Errorf("PostgreSQL has %q conversions, want 20", rows)
	}
	after := s.balances(ctx)
	for code, want := range map[string]int64{"sky": -1000 - 3000 - 8*300, "mart": 115000 + 8*1150, "tel": 250 + 50} {
		if got := after[code] - before[code]; got != want {
			t.Errorf("the books of %s changed by %d, want %d", code, got, want)
		}
	}
}
