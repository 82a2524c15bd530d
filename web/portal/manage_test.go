package portal_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
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
	"github.com/pointgrid/pointgrid/web/page/pagetest"
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
	pagetest.Want(t, "list", b.Get("/portal/keys"), http.StatusOK, "sky-app", "Can call")
	pagetest.Want(t, "the only key", b.Send("/portal/keys/sky-app/retire", url.Values{"key": {"key-of-sky"}, "hours": {"0"}}), http.StatusUnprocessableEntity, "No active key would be left")
	pagetest.Want(t, "a new key", b.Send("/portal/keys/sky-app/add", url.Values{"key_text": {publicPEM(t)}}), http.StatusOK, "is added, and can be used at once")
	pagetest.Want(t, "the old one, in a day", b.Send("/portal/keys/sky-app/retire", url.Values{"key": {"key-of-sky"}, "hours": {"24"}}), http.StatusOK, "The end of key key-of-sky is set")
	pagetest.Want(t, "what is no key", b.Send("/portal/keys/sky-app/add", url.Values{"key_text": {"<script>"}}), http.StatusUnprocessableEntity, "neither a JWK nor a public key", "&lt;script&gt;")
	c, _ := w.directory.Client("sky-app")
	if len(c.Keys) != 2 {
		t.Errorf("the client has %d keys, want 2", len(c.Keys))
	}
}

func TestAClientIsMadeWithScopesOfTheCompany(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	got := b.Send("/portal/keys", url.Values{"name": {"Nightly job"}, "scope": {"quotes", "links"}})
	pagetest.Want(t, "made", got, http.StatusOK, "is made. Give it a public key", "Nightly job", "No key yet")
	if !strings.HasPrefix(got.Path, "/portal/keys/sky-") {
		t.Errorf("leads to %s", got.Path)
	}
	pagetest.Want(t, "disabled", b.Send(got.Path+"/switch", url.Values{"disabled": {"1"}}), http.StatusOK, "can no longer call", "Let it call again")
	pagetest.Want(t, "a scope of the utility's", b.Send("/portal/keys", url.Values{"name": {"Spy"}, "scope": {"operator"}}), http.StatusUnprocessableEntity, "does not have this scope")
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
	all := b.Get("/portal/requests")
	pagetest.Want(t, "all", all, http.StatusOK, "201", "422", "The member has fewer points", "198.51.100.7", "12 ms", "req-a")
	if strings.Contains(all.Body, "req-c") {
		t.Error("shows another company's request")
	}
	problems := b.Get("/portal/requests?problems=1")
	pagetest.Want(t, "problems", problems, http.StatusOK, "req-b")
	if strings.Contains(problems.Body, "req-a") {
		t.Error("shows what went well among the problems")
	}
}

func TestAWebhookIsMadeTestedRotatedAndSentAgain(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	pagetest.Want(t, "none yet", b.Get("/portal/webhooks"), http.StatusOK, "No endpoint yet")
	pagetest.Want(t, "inside", b.Send("/portal/webhooks", url.Values{"url": {"https://10.0.0.1/hook"}, "event": {"*"}}), http.StatusUnprocessableEntity, "That was not done", "https://10.0.0.1/hook")
	made := b.Send("/portal/webhooks", url.Values{"url": {"https://127.0.0.1:9/hook"}, "about": {"<b>Orders</b>"}, "event": {"conversion.*", "exposure.*"}})
	pagetest.Want(t, "made", made, http.StatusOK, "The endpoint is made", "&lt;b&gt;Orders&lt;/b&gt;", "whsec_", "exposure.*", "Nothing was sent")
	pagetest.Want(t, "test", b.Send(made.Path+"/test", url.Values{}), http.StatusOK, "A test is on its way", "webhook_endpoint.test", "Pending")
	pagetest.Want(t, "rotate", b.Send(made.Path+"/rotate", url.Values{}), http.StatusOK, "There is a new secret", "Valid until")
	delivery := b.Get(made.Path + "/deliveries/1")
	pagetest.Want(t, "delivery", delivery, http.StatusOK, "Delivery 1", "&#34;sequence&#34;: 1", "msg_")
	pagetest.Want(t, "again", b.Send(made.Path+"/deliveries/1", url.Values{}), http.StatusOK, "Message 1 is being sent again")
	pagetest.Want(t, "replay", b.Send(made.Path+"/replay", url.Values{"first": {"1"}, "last": {"5"}}), http.StatusOK, "being sent again: 1")
	pagetest.Want(t, "a range that is none", b.Send(made.Path+"/replay", url.Values{"first": {"5"}, "last": {"1"}}), http.StatusUnprocessableEntity, "Give a first number from 1")
	pagetest.Want(t, "disable", b.Send(made.Path+"/switch", url.Values{"status": {"disabled"}}), http.StatusOK, "Disabled by you")
	pagetest.Want(t, "test when disabled", b.Send(made.Path+"/test", url.Values{}), http.StatusUnprocessableEntity, "enable it first")
	pagetest.Want(t, "delete", b.Send(made.Path+"/delete", url.Values{}), http.StatusOK, "The endpoint is deleted", "No endpoint yet")
}

func TestAConformanceReportIsHandedInAndShown(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("anna.sky")
	pagetest.Want(t, "none yet", b.Get("/portal/conformance"), http.StatusOK, "No report yet", "pointgrid partner check")
	report := &conformance.Report{Format: conformance.ReportFormat, Host: "https://host.example", Contract: "Connector API 1", At: time.Now(),
		Results: []conformance.Result{
			{ID: "CN-A", Title: "Repeats are answered alike", Level: conformance.Must, Verdict: conformance.Passed},
			{ID: "CN-B", Title: "Unknown is 404", Level: conformance.Must, Verdict: conformance.Failed, Fix: "Answer 404.",
				Problems: []conformance.Problem{{Text: "it answered <img src=x onerror=alert(1)>", Exchange: &conformance.Exchange{Request: "GET /transfers/x", Status: 200}}}}},
		Counts: conformance.Counts{Passed: 1, Failed: 1}}
	var raw bytes.Buffer
	must(t, report.WriteJSON(&raw))
	pagetest.Want(t, "what is no report", b.Upload("/portal/conformance", url.Values{}, "report.json", []byte(`{"format":99}`)), http.StatusUnprocessableEntity, "That is no report")
	got := b.Upload("/portal/conformance", url.Values{}, "report.json", raw.Bytes())
	pagetest.Want(t, "handed in", got, http.StatusOK, "The report is kept", "Does not conform", "it answered &lt;img src=x onerror=alert(1)&gt;", "Answer 404.", "handed in by Name of anna.sky")
	if strings.Index(got.Body, "CN-B") > strings.Index(got.Body, "CN-A") {
		t.Error("what failed does not stand first")
	}
	pagetest.Want(t, "of another company", w.signedIn("sara.shop").Get("/portal/conformance"), http.StatusOK, "No report yet")
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
