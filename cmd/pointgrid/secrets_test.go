package main_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// tapped is what a running gateway lets out, and what must not be in it.
type tapped struct {
	*testing.T
	s       *started
	dir     string
	mu      sync.Mutex
	secrets map[string]string // by what they are
	answers bytes.Buffer      // of everything that was refused
	traces  bytes.Buffer
}

func (w *tapped) keep(what, secret string) {
	w.Helper()
	if len(secret) < 6 {
		w.Fatalf("%s is %q; the test tests nothing", what, secret)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets[what] = secret
}

// jar is a browser that notes the cookies it is given as secrets.
func (w *tapped) browser(who string) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &http.Client{Jar: &noted{jar, w, who}}
}

type noted struct {
	http.CookieJar
	w   *tapped
	who string
}

func (n *noted) SetCookies(u *url.URL, cookies []*http.Cookie) {
	n.CookieJar.SetCookies(u, cookies)
	for _, c := range cookies {
		if len(c.Value) > 20 && !strings.Contains(c.Name, "flash") {
			n.w.keep(n.who+"'s cookie "+c.Name, c.Value)
		}
	}
}

// send sends a form, or gets a page, and keeps what a refusal says.
func (w *tapped) send(b *http.Client, method, address string, form url.Values) (status int, body string) {
	w.Helper()
	var content io.Reader
	if form != nil {
		content = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(w.Context(), method, address, content)
	if err != nil {
		w.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := b.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatal(err)
	}
	if answer.StatusCode >= 400 {
		w.answers.Write(text)
	}
	return answer.StatusCode, string(text)
}

// call is one of the API's, whose refusal is kept.
func (w *tapped) call(c *client.Client, method, path, key string, body, into any) {
	w.Helper()
	_, err := c.Do(w.Context(), client.Request{Method: method, Path: path, Key: key, Body: body}, into)
	var refused *client.Problem
	if errors.As(err, &refused) {
		fmt.Fprintf(&w.answers, "%+v\n", refused)
	} else if err != nil {
		fmt.Fprintln(&w.answers, err)
	}
}

// collector takes traces as they are exported.
func (w *tapped) collector() string {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var from io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			if unpacked, err := gzip.NewReader(r.Body); err == nil {
				from = unpacked
			}
		}
		b, err := io.ReadAll(from)
		w.mu.Lock()
		defer w.mu.Unlock()
		if err == nil {
			w.traces.Write(b)
		}
	}))
	w.Cleanup(server.Close)
	return server.URL
}

// files are the keys that a home keeps.
func (w *tapped) files() {
	w.Helper()
	found := 0
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".key") && !strings.HasSuffix(path, ".pem") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(b))
		if lines := strings.Split(text, "\n"); strings.Contains(lines[0], "PRIVATE KEY") {
			text = lines[1]
		} else if _, err := hex.DecodeString(text); err != nil {
			return nil // a public one
		}
		found++
		w.keep("the key in "+filepath.Base(path), text)
		return nil
	})
	if err != nil || found < 3 {
		w.Fatalf("found %d keys, %v; the test tests nothing", found, err)
	}
}

