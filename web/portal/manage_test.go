package portal_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"mime/multipart"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector/conformance"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

func publicPEM(t *testing.T) string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(public)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestAKeyIsRotatedOnThePage(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	want(t, "list", b.get("/portal/keys"), http.StatusOK, "sky-app", "Can call")
	want(t, "the only key", b.send("/portal/keys/sky-app/retire", url.Values{"key": {"key-of-sky"}, "hours": {"0"}}), http.StatusUnprocessableEntity, "No active key would be left")
	want(t, "a new key", b.send("/portal/keys/sky-app/add", url.Values{"key_text": {publicPEM(t)}}), http.StatusOK, "is added, and can be used at once")
	want(t, "the old one, in a day", b.send("/portal/keys/sky-app/retire", url.Values{"key": {"key-of-sky"}, "hours": {"24"}}), http.StatusOK, "The end of key key-of-sky is set")
	want(t, "what is no key", b.send("/portal/keys/sky-app/add", url.Values{"key_text": {"<script>"}}), http.StatusUnprocessableEntity, "neither a JWK nor a public key", "&lt;script&gt;")
	c, _ := w.directory.Client("sky-app")
	if len(c.Keys) != 2 {
		t.Errorf("the client has %d keys, want 2", len(c.Keys))
	}
}

func TestAClientIsMadeWithScopesOfTheCompany(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	got := b.send("/portal/keys", url.Values{"name": {"Nightly job"}, "scope": {"quotes", "links"}})
	want(t, "made", got, http.StatusOK, "is made. Give it a public key", "Nightly job", "No key yet")
	if !strings.HasPrefix(got.path, "/portal/keys/sky-") {
		t.Errorf("leads to %s", got.path)
	}
	want(t, "disabled", b.send(got.path+"/switch", url.Values{"disabled": {"1"}}), http.StatusOK, "can no longer call", "Let it call again")
	want(t, "a scope of the utility's", b.send("/portal/keys", url.Values{"name": {"Spy"}, "scope": {"operator"}}), http.StatusUnprocessableEntity, "does not have this scope")
}

func TestRequestsShowTheirProblems(t *testing.T) {
	w := newWorld(t)
	var entries []partners.Access
	for i, e := range []partners.Access{{Partner: "sky", Status: 201}, {Partner: "sky", Status: 422, Code: "insufficient_points"}, {Partner: "shop", Status: 500}} {
		e.ID, e.At, e.Kind, e.Client, e.Method, e.Route = w.newID(), time.Now(), partners.AccessRequest, e.Partner+"-app", "POST", "/v1/conversions"
		e.Took, e.From, e.RequestID = 12*time.Millisecond, netip.MustParseAddr("198.51.100.7"), "req-"+string(rune('a'+i))
		entries = append(entries, e)
	}
	must(t, w.clients.AppendAccess(context.Background(), entries))
	b := w.signedIn("anna.sky")
	all := b.get("/portal/requests")
	want(t, "all", all, http.StatusOK, "201", "422", "The member has fewer points", "198.51.100.7", "12 ms", "req-a")
	if strings.Contains(all.body, "req-c") {
		t.Error("shows another company's request")
	}
	problems := b.get("/portal/requests?problems=1")
	want(t, "problems", problems, http.StatusOK, "req-b")
	if strings.Contains(problems.body, "req-a") {
		t.Error("shows what went well among the problems")
	}
}

