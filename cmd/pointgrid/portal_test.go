package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/partners/connector/conformance"
	"github.com/pointgrid/pointgrid/web/page/browsertest"
)

// livePortal is a sandbox in which something has happened.
type livePortal struct {
	url, dir   string
	conversion string // one that was completed and partly taken back
	proposed   string // an agreement that waits for the airline
	receiver   string // an address for webhooks
}

func startPortal(t *testing.T) *livePortal {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "thank you") }))
	t.Cleanup(receiver.Close)
	p := &livePortal{dir: t.TempDir(), receiver: receiver.URL + "/hook"}
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", p.dir)
	p.url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(s.out.String())
	sky, utility := api(t, s, p.dir, "sky"), api(t, s, p.dir, "utility")
	for day := range 4 {
		for n := range 3 + 2*day {
			p.convert(t, sky, fmt.Sprintf("day-%d-%d", day, n), "SKY", "EPT", fmt.Sprint(300+30*n*n), n%5+1)
		}
		p.convert(t, sky, fmt.Sprintf("out-%d", day), "EPT", "SKY", "500", 7)
		if day < 3 {
			p.post(t, utility, "/v1/sandbox/clock", "", map[string]any{"advance": "24h"}, nil)
		}
	}
	p.conversion = p.convert(t, sky, "taken-back", "SKY", "EPT", "9000", 8)
	p.post(t, sky, "/v1/conversions/"+p.conversion+"/reversals", "back", map[string]any{"amount": "3000", "reason": "Flight <b>cancelled</b> & refunded"}, nil)
	p.convert(t, sky, "all", "SKY", "EPT", "1000000", 9)
	_, err := sky.Do(t.Context(), p.request(sky, "more-than-all", "SKY", "EPT", "300", 9), nil)
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.ConversionID == "" {
		t.Fatalf("a conversion of what the member has not: %v", err)
	}
	p.propose(t, utility)
	p.handIn(t)
	return p
}

// handIn uploads a conformance report in which a rule failed.
func (p *livePortal) handIn(t *testing.T) {
	t.Helper()
	report := &conformance.Report{Format: conformance.ReportFormat, Host: "https://staging.sky.example/pointgrid", Contract: "PointGrid Connector API 1.0", At: time.Now(),
		Results: []conformance.Result{
			{ID: "CN-TRANSFERS-1", Title: "A debit is answered with the partner's reference", Level: conformance.Must, Verdict: conformance.Passed},
			{ID: "CN-STATUSES-2", Title: "The status of an unknown transfer is 404", Level: conformance.Must, Verdict: conformance.Failed, Fix: "Answer 404 for an ID that you have never seen.",
				Problems: []conformance.Problem{{Text: "it answered 200 with an empty object", Exchange: &conformance.Exchange{Request: "GET /transfers/019b76da", Status: 200}}}},
			{ID: "CN-MEMBERS-3", Title: "A blocked member is declined", Level: conformance.Must, Verdict: conformance.Skipped, Reason: "no blocked member was named"}},
		Counts: conformance.Counts{Passed: 1, Failed: 1, Skipped: 1}}
	var form, raw bytes.Buffer
	if err := report.WriteJSON(&raw); err != nil {
		t.Fatal(err)
	}
	r := signIn(t, p.url, "sky.engineer")
	m := multipart.NewWriter(&form)
	part, err := m.CreateFormFile("file", "report.json")
	if err == nil {
		_, err = part.Write(raw.Bytes())
	}
	if err = errors.Join(err, m.WriteField("form_token", r.formToken(t)), m.Close()); err != nil {
		t.Fatal(err)
	}
	answer, err := r.client.Post(p.url+"/portal/conformance", m.FormDataContentType(), &form)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the report was answered with %s", answer.Status)
	}
}

func (p *livePortal) request(_ *client.Client, key, source, destination, amount string, member int) client.Request {
	return client.Request{Method: "POST", Path: "/v1/conversions", Key: key, Body: map[string]any{"source": source, "destination": destination,
		"amount": amount, "link_id": sandbox.LinkID(sandbox.CompanyOf("sky"), member).String()}}
}

func (p *livePortal) convert(t *testing.T, c *client.Client, key, source, destination, amount string, member int) string {
	t.Helper()
	var made struct{ ID, Status string }
	if _, err := c.Do(t.Context(), p.request(c, key, source, destination, amount, member), &made); err != nil || made.Status != "completed" {
		t.Fatalf("%s: %v %+v", key, err, made)
	}
	return made.ID
}

