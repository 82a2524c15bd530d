package api_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/api"
	"github.com/pointgrid/pointgrid/web/origin"
)

// newKey makes a pair for a client and uploads its public half.
func (c *caller) newKey(client string) (id string, private ed25519.PrivateKey) {
	c.w.t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(c.w.t, err)
	jwk, err := partners.Thumbprint(private.Public())
	must(c.w.t, err)
	x := base64.RawURLEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	text := `{"kty":"OKP","crv":"Ed25519","kid":"` + jwk + `","x":"` + x + `"}`
	return c.post("/v1/clients/"+client+"/keys", map[string]any{"key": text}).is(201).text("id"), private
}

func TestAPartnerMakesAClientAndRotatesItsKey(t *testing.T) {
	w := newWorld(t)
	admin := w.as("sky-app")
	made := admin.post("/v1/clients", `{"name":"nightly","scope":"quotes links","networks":"127.0.0.0/8 ::1/128"}`, "Idempotency-Key", "k").is(201)
	id := made.text("id")
	if made.text("partner") != "sky" || made.header.Get("Location") != "/v1/clients/"+id {
		t.Fatalf("made %s", made.body)
	}
	if again := admin.post("/v1/clients", `{"name":"nightly","scope":"quotes links","networks":"127.0.0.0/8 ::1/128"}`, "Idempotency-Key", "k").is(201); again.text("id") != id {
		t.Error("the same request made another client")
	}
	use := func(kid string, key ed25519.PrivateKey) *caller {
		w.keys[id], w.kids[id] = key, kid
		return w.bearing(w.tokenFor(id, ""))
	}
	first, key1 := admin.newKey(id)
	old := use(first, key1)
	old.get("/v1/links").is(200)
	old.get("/v1/conversions").refused(403, "scope_missing")
	second, key2 := admin.newKey(id)
	fresh := use(second, key2)
	old.get("/v1/links").is(200)
	fresh.get("/v1/links").is(200)
	admin.post("/v1/clients/"+id+"/keys/"+first+"/retire", `{}`).is(200)
	old.get("/v1/links").refused(401, "token_key")
	fresh.get("/v1/links").is(200)
	admin.post("/v1/clients/"+id+"/keys/"+second+"/retire", `{}`).refused(409, "last_key")
	admin.post("/v1/clients/"+id+"/keys/"+first+"/retire", `{}`).refused(409, "key_retired")
	if n := admin.get("/v1/clients/" + id + "/keys").is(200).count("keys"); n != 2 {
		t.Errorf("%d keys", n)
	}
	if state := admin.get("/v1/clients/" + id + "/keys/" + first).is(200).text("state"); state != "retired" {
		t.Errorf("the key is %s", state)
	}
	admin.do("PATCH", "/v1/clients/"+id, `{"networks":"192.0.2.0/24"}`, "Content-Type", "application/json").is(200)
	fresh.get("/v1/links").refused(403, "address_refused")
	admin.do("PATCH", "/v1/clients/"+id, `{"disabled":true}`, "Content-Type", "application/json").is(200)
	fresh.get("/v1/links").refused(401, "token_client")
}

func TestMistakesWithCredentialsAreExplained(t *testing.T) {
	w := newWorld(t)
	admin := w.as("sky-app")
	private := `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}`
	a := admin.post("/v1/clients/sky-other/keys", map[string]any{"key": private}).refused(422, "key_private")
	if strings.Contains(string(a.body), "nWGxne") || strings.Contains(w.log.String(), "nWGxne") {
		t.Error("the private key is repeated")
	}
	admin.post("/v1/clients/sky-other/keys", map[string]any{"key": "ssh-ed25519 AAAA"}).refused(422, "key_malformed")
	admin.post("/v1/clients/sky-other/keys", map[string]any{"key": publicPEM(t, w.keys["shop-app"])}).refused(409, "key_exists")
	admin.post("/v1/clients", `{"name":"n","scope":"operator"}`).refused(422, "scope_not_granted")
	admin.post("/v1/clients", `{"name":"n","scope":"root"}`).refused(422, "scope_not_granted")
	admin.post("/v1/clients", `{"name":"n","scope":"quotes","partner":"shop"}`).refused(422, "client_refused")
	admin.post("/v1/clients", `{"name":"n","scope":"quotes","networks":"192.0.2.1/24"}`).invalid("/networks pattern")
	admin.do("PATCH", "/v1/clients/sky-other", `{"scope":"quotes"}`, "Content-Type", "application/json").refused(409, "client_configured")
	if n := admin.get("/v1/clients").is(200).count("clients"); n != 3 {
		t.Errorf("sky sees %d clients", n)
	}
	if n := w.as("ops").get("/v1/clients").is(200).count("clients"); n != 8 {
		t.Errorf("the utility sees %d clients", n)
	}
	w.as("ops").post("/v1/clients", `{"name":"n","scope":"operator"}`).is(201)
}

