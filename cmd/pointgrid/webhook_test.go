package main_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/pointgrid/pointgrid/client"
)

// received is a webhook as it came.
type received struct {
	header http.Header
	body   []byte
}

// inbox is a partner's endpoint. It answers 204, or, held, nothing until the
// connection ends.
func inbox(t *testing.T, held bool) (url string, got chan received) {
	t.Helper()
	got = make(chan received, 64)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			t.Error(err)
		}
		got <- received{in.Header.Clone(), body}
		if held {
			<-in.Context().Done()
			return
		}
		out.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL, got
}

func next(t *testing.T, from chan received) received {
	t.Helper()
	select {
	case r := <-from:
		return r
	case <-time.After(20 * time.Second):
		t.Fatal("no webhook within 20 s")
		return received{}
	}
}

func TestAWebhookOfTheProgramIsVerifiedByTheStandardsOwnLibrary(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	sky := api(t, start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir), dir, "sky")
	url, got := inbox(t, false)
	endpoint, err := sky.CreateWebhookEndpoint(ctx, client.WebhookEndpoint{URL: url}, "an-endpoint")
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := sky.WebhookSecrets(ctx, endpoint.ID)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := client.NewVerifier(time.Now, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := standard.NewWebhook(secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if _, err := sky.Do(ctx, conversion(1, "a-conversion"), &made); err != nil {
		t.Fatal(err)
	}
	if _, err := sky.Do(ctx, client.Request{Method: "POST", Path: "/v1/sandbox/clock", Body: map[string]string{"advance": "24h"}}, nil); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"conversion.completed " + made.ID, "settlement.netted .sky"} {
		r := next(t, got)
		if err := oracle.Verify(r.body, r.header); err != nil {
			t.Errorf("the standard's library: %v", err)
		}
		e, err := verifier.Verify(r.header, r.body)
		if err != nil {
			t.Fatal(err)
		}
		kind, id, _ := strings.Cut(want, " ")
		if e.Type != kind || e.Sequence != int64(i+1) || !strings.Contains(string(e.Data), id) {
			t.Errorf("webhook %s, want %s", r.body, want)
		}
	}
}

// What was on its way when the program died is sent again, as the same.
func TestAWebhookSurvivesTheProgramsDeath(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	first := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	sky := api(t, first, dir, "sky")
	url, got := inbox(t, true)
	if _, err := sky.CreateWebhookEndpoint(ctx, client.WebhookEndpoint{URL: url, Scheme: "v1a"}, "an-endpoint"); err != nil {
		t.Fatal(err)
	}
	if _, err := sky.Do(ctx, conversion(1, "a-conversion"), nil); err != nil {
		t.Fatal(err)
	}
	before := next(t, got)
	first.kill()
	start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	after := next(t, got)
	if before.header.Get("webhook-id") != after.header.Get("webhook-id") || string(before.body) != string(after.body) {
		t.Errorf("sent %s %s, and after the death %s %s", before.header.Get("webhook-id"), before.body, after.header.Get("webhook-id"), after.body)
	}
}
