package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// api returns an API client of a sandbox that runs.
func api(t *testing.T, s *started, dir, id string) *client.Client {
	t.Helper()
	key, _, err := (&sandbox.Site{Dir: dir}).Key(id)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{BaseURL: s.url(), ClientID: id, Key: key.Private, KeyID: key.ID, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// url is where a sandbox says that it is.
func (s *started) url() string {
	return regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(s.out.String())
}

func conversion(n int, key string) client.Request {
	return client.Request{Method: "POST", Path: "/v1/conversions", Key: key, Body: map[string]any{
		"source": "SKY", "destination": "EPT", "amount": "300", "link_id": sandbox.LinkID(sandbox.CompanyOf("sky"), n).String()}}
}

// TestEndingInOrderLosesNothing ends the sandbox while conversions pour in:
// whatever was answered 201 is there after the next start, and nothing else is
// left unfinished.
func TestEndingInOrderLosesNothing(t *testing.T) {
	dir := t.TempDir()
	first := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	sky := api(t, first, dir, "sky")
	var completed sync.Map
	var count atomic.Int64
	var callers sync.WaitGroup
	for caller := range 8 {
		callers.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d-%d", caller, n)
				var c struct{ ID, Status string }
				if _, err := sky.Do(context.Background(), conversion(caller+1, key), &c); err != nil {
					return // it is ending
				}
				completed.Store(key, c.ID)
				count.Add(1)
			}
		})
	}
	for deadline := time.Now().Add(30 * time.Second); count.Load() < 200 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if code := first.end(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, first.out)
	}
	callers.Wait()
	if count.Load() < 200 {
		t.Fatalf("only %d conversions before the end", count.Load())
	}
	second := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	sky = api(t, second, dir, "sky")
	completed.Range(func(key, id any) bool {
		var c struct{ ID, Status string }
		_, err := sky.Do(context.Background(), client.Request{Method: "GET", Path: "/v1/conversions/" + id.(string)}, &c)
		if err != nil || c.Status != "completed" {
			t.Errorf("key %s: %v %+v", key, err, c)
		}
		return true
	})
	var open struct{ Conversions []json.RawMessage }
	if _, err := sky.Do(context.Background(), client.Request{Method: "GET", Path: "/v1/conversions?status=processing"}, &open); err != nil || len(open.Conversions) != 0 {
		t.Errorf("left unfinished: %s, %v", open.Conversions, err)
	}
}

// TestNothingSecretOrPersonalIsLogged logs everything there is to log.
func TestNothingSecretOrPersonalIsLogged(t *testing.T) {
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir, "--log", "debug")
	sky := api(t, s, dir, "sky")
	token, err := sky.Token(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []client.Request{
		conversion(1, "personal-1"),
		conversion(1, "personal-1"),
		{Method: "POST", Path: "/v1/links", Body: map[string]any{"member": sandbox.Member(30), "membership": "SKY-000030",
			"consent": map[string]any{"text_version": "1", "given_at": time.Now().UTC().Format(time.RFC3339), "channel": "app"}}},
		{Method: "POST", Path: "/v1/links", Body: map[string]any{"member": sandbox.Member(31), "membership": "SKY-999999",
			"consent": map[string]any{"text_version": "1", "given_at": time.Now().UTC().Format(time.RFC3339), "channel": "app"}}},
	} {
		var p *client.Problem
		if _, err := sky.Do(context.Background(), r, nil); err != nil && !errors.As(err, &p) {
			t.Fatal(err)
		}
	}
	s.end(t)
	logs := s.out.String()
	if !strings.Contains(logs, "/v1/conversions") || !strings.Contains(logs, "request_id") {
		t.Fatalf("requests were not logged:\n%s", logs)
	}
	for _, secret := range []string{"M-0000", "SKY-0000", "SKY-9999", token, "PRIVATE KEY", "client_assertion", "Bearer ey"} {
		if i := strings.Index(logs, secret); i >= 0 {
			t.Errorf("the log has %q: …%s…", secret, logs[max(0, i-200):min(len(logs), i+100)])
		}
	}
}

func TestADamagedLedgerIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	s.end(t)
	blocks, err := filepath.Glob(filepath.Join(dir, "gateway", "ledger", "blocks", "*"))
	if err != nil || len(blocks) == 0 {
		t.Fatal(blocks, err)
	}
	b, err := os.ReadFile(blocks[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-9] ^= 4
	if err := os.WriteFile(blocks[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := run(t, "serve", "--config", filepath.Join(dir, "pointgrid.yaml"))
	if code == 0 || !strings.Contains(out, "damaged") || !strings.Contains(out, filepath.Base(blocks[0])) {
		t.Errorf("exit code %d: %s", code, out)
	}
}
