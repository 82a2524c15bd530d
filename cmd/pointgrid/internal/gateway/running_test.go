package gateway_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// TestARunningGatewayServesWhatTheDashboardShows converts on a gateway on Fabric
// that keeps a copy of the ledger, and reads its metrics.
func TestARunningGatewayServesWhatTheDashboardShows(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{})
	site := &sandbox.Site{Dir: t.TempDir(), Profile: n.ProfileFile()}
	url := served(ctx, t, site)
	convert(ctx, t, site, url)
	board, err := os.ReadFile("../../../../deploy/grafana/pointgrid.json")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\b(?:pointgrid|process|go)_[a-z_]+`).FindAllString(string(board), -1)
	if len(names) < 20 {
		t.Fatalf("the dashboard names %v only", names)
	}
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		text, missing := metrics(t, url), ""
		for _, name := range names {
			if strings.HasPrefix(name, "pointgrid_cluster_") {
				continue // of gateways that share a ledger; this one is alone
			}
			if !regexp.MustCompile(`(?m)^` + name + `[ {]`).MatchString(text) {
				missing = name
			}
		}
		// The copy and the webhook follow a moment later.
		if missing == "" && !strings.Contains(text, "pointgrid_projection_transfers_total 0\n") {
			for _, want := range []string{
				`pointgrid_ledger_batch_commands_count{companies="SkyMSP UtilityMSP",lane="0"} 1`,
				`pointgrid_ledger_peer_up{company="TelMSP",peer="peer.tel"} 1`,
				`pointgrid_ledger_retries_total{companies="SkyMSP UtilityMSP",lane="0",reason="conflict"} 0`,
			} {
				if !strings.Contains(text, want) {
					t.Errorf("/metrics does not say %s", want)
				}
			}
			return
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("the dashboard shows %s, which the gateway does not serve", missing)
		}
	}
}

// served runs a gateway until the test ends and returns its URL.
func served(ctx context.Context, t *testing.T, site *sandbox.Site) string {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	if err := site.Seed(ctx, sandbox.Amounts{Members: 5, Linked: 5}, time.Now); err != nil {
		t.Fatal(err)
	}
	listen, err := sandbox.Address("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := sandbox.StartHosts(site, "http://"+listen, 5, false, time.Now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	c, err := site.Config(listen, hosts.URLs)
	if err != nil {
		t.Fatal(err)
	}
	c.Projection.Enabled = true
	g, err := gateway.Open(ctx, &c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended, ready := make(chan error, 1), make(chan string, 1)
	go func() { ended <- g.Serve(life, func(address string) { ready <- address }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := hosts.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case address := <-ready:
		return "http://" + address
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return ""
}

// convert turns miles of the airline into electricity points, of which it is told
// by a webhook.
func convert(ctx context.Context, t *testing.T, site *sandbox.Site, url string) {
	t.Helper()
	key, _, err := site.Key(sandbox.ClientID("sky"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{BaseURL: url, ClientID: sandbox.ClientID("sky"), Key: key.Private, KeyID: key.ID, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	inbox := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(inbox.Close)
	if _, err := c.CreateWebhookEndpoint(ctx, client.WebhookEndpoint{URL: inbox.URL}, "metrics-1"); err != nil {
		t.Fatal(err)
	}
	var got struct{ Status string }
	_, err = c.Do(ctx, client.Request{Method: "POST", Path: "/v1/conversions", Key: "metrics-1", Body: map[string]any{
		"source": "SKY", "destination": "EPT", "amount": "300", "link_id": sandbox.LinkID(sandbox.CompanyOf("sky"), 1).String()}}, &got)
	if err != nil || got.Status != "completed" {
		t.Fatalf("the conversion is %q, %v", got.Status, err)
	}
}

func metrics(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("/metrics is %d, %v", answer.StatusCode, err)
	}
	return string(b)
}
