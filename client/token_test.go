package client_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// door is a gateway that takes its latest token only.
type door struct {
	mu     sync.Mutex
	tokens int // given
	locked bool
	bodies []string // that came with a good token
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case r.URL.Path == "/oauth2/token":
		d.tokens++
		fmt.Fprintf(w, `{"access_token":"t%d","expires_in":300}`, d.tokens)
	case d.locked || r.Header.Get("Authorization") != fmt.Sprintf("Bearer t%d", d.tokens):
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"status":401,"code":"token_invalid","title":"Unauthorized"}`)
	default:
		body, _ := io.ReadAll(r.Body)
		d.bodies = append(d.bodies, r.Header.Get("Idempotency-Key")+string(body))
		_, _ = io.WriteString(w, `{"ok":true}`)
	}
}

// expire makes the gateway refuse the tokens that it has given.
func (d *door) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens++
}

func enter(t *testing.T, d *door) *client.Client {
	t.Helper()
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{BaseURL: server.URL, ClientID: "sky", Key: key, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestATokenThatIsNotTakenAnyMoreIsReplacedOnce(t *testing.T) {
	d := &door{}
	c := enter(t, d)
	ask := client.Request{Method: http.MethodPost, Path: "/v1/conversions", Key: "k", Body: map[string]string{"amount": "5"}}
	for range 2 {
		if _, err := c.Do(context.Background(), ask, nil); err != nil {
			t.Fatal(err)
		}
		d.expire()
	}
	var results bytes.Buffer
	if err := c.FileResults(context.Background(), "f", &results); err != nil || results.String() != `{"ok":true}` {
		t.Errorf("results %q, %v", results.String(), err)
	}
	if d.tokens != 5 || len(d.bodies) != 3 || d.bodies[0] != d.bodies[1] || d.bodies[0] != `k{"amount":"5"}` {
		t.Errorf("%d tokens, requests %q", d.tokens, d.bodies)
	}
	d.locked = true
	var p *client.Problem
	if _, err := c.Do(context.Background(), ask, nil); !errors.As(err, &p) || p.Status != http.StatusUnauthorized || d.tokens != 6 {
		t.Errorf("a gateway that takes none: %v after %d tokens", err, d.tokens)
	}
}

func TestManyWhoseTokenEndedTogetherGetOneNewToken(t *testing.T) {
	d := &door{}
	c := enter(t, d)
	ask := client.Request{Method: http.MethodGet, Path: "/v1/programmes"}
	if _, err := c.Do(context.Background(), ask, nil); err != nil {
		t.Fatal(err)
	}
	d.expire()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := c.Do(context.Background(), ask, nil); err != nil {
				t.Error(err)
			}
		})
	}
	if all.Wait(); d.tokens != 3 {
		t.Errorf("%d tokens were given, want one more", d.tokens)
	}
}