// sign makes the header PointGrid-Signature.
func (w *world) sign(client, path, key, body string, change func(map[string]any)) string {
	w.t.Helper()
	header := map[string]any{"alg": "EdDSA", "kid": "key-of-" + client, "path": path}
	if key != "" {
		sum := sha256.Sum256([]byte(key))
		header["idempotency_key_sha256"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if change != nil {
		change(header)
	}
	b, err := json.Marshal(header)
	must(w.t, err)
	protected := base64.RawURLEncoding.EncodeToString(b)
	signature := ed25519.Sign(w.keys[client], []byte(protected+"."+base64.RawURLEncoding.EncodeToString([]byte(body))))
	return protected + ".." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestASignedRequestGoesOnTheLedger(t *testing.T) {
	w := newWorld(t)
	admin, sky := w.as("sky-other"), w.as("sky-app")
	admin.do("PATCH", "/v1/clients/sky-app", `{"signed_requests":true}`, "Content-Type", "application/json").is(200)
	const path = "/v1/conversions"
	body := inbound("3000", w.link("sky"), "D-1")
	sky.convert("k", body).refused(400, "signature_missing")
	sky.convert("k", body, "PointGrid-Signature", "e30.e30.AA").refused(400, "signature_malformed")
	for name, change := range map[string]func(map[string]any){
		"path": func(h map[string]any) { h["path"] = "/v1/quotes" }, "idempotency_key_sha256": func(h map[string]any) { h["idempotency_key_sha256"] = "other" },
		"kid": func(h map[string]any) { h["kid"] = "key-of-shop-app" }, "alg": func(h map[string]any) { h["alg"] = "ES256" },
	} {
		if a := sky.convert("k", body, "PointGrid-Signature", w.sign("sky-app", path, "k", body, change)); a.status != 400 || a.text("code") != "signature_invalid" {
			t.Errorf("another %s: %s", name, a.body)
		}
	}
	sky.convert("k", body, "PointGrid-Signature", w.sign("sky-app", path, "k", body+" ", nil)).refused(400, "signature_invalid")
	jws := w.sign("sky-app", path, "k", body, nil)
	made := sky.convert("k", body, "PointGrid-Signature", jws).is(201)
	receipt, err := ledger.ParseReceipt(sky.get(made.text("links.receipt")).is(200).body)
	must(t, err)
	must(t, receipt.Verify(w.ledger.Keys()))
	if receipt.Transfer.Evidence == nil || receipt.Transfer.Evidence.JWS != jws {
		t.Fatalf("the receipt has the evidence %v", receipt.Transfer.Evidence)
	}
	must(t, receipt.Transfer.Evidence.Verify([]byte(body), w.keys["sky-app"].Public()))
	kept := sky.get(made.text("links.self") + "/evidence").is(200)
	if b, err := base64.StdEncoding.DecodeString(kept.text("body")); err != nil || string(b) != body || kept.text("client") != "sky-app" || !strings.Contains(kept.text("jwk"), "Ed25519") {
		t.Errorf("kept %s, %v", kept.body, err)
	}
	many := batch(item("m1", inbound("30", w.link("sky"), "D-2")), item("m2", inbound("60", w.link("sky"), "D-3")))
	sky.post("/v1/conversions/batch", many).refused(400, "signature_missing")
	a := sky.post("/v1/conversions/batch", many, "PointGrid-Signature", w.sign("sky-app", "/v1/conversions/batch", "", many, nil)).is(200)
	for i := range 2 {
		id := a.result(i, 201)["id"].(string)
		if e := sky.get("/v1/conversions/" + id + "/evidence").is(200); e.text("jws") == "" {
			t.Errorf("item %d: %s", i, e.body)
		}
	}
	reversal := `{"amount":"300","reference":"R-1"}`
	reverse := made.text("links.reversals")
	sky.post(reverse, reversal, "Idempotency-Key", "r").refused(400, "signature_missing")
	sky.post(reverse, reversal, "Idempotency-Key", "r", "PointGrid-Signature", w.sign("sky-app", reverse, "r", reversal, nil)).is(201)
	sky.post("/v1/conversion_files", `{"format":"csv"}`).refused(400, "signature_missing")
	free := admin.convert("free", inbound("30", w.link("sky"), "D-9")).is(201)
	admin.get(free.text("links.self")+"/evidence").refused(404, "not_found")
}

func TestWhatIsBeyondTheQuotaIsRefusedAndTold(t *testing.T) {
	w := newWorld(t, func(o *api.Options) { o.Limits = api.Limits{Read: 3, Convert: 5, Strangers: 2} })
	sky := w.as("sky-app")
	for n := range 3 {
		a := sky.get("/v1/programmes").is(200)
		if a.header.Get("RateLimit-Policy") != `"read";q=3;w=60` || !strings.HasPrefix(a.header.Get("RateLimit"), `"read";r=`+strconv.Itoa(2-n)+`;t=`) {
			t.Errorf("told %v", a.header)
		}
	}
	if a := sky.get("/v1/programmes").refused(429, "rate_limited"); a.header.Get("Retry-After") == "" {
		t.Errorf("told %v", a.header)
	}
	w.as("sky-other").get("/v1/programmes").is(200)
	link := w.link("sky")
	three := batch(item("a", inbound("30", link, "D-1")), item("b", inbound("30", link, "D-2")), item("c", inbound("30", link, "D-3")))
	sky.post("/v1/conversions/batch", three).is(200)
	sky.post("/v1/conversions/batch", three).refused(429, "rate_limited")
	six := batch(many(item("k", inbound("30", link, "D-1")), 7)...)
	if a := w.as("sky-other").post("/v1/conversions/batch", six).refused(429, "rate_limited"); a.header.Get("Retry-After") != "" {
		t.Errorf("what will never be allowed is to be tried again: %v", a.header)
	}
	for range 2 {
		w.bearing("nonsense").get("/v1/links").refused(401, "token_malformed")
	}
	w.bearing("nonsense").get("/v1/links").refused(429, "rate_limited")
	w.as("sky-other").get("/v1/links").is(200)
}

func TestEveryUseIsWrittenDown(t *testing.T) {
	w := newWorld(t)
	sky := w.as("sky-app")
	sky.post("/v1/quotes", quoteOf("SKYM", "EPT", "3001"), "X-Request-Id", "mine").refused(422, "amount_off_step")
	w.bearing(w.access(jwt.SigningMethodEdDSA, w.signing.ID, w.signing.Private, func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() })).get("/v1/links").refused(401, "token_expired")
	log := sky.get("/v1/access_log?problems=true&client=sky-app").is(200)
	if log.count("entries") != 2 {
		t.Fatalf("the log has %s", log.body)
	}
	for name, want := range map[string]string{"entries.1.route": "/v1/quotes", "entries.1.code": "amount_off_step", "entries.1.request_id": "mine", "entries.1.kind": "request",
		"entries.1.key_id": "key-of-sky-app", "entries.1.from": "127.0.0.1", "entries.0.code": "token_expired", "entries.0.kind": "authentication"} {
		if got := log.text(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if log.text("entries.1.token_id") == "" || log.at("entries.1.status") != 422.0 {
		t.Errorf("the log has %s", log.body)
	}
	sky.newKey("sky-other")
	changes := sky.get("/v1/access_log?kind=credential&limit=1").is(200)
	if !strings.Contains(changes.text("entries.0.detail"), "added") || changes.text("entries.0.client") != "sky-app" {
		t.Errorf("the log has %s", changes.body)
	}
	if next := sky.get("/v1/access_log?kind=credential&limit=1&cursor=" + changes.text("next_cursor")).is(200); next.count("entries") != 1 {
		t.Errorf("the next page is %s", next.body)
	}
	if other := w.as("shop-app").get("/v1/access_log?client=sky-app").is(200); other.count("entries") != 0 {
		t.Errorf("another partner reads %s", other.body)
	}
	if all := w.as("ops").get("/v1/access_log?client=sky-app").is(200); all.count("entries") < 3 {
		t.Errorf("the utility reads %s", all.body)
	}
	sky.get("/v1/access_log?kind=other&problems=no").invalid("kind not_allowed", "problems not_allowed")
}

func TestABoundTokenIsGoodOnlyWithItsCertificate(t *testing.T) {
	proxies, err := origin.New(origin.Options{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Certificates: true})
	must(t, err)
	w := newWorld(t, func(o *api.Options) { o.Origin = proxies })
	admin := w.as("sky-other")
	free := w.as("sky-app")
	admin.do("PATCH", "/v1/clients/sky-app", `{"bound_tokens":true}`, "Content-Type", "application/json").is(200)
	free.get("/v1/links").refused(401, "token_certificate")
	ask := func(header ...string) *answer {
		form := "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" + w.assertion("sky-app", nil)
		return w.nobody().do("POST", "/oauth2/token", form, append(header, "Content-Type", "application/x-www-form-urlencoded")...)
	}
	ask().is(401)
	bound := w.bearing(ask("Client-Cert", ":AQID:").is(200).text("access_token"))
	bound.get("/v1/links", "Client-Cert", ":AQID:").is(200)
	bound.get("/v1/links", "Client-Cert", ":AQIE:").refused(401, "token_certificate")
	bound.get("/v1/links").refused(401, "token_certificate")
}
