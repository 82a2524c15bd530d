package api_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// The walk goes over every operation of the document that needs a token, so that
// a new one cannot be forgotten: one with a parameter that is not known here
// fails until the walk has an object for it.

// walked is one operation.
type walked struct {
	method, path string // as the document writes it
	op           *openapi3.Operation
}

func (w *walked) name() string { return w.method + " " + w.path }

func walk(t *testing.T) (all []walked) {
	t.Helper()
	doc, err := loadDocument()
	must(t, err)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Security == nil || len(*op.Security) > 0 {
				all = append(all, walked{method, path, op})
			}
		}
	}
	if len(all) < 40 {
		t.Fatalf("found %d operations; the test tests nothing", len(all))
	}
	return all
}

// body is an example of the document; empty without a body.
func (w *walked) body(t *testing.T) string {
	t.Helper()
	if w.op.RequestBody == nil {
		return ""
	}
	media := w.op.RequestBody.Value.Content[w.media()]
	if w.media() != "application/json" {
		return "content"
	}
	example := media.Example
	for _, e := range media.Examples {
		example = e.Value.Value
	}
	b, err := json.Marshal(example)
	must(t, err)
	return string(b)
}

// media is the content type that the operation takes; empty without a body.
func (w *walked) media() string {
	if w.op.RequestBody != nil {
		for media := range w.op.RequestBody.Value.Content {
			return media
		}
	}
	return ""
}

// objects are what sky has: the parts of addresses by the beginning of the path.
type objects map[string]string

// owned makes one object of every kind.
func (w *world) owned() objects {
	w.t.Helper()
	sky := w.as("sky-app")
	link := w.link("sky")
	conversion := sky.convert("walk", inbound("3000", link, "D-1")).is(201).text("id")
	must(w.t, w.desk.Report(context.Background(), 20_000, []desk.Finding{finding(1, "sky")}))
	return objects{
		"/v1/breaks/{break_id}":                 finding(1, "sky").ID,
		"/v1/statements/{id}":                   w.sendFile("sky-app", "?date="+today, fmt.Sprintf(goodStatement, today), "text/csv").is(201).text("id"),
		"/v1/conversions/{id}":                  conversion,
		"/v1/conversions/{id}/{reversal_id}":    sky.post("/v1/conversions/"+conversion+"/reversals", `{"amount":"30","reference":"R-1"}`, "Idempotency-Key", "walk").is(201).text("id"),
		"/v1/quotes/{id}":                       sky.post("/v1/quotes", quoteOf("SKYM", "EPT", "3000")).is(201).text("id"),
		"/v1/links/{id}":                        link,
		"/v1/agreements/{id}":                   sky.get("/v1/agreements").is(200).text("agreements.0.id"),
		"/v1/settlements/{settlement_id}":       w.night(ledger.DateOf(time.Now()), "sky", "line\n").ID,
		"/v1/payment_orders/{order_id}":         "PG-1", // the utility's
		"/v1/webhook_endpoints/{id}":            sky.post("/v1/webhook_endpoints", `{"url":"https://127.0.0.1/hook"}`).is(201).text("id"),
		"/v1/webhook_endpoints/{id}/{sequence}": "1",
		"/v1/conversion_files/{id}":             strings.TrimPrefix(sky.create("csv"), "/v1/conversion_files/"),
		"/v1/clients/{client_id}":               "sky-other",
		"/v1/reward_events/{event_id}":          "PAY-1", // these are the utility's, and refused by scope
		"/v1/reward_rules/{rule_id}":            "prepayment.1",
		"/v1/members/{account}":                 "5f0c9d3a7e1b4c2d8a6f0e9b1c3d5a7f",
		"/v1/products/{product_id}":             "bill-10",
		"/v1/orders/{id}":                       newID().String(),
		"/v1/disputes/{id}":                     newID().String(),
		"/v1/account_actions/{id}":              newID().String(),
		"/v1/reviews/{id}":                      newID().String(),
		"/v1/product_proposals/{id}":            newID().String(),
		"/v1/return_claims/{id}":                newID().String(),
		"/v1/product_categories/{category_id}":  "electricity",
		"/v1/clients/{client_id}/{key_id}":      "key-of-sky-other",
	}
}

// address puts objects in the place of the parameters.
func (o objects) address(t *testing.T, path string) (address string, hasObject bool) {
	t.Helper()
	parts, named := strings.Split(path, "/"), ""
	for i, part := range parts {
		if i < 3 {
			named += "/" + part
			continue
		}
		if !strings.HasPrefix(part, "{") {
			continue
		}
		named += "/" + part
		object, ok := o[strings.TrimPrefix(named, "/")]
		if !ok {
			t.Fatalf("%s: the walk has no object for %s; make one in owned", path, named)
		}
		parts[i], hasObject = object, true
	}
	return strings.Join(parts, "/"), hasObject
}