// drive does with secrets what is done with them.
func (w *tapped) drive(round string) {
	w.Helper()
	sky, utility := api(w.T, w.s, w.dir, "sky"), api(w.T, w.s, w.dir, "utility")
	for name, c := range map[string]*client.Client{"sky": sky, "utility": utility} {
		token, err := c.Token(context.Background())
		if err != nil {
			w.Fatal(err)
		}
		w.keep(round+": the token of "+name, token)
	}
	base := w.s.url()
	member, membership := sandbox.Member(1), "SKY-000777"
	w.keep("the number of a member", member)
	w.keep("a membership", membership)
	w.call(sky, "POST", "/v1/links", "", map[string]any{"member": member, "membership": membership,
		"consent": map[string]any{"text_version": "1", "given_at": time.Now().UTC().Format(time.RFC3339), "channel": "app"}}, nil)
	for _, key := range []string{round + "-1", round + "-1"} {
		w.call(sky, "POST", "/v1/conversions", key, conversion(1, key).Body, nil)
	}
	w.call(sky, "POST", "/v1/conversions", round+"-2", map[string]any{"source": "SKY", "destination": "EPT", "amount": "-1", "link_id": membership}, nil)
	hook, err := sky.CreateWebhookEndpoint(w.Context(), client.WebhookEndpoint{URL: "http://127.0.0.1:9/hook"}, round+"-hook")
	if err != nil {
		w.Fatal(err)
	}
	secrets, err := sky.WebhookSecrets(w.Context(), hook.ID)
	if err != nil || len(secrets) == 0 {
		w.Fatal(secrets, err)
	}
	w.keep(round+": the secret of a webhook", strings.TrimPrefix(secrets[0], "whsec_"))
	w.call(utility, "POST", "/v1/reward_events", "", map[string]any{"id": "PAY-" + round, "member": member, "kind": "prepayment", "channel": "app",
		"segment": "residential", "occurred_at": time.Now().UTC().Format(time.RFC3339), "amount": "20000"}, nil)
	w.call(utility, "POST", "/v1/account_actions", round+"-act", map[string]any{"kind": "goodwill", "member": member, "points": "10", "reason": "to " + member, "reference": "T-" + round}, nil)

	assertion := "eyJhbGciOiJFZERTQSIsImtpZCI6IngifQ.eyJpc3MiOiJza3kifQ.c2lnbmF0dXJlLW9mLW5vYm9keQ"
	w.keep("an assertion that is refused", assertion)
	w.send(http.DefaultClient, "POST", base+"/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_secret": {"secret-by-mistake"}})
	w.keep("a secret that should not have been sent", "secret-by-mistake")
	bearer, err := http.NewRequestWithContext(w.Context(), "GET", base+"/v1/links", nil)
	if err != nil {
		w.Fatal(err)
	}
	bearer.Header.Set("Authorization", "Bearer forged-token-of-nobody")
	w.keep("a token that is refused", "forged-token-of-nobody")
	if answer, err := http.DefaultClient.Do(bearer); err == nil {
		_, _ = io.Copy(&w.answers, answer.Body)
		_ = answer.Body.Close()
	}
	w.staff(base, round)
}

// staff signs in with a wrong password and with the right one, and looks a member up.
func (w *tapped) staff(base, round string) {
	w.Helper()
	b := w.browser("support")
	w.keep("the staff's password", sandbox.StaffPassword)
	w.keep("a wrong password", "a wrong pass phrase")
	w.keep("a password typed as a login", "my password by mistake")
	for _, form := range []url.Values{{"login": {"support"}, "password": {"a wrong pass phrase"}}, {"login": {"my password by mistake"}, "password": {"x"}},
		{"login": {"support"}, "password": {sandbox.StaffPassword}}} {
		w.send(b, "POST", base+"/console/sign-in", form)
	}
	_, page := w.send(b, "GET", base+"/console/support/members", nil)
	token := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindStringSubmatch(page)
	if token == nil {
		w.Fatalf("support is not signed in:\n%s", page)
	}
	w.keep(round+": the token of a form", token[1])
	w.send(b, "POST", base+"/console/support/members", url.Values{"form_token": {token[1]}, "member": {sandbox.Member(1)}, "number": {sandbox.Member(1)}})
	w.send(b, "POST", base+"/console/support/members", url.Values{"form_token": {"guessed-form-token"}, "member": {sandbox.Member(1)}})
	w.keep("a guessed form token", "guessed-form-token")
}