func (p *livePortal) post(t *testing.T, c *client.Client, path, key string, body, out any) {
	t.Helper()
	if _, err := c.Do(t.Context(), client.Request{Method: "POST", Path: path, Key: key, Body: body}, out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// propose lets the utility offer the airline other terms.
func (p *livePortal) propose(t *testing.T, utility *client.Client) {
	t.Helper()
	var all struct {
		Agreements []struct {
			Terms map[string]any
		}
	}
	if _, err := utility.Do(t.Context(), client.Request{Method: "GET", Path: "/v1/agreements"}, &all); err != nil {
		t.Fatal(err)
	}
	for _, a := range all.Agreements {
		if a.Terms["partner"] == "sky" && a.Terms["direction"] == "in" {
			a.Terms["version"], a.Terms["rate"], a.Terms["fee_bps"] = 2, map[string]any{"from_units": "2.8", "to_units": "1"}, 25
			var made struct{ ID string }
			p.post(t, utility, "/v1/agreements", "offer", a.Terms, &made)
			p.proposed = made.ID
		}
	}
	if p.proposed == "" {
		t.Fatal("found no agreement to propose anew")
	}
}

// TestAnEngineerWalksThroughThePortal looks at every page with a real browser:
// on a desk and on a phone, in both languages, in the light and in the dark.
func TestAnEngineerWalksThroughThePortal(t *testing.T) {
	browser := browsertest.Start(t)
	p := startPortal(t)
	for _, look := range browsertest.Looks {
		t.Run(look.Name, func(t *testing.T) { p.walk(t, browser.Open(t, look)) })
	}
}

func (p *livePortal) walk(t *testing.T, tab *browsertest.Tab) {
	tab.Go(p.url+"/portal/conversions", "sign-in")
	tab.Type("#login", "sky.engineer")
	tab.Type("#password", "not-the-password")
	tab.Follow("form.form button")
	tab.Look("sign-in-wrong")
	tab.Type("#password", sandbox.StaffPassword)
	tab.Follow("form.form button")
	if got := tab.Path(); got != "/portal/conversions" {
		t.Fatalf("after sign-in the page is %s, want the one that was asked for", got)
	}
	tab.Look("conversions")
	tab.Go(p.url+"/portal", "overview")
	tab.Go(p.url+"/portal/conversions?status=failed", "conversions-failed")
	tab.Follow("table a")
	tab.Look("conversion-failed")
	tab.Go(p.url+"/portal/conversions?day=2020-01-01", "conversions-none")
	tab.Go(p.url+"/portal/conversions/"+p.conversion, "conversion")
	if story := tab.Text(".story"); !strings.Contains(story, "Flight <b>cancelled</b> & refunded") {
		t.Errorf("the story shows the reason as %q", story)
	}
	tab.Go(p.url+"/portal/agreements", "agreements")
	tab.Go(p.url+"/portal/agreements/"+p.proposed, "agreement")
	if changed := tab.Text("tr.changed"); !strings.Contains(changed, "2.8") {
		t.Errorf("what changed is shown as %q", changed)
	}
	tab.Go(p.url+"/portal/limits", "limits")
	p.manage(t, tab)
	tab.Go(p.url+"/portal/quickstart?in=python", "quickstart")
	tab.Go(p.url+"/portal/docs", "docs")
	tab.Go(p.url+"/portal/clock", "clock")
	before := tab.Text(".stats dd")
	tab.Follow("button[name=hours][value='1']")
	tab.Look("clock-moved")
	if after := tab.Text(".stats dd"); after == before {
		t.Errorf("the clock was moved and still says %q", after)
	}
	tab.Go(p.url+"/portal/account", "account")
	tab.Go(p.url+"/portal/account/factor", "factor")
	tab.Go(p.url+"/portal/nowhere", "not-found")
	tab.Click("details.menu:last-of-type summary")
	tab.Shot("menu")
	tab.Follow("form[action='/portal/sign-out'] button")
	tab.Look("signed-out")
	if got := tab.Path(); got != "/portal/sign-in" {
		t.Errorf("after sign-out the page is %s", got)
	}
}

// manage walks through what engineers change.
func (p *livePortal) manage(t *testing.T, tab *browsertest.Tab) {
	tab.Go(p.url+"/portal/keys", "keys")
	tab.Go(p.url+"/portal/keys/sky", "client")
	tab.Type("#key-text", "this is no key")
	tab.Follow("form[action$='/add'] button")
	tab.Look("client-refused")
	tab.Go(p.url+"/portal/webhooks", "hooks")
	tab.Type("#url", p.receiver)
	tab.Follow("form[action='/portal/webhooks'] button")
	tab.Follow("form[action$='/test'] button")
	delivered := time.Now().Add(20 * time.Second)
	for !strings.Contains(tab.Text("tbody"), "200") && time.Now().Before(delivered) {
		tab.Go(p.url+tab.Path(), "hook")
	}
	if got := tab.Text("tbody"); !strings.Contains(got, "webhook_endpoint.test") || !strings.Contains(got, "200") {
		t.Errorf("the deliveries show %q", got)
	}
	tab.Look("hook")
	tab.Follow("tbody a")
	tab.Look("delivery")
	tab.Go(p.url+"/portal/requests", "requests")
	tab.Go(p.url+"/portal/requests?problems=1", "requests-problems")
	tab.Go(p.url+"/portal/conformance", "conformance")
}

// TestTheSnippetsRunAsTheyAreShown copies the programs of the quick start out of
// the page and runs them: for a company that is called, and for one that moves
// its side itself.
func TestTheSnippetsRunAsTheyAreShown(t *testing.T) {
	needCurl(t)
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	base := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(s.out.String())
	for _, company := range []string{"sky", "mart"} {
		reader := signIn(t, base, company+".engineer")
		for _, l := range []struct {
			code, file string
			run        []string
			needs      []string // a command that fails where the language is missing
			why        string
		}{
			{"curl", "quickstart.sh", []string{"bash"}, []string{"openssl", "version"}, "openssl"},
			{"go", "main.go", []string{"go", "run"}, []string{"go", "version"}, "go"},
			{"python", "quickstart.py", []string{"python3"}, []string{"python3", "-c", "import cryptography"}, "python3 with the package cryptography"},
			{"java", "Quickstart.java", []string{"java"}, []string{"java", "-version"}, "a JDK, version 17 or later"},
		} {
			t.Run(company+" in "+l.code, func(t *testing.T) {
				if err := exec.Command(l.needs[0], l.needs[1:]...).Run(); err != nil {
					if os.Getenv("POINTGRID_REQUIRE") == "all" {
						t.Fatalf("needs %s: %v", l.why, err)
					}
					t.Skipf("needs %s: %v", l.why, err)
				}
				file := filepath.Join(t.TempDir(), l.file)
				if err := os.WriteFile(file, []byte(reader.snippet(t, l.code)), 0o600); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
				defer cancel()
				out, err := exec.CommandContext(ctx, l.run[0], append(l.run[1:], file)...).CombinedOutput()
				if err != nil || !strings.Contains(string(out), "completed") || !strings.Contains(string(out), "block") {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// reader is somebody who is signed in.
type reader struct {
	url    string
	client *http.Client
}

func signIn(t *testing.T, base, login string) *reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{base, &http.Client{Jar: jar, Timeout: time.Minute}}
	answer, err := r.client.PostForm(base+"/portal/sign-in", url.Values{"login": {login}, "password": {sandbox.StaffPassword}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Request.URL.Path != "/portal" {
		t.Fatalf("sign-in: %s at %s", answer.Status, answer.Request.URL)
	}
	return r
}

var formTokenText = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

func (r *reader) formToken(t *testing.T) string {
	t.Helper()
	answer, err := r.client.Get(r.url + "/portal/account")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	found := formTokenText.FindSubmatch(body)
	if err != nil || found == nil {
		t.Fatalf("the account page has no form token: %v", err)
	}
	return string(found[1])
}

var snippetText = regexp.MustCompile(`(?s)<code id="program-text">(.*?)</code>`)

func (r *reader) snippet(t *testing.T, language string) string {
	t.Helper()
	answer, err := r.client.Get(r.url + "/portal/quickstart?in=" + language)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := snippetText.FindSubmatch(body)
	if found == nil {
		t.Fatalf("the page has no program: %s", body)
	}
	return html.UnescapeString(string(found[1]))
}