func (c *caller) walk(w *walked, address, body string) *answer {
	c.w.t.Helper()
	header := []string{"Idempotency-Key", rand.Text()}
	if w.op.RequestBody != nil {
		header = append(header, "Content-Type", w.media())
	}
	if w.op.Parameters.GetByInAndName("header", "Upload-Offset") != nil {
		header = append(header, "Upload-Offset", "0")
	}
	if strings.HasSuffix(w.path, "/batch") {
		header = header[2:]
	}
	return c.do(w.method, address, body, header...)
}

func TestEveryRouteRefusesWhoIsNotKnownOrMayNot(t *testing.T) {
	w := newWorld(t)
	own := w.owned()
	expired := w.bearing(w.access(jwt.SigningMethodEdDSA, w.signing.ID, w.signing.Private, func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() }))
	for _, op := range walk(t) {
		t.Run(op.name(), func(t *testing.T) {
			address, _ := own.address(t, op.path)
			w.nobody().walk(&op, address, op.body(t)).refused(401, "token_missing")
			expired.walk(&op, address, op.body(t)).refused(401, "token_expired")
			if scopes := (*op.op.Security)[0]["accessToken"]; len(scopes) > 0 {
				other := "quotes"
				if slices.Contains(scopes, other) {
					other = "links"
				}
				a := w.bearing(w.access(jwt.SigningMethodEdDSA, w.signing.ID, w.signing.Private, func(c jwt.MapClaims) { c["scope"] = other }))
				a.walk(&op, address, op.body(t)).refused(403, "scope_missing")
			}
		})
	}
}

// What is another partner's is not there, whatever is done to it, and it is
// there for its owner afterwards as it was.
func TestEveryRouteHidesWhatIsAnothers(t *testing.T) {
	w := newWorld(t)
	own := w.owned()
	shop, sky := w.as("shop-app"), w.as("sky-app")
	type seen struct{ address, body string }
	var before []seen
	walked := slices.DeleteFunc(walk(t), func(op walked) bool { // partners have no such scope
		return slices.Contains((*op.op.Security)[0]["accessToken"], "rewards")
	})
	for _, op := range walked {
		if address, has := own.address(t, op.path); has && op.method == http.MethodGet && !strings.HasSuffix(op.path, "/receipt") {
			before = append(before, seen{address, string(sky.get(address).body)})
		}
	}
	for _, op := range walked {
		address, has := own.address(t, op.path)
		if !has {
			continue
		}
		if slices.Contains((*op.op.Security)[0]["accessToken"], "operator") {
			continue // no partner's at all
		}
		t.Run(op.name(), func(t *testing.T) {
			if scopes := (*op.op.Security)[0]["accessToken"]; slices.Contains(scopes, string(partners.ScopeMall)) || slices.Contains(scopes, string(partners.ScopeSupport)) {
				shop.walk(&op, address, op.body(t)).refused(403, "scope_missing") // no partner's client can have it
				return
			}
			shop.walk(&op, address, op.body(t)).refused(404, "not_found")
		})
	}
	for _, s := range before {
		if got := string(sky.get(s.address).body); got != s.body && !strings.Contains(s.address, "webhook") {
			t.Errorf("%s was\n%s\nand is\n%s", s.address, s.body, got)
		}
	}
}

func TestEveryBodyThatIsNestedTooDeepIsRefused(t *testing.T) {
	w, _ := withMall(t)
	w.withSupport()
	own := w.owned()
	deep := `{"a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`
	objects := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	client := map[bool]*caller{false: w.as("sky-app"), true: w.as("ops")}
	for _, op := range walk(t) {
		if op.media() != "application/json" {
			continue
		}
		t.Run(op.name(), func(t *testing.T) {
			address, _ := own.address(t, op.path)
			scopes := (*op.op.Security)[0]["accessToken"]
			c := client[slices.Contains(scopes, "operator") || slices.Contains(scopes, "sandbox") || slices.Contains(scopes, "rewards") || slices.Contains(scopes, "mall") || slices.Contains(scopes, "support")]
			for _, body := range []string{deep, objects, "[" + deep} {
				if a := c.walk(&op, address, body); a.status != 400 && a.status != 404 {
					t.Errorf("answered %d: %.200s", a.status, a.body)
				}
			}
		})
	}
}

func publicPEM(t *testing.T, key ed25519.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