// customerOf signs a member in at the provider, takes the data along and goes.
func (w *tapped) customerOf(number string) {
	w.Helper()
	b := w.browser("a member")
	base := w.s.url()
	_, choices := w.send(b, "GET", base+"/mall/sign-in/start", nil)
	issuer := regexp.MustCompile(`issuer: "?(http://127\.0\.0\.1:\d+)`).FindStringSubmatch(w.configuration())
	if issuer == nil {
		w.Fatal("the configuration has no provider")
	}
	w.keep("the number of the one who signs in", number)
	w.send(b, "GET", issuer[1]+choiceOf(w, choices, number), nil)
	_, page := w.send(b, "GET", base+"/mall/privacy", nil)
	token := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindStringSubmatch(page)
	if token == nil {
		w.Fatalf("nobody is signed in:\n%s", page)
	}
	w.keep("the token of a member's form", token[1])
	if status, document := w.send(b, "POST", base+"/mall/privacy/export", url.Values{"form_token": {token[1]}}); status != http.StatusOK || !strings.Contains(document, number) {
		w.Errorf("the export is %d", status)
	}
	w.send(b, "GET", base+"/mall/sign-in/callback?state=a-state-of-nobody&code=a-code-of-nobody", nil)
	w.keep("a code of nobody", "a-code-of-nobody")
	w.send(b, "POST", base+"/mall/sign-out", url.Values{"form_token": {token[1]}})
}

func (w *tapped) configuration() string {
	b, err := os.ReadFile(filepath.Join(w.dir, "pointgrid.yaml"))
	if err != nil {
		w.Fatal(err)
	}
	return string(b)
}

// nothingIn greps what was let out.
func (w *tapped) nothingIn(where, text string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for what, secret := range w.secrets {
		if i := strings.Index(text, secret); i >= 0 {
			w.Errorf("%s has %s: …%s…", where, what, text[max(0, i-150):min(len(text), i+len(secret)+50)])
		}
	}
}

// TestSecretsAreNowhereButWhereTheyBelong logs and traces everything there is, in a
// sandbox in which all goes well and in a gateway that reaches nobody, and looks for each
// secret and each number of a member in logs, traces, metrics and refusals.
func TestSecretsAreNowhereButWhereTheyBelong(t *testing.T) {
	w := &tapped{T: t, dir: t.TempDir(), secrets: map[string]string{}}
	w.s = start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", w.dir, "--log", "debug", "--days", "0", "--events", "0")
	w.files()
	w.drive("well")
	w.customerOf(sandbox.Member(3))
	_, metrics := w.send(http.DefaultClient, "GET", w.s.url()+"/metrics", nil)
	w.s.end(t)
	logs := w.s.out.String()
	t.Setenv("POINTGRID_LOG_LEVEL", "debug")
	t.Setenv("POINTGRID_TRACES_ENDPOINT", w.collector()+"/v1/traces")
	before := w.s.url()
	w.s = start(t, "listening on ", "serve", "--config", filepath.Join(w.dir, "pointgrid.yaml"))
	if w.s.url() != before {
		t.Fatalf("it is at %s and was at %s", w.s.url(), before)
	}
	w.drive("alone")
	_, more := w.send(http.DefaultClient, "GET", w.s.url()+"/metrics", nil)
	w.s.end(t)
	logs += w.s.out.String()

	w.mu.Lock()
	traces := w.traces.String()
	w.mu.Unlock()
	if !strings.Contains(traces, "/v1/conversions") || !strings.Contains(logs, "sign-in refused") || !strings.Contains(more, "pointgrid_") || w.answers.Len() < 1000 {
		t.Fatalf("the test tests nothing: %d bytes of traces, %d of logs, %d of metrics, %d of refusals", len(traces), len(logs), len(more), w.answers.Len())
	}
	if len(w.secrets) < 20 {
		t.Fatalf("only %d secrets are looked for", len(w.secrets))
	}
	delete(w.secrets, "the staff's password") // the sandbox's banner prints it, for everybody
	w.nothingIn("the log", logs)
	w.nothingIn("a trace", traces)
	w.nothingIn("the metrics", metrics+more)
	// What the caller typed into a form may stand in it again, but no secret of ours.
	for _, typed := range []string{"the number of a member", "a membership", "the number of the one who signs in"} {
		delete(w.secrets, typed)
	}
	for what := range w.secrets {
		if strings.Contains(what, "typed as a login") || strings.Contains(what, "token of a form") || strings.Contains(what, "token of a member's form") {
			delete(w.secrets, what)
		}
	}
	w.nothingIn("a refusal", w.answers.String())
}