func TestAWebhookIsMadeTestedRotatedAndSentAgain(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	want(t, "none yet", b.get("/portal/webhooks"), http.StatusOK, "No endpoint yet")
	want(t, "inside", b.send("/portal/webhooks", url.Values{"url": {"https://10.0.0.1/hook"}, "event": {"*"}}), http.StatusUnprocessableEntity, "That was not done", "https://10.0.0.1/hook")
	made := b.send("/portal/webhooks", url.Values{"url": {"https://127.0.0.1:9/hook"}, "about": {"<b>Orders</b>"}, "event": {"conversion.*", "exposure.*"}})
	want(t, "made", made, http.StatusOK, "The endpoint is made", "&lt;b&gt;Orders&lt;/b&gt;", "whsec_", "exposure.*", "Nothing was sent")
	want(t, "test", b.send(made.path+"/test", url.Values{}), http.StatusOK, "A test is on its way", "webhook_endpoint.test", "Pending")
	want(t, "rotate", b.send(made.path+"/rotate", url.Values{}), http.StatusOK, "There is a new secret", "Valid until")
	delivery := b.get(made.path + "/deliveries/1")
	want(t, "delivery", delivery, http.StatusOK, "Delivery 1", "&#34;sequence&#34;: 1", "msg_")
	want(t, "again", b.send(made.path+"/deliveries/1", url.Values{}), http.StatusOK, "Message 1 is being sent again")
	want(t, "replay", b.send(made.path+"/replay", url.Values{"first": {"1"}, "last": {"5"}}), http.StatusOK, "being sent again: 1")
	want(t, "a range that is none", b.send(made.path+"/replay", url.Values{"first": {"5"}, "last": {"1"}}), http.StatusUnprocessableEntity, "Give a first number from 1")
	want(t, "disable", b.send(made.path+"/switch", url.Values{"status": {"disabled"}}), http.StatusOK, "Disabled by you")
	want(t, "test when disabled", b.send(made.path+"/test", url.Values{}), http.StatusUnprocessableEntity, "enable it first")
	want(t, "delete", b.send(made.path+"/delete", url.Values{}), http.StatusOK, "The endpoint is deleted", "No endpoint yet")
}

func TestAConformanceReportIsHandedInAndShown(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	want(t, "none yet", b.get("/portal/conformance"), http.StatusOK, "No report yet", "pointgrid partner check")
	report := &conformance.Report{Format: conformance.ReportFormat, Host: "https://host.example", Contract: "Connector API 1", At: time.Now(),
		Results: []conformance.Result{
			{ID: "CN-A", Title: "Repeats are answered alike", Level: conformance.Must, Verdict: conformance.Passed},
			{ID: "CN-B", Title: "Unknown is 404", Level: conformance.Must, Verdict: conformance.Failed, Fix: "Answer 404.",
				Problems: []conformance.Problem{{Text: "it answered <img src=x onerror=alert(1)>", Exchange: &conformance.Exchange{Request: "GET /transfers/x", Status: 200}}}}},
		Counts: conformance.Counts{Passed: 1, Failed: 1}}
	var raw bytes.Buffer
	must(t, report.WriteJSON(&raw))
	want(t, "what is no report", b.upload("/portal/conformance", []byte(`{"format":99}`)), http.StatusUnprocessableEntity, "That is no report")
	got := b.upload("/portal/conformance", raw.Bytes())
	want(t, "handed in", got, http.StatusOK, "The report is kept", "Does not conform", "it answered &lt;img src=x onerror=alert(1)&gt;", "Answer 404.", "handed in by Name of anna.sky")
	if strings.Index(got.body, "CN-B") > strings.Index(got.body, "CN-A") {
		t.Error("what failed does not stand first")
	}
	want(t, "of another company", w.signedIn("sara.shop").get("/portal/conformance"), http.StatusOK, "No report yet")
}

// upload hands a file in as browsers do.
func (b *browser) upload(path string, file []byte) answer {
	b.t.Helper()
	token := formToken.FindStringSubmatch(b.get("/portal/account").body)[1]
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	must(b.t, m.WriteField("form_token", token))
	part, err := m.CreateFormFile("file", "report.json")
	must(b.t, err)
	_, err = part.Write(file)
	must(b.t, err)
	must(b.t, m.Close())
	r, err := http.NewRequest(http.MethodPost, b.base+path, &form)
	must(b.t, err)
	r.Header = b.header.Clone()
	r.Header.Set("Content-Type", m.FormDataContentType())
	return b.request(r)
}

// endpointOf makes an endpoint of a company that has one delivery.
func (w *world) endpointOf(company string) ledger.ID {
	w.t.Helper()
	e, err := w.hooks.Create(context.Background(), company, webhooks.Wish{URL: "https://127.0.0.1:9/" + company})
	must(w.t, err)
	_, err = w.hooks.Test(context.Background(), company, e.ID)
	must(w.t, err)
	return e.ID
}
