package partners_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/partnerstest"
)

// office is a directory over a store in memory, with a clock that stands still.
type office struct {
	*partners.Directory
	t     *testing.T
	store *partnerstest.Memory
	now   time.Time
}

func newOffice(t *testing.T, clients ...partners.Client) *office {
	o := &office{t: t, store: partnerstest.NewMemory(), now: time.UnixMilli(1_770_000_000_000).UTC()}
	o.open(clients...)
	return o
}

// open opens the directory as a start of the gateway does.
func (o *office) open(clients ...partners.Client) {
	o.t.Helper()
	r, err := partners.NewRegistry([]partners.Partner{sky(), shop()}, clients)
	if err != nil {
		o.t.Fatal(err)
	}
	o.Directory, err = partners.OpenDirectory(context.Background(), partners.DirectoryOptions{Registry: r, Store: o.store,
		Now: func() time.Time { return o.now }, Random: rand.Reader})
	if err != nil {
		o.t.Fatal(err)
	}
}

var (
	ofSky    = partners.Administrator{Partner: "sky", Note: partners.Access{Client: "sky-admin"}}
	ofShop   = partners.Administrator{Partner: "shop"}
	operator = partners.Administrator{Operator: true}
)

func (o *office) made(by partners.Administrator, scopes ...partners.Scope) *partners.Client {
	o.t.Helper()
	c, err := o.Create(o.t.Context(), by, partners.NewClient{Partner: "sky", Name: "nightly", Scopes: scopes})
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

func (o *office) added(c *partners.Client) *partners.Key {
	o.t.Helper()
	_, k, err := o.AddKey(o.t.Context(), ofSky, c.ID, publicPEM(o.t, newEd(o.t).Public()), time.Time{}, time.Time{})
	if err != nil {
		o.t.Fatal(err)
	}
	return k
}

// code checks that an error is a refusal with a code, and says what would be
// right.
func code(t *testing.T, err error, want string) {
	t.Helper()
	var e *partners.CredentialError
	if !errors.As(err, &e) || e.Code != want || e.Detail == "" {
		t.Errorf("error %v, want the code %s", err, want)
	}
}

func newEd(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicPEM(t *testing.T, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func jwk(t *testing.T, key any, id string) string {
	t.Helper()
	b, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: id})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnUploadedKeyIsTakenOrRefusedClearly(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	odd, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // a weak key is what this test is about
	if err != nil {
		t.Fatal(err)
	}
	strong, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ed := newEd(t)
	private, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	block := func(name string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: private}))
	}
	for name, c := range map[string]struct{ text, code string }{
		"Ed25519 in PEM":              {publicPEM(t, ed.Public()), ""},
		"ES256 as JWK":                {jwk(t, &ec.PublicKey, "mine"), ""},
		"RSA of 2048 bits":            {publicPEM(t, &strong.PublicKey), ""},
		"PEM with space around":       {"\n " + publicPEM(t, ed.Public()) + "\n", ""},
		"RSA of 1024 bits":            {publicPEM(t, &weak.PublicKey), "key_refused"},
		"another curve":               {publicPEM(t, &odd.PublicKey), "key_refused"},
		"another curve as JWK":        {jwk(t, &odd.PublicKey, "x"), "key_refused"},
		"an unknown curve":            {`{"kty":"EC","crv":"P-999","x":"AA","y":"AA"}`, "key_refused"},
		"a private key in PEM":        {block("PRIVATE KEY"), "key_private"},
		"an encrypted private key":    {block("ENCRYPTED PRIVATE KEY"), "key_private"},
		"an OpenSSH private key":      {block("OPENSSH PRIVATE KEY"), "key_private"},
		"a private JWK":               {jwk(t, ed, "x"), "key_private"},
		"a private RSA JWK":           {jwk(t, strong, "x"), "key_private"},
		"a shared secret":             {`{"kty":"oct","k":"c2VjcmV0"}`, "key_private"},
		"a certificate":               {block("CERTIFICATE"), "key_malformed"},
		"PKCS #1":                     {block("RSA PUBLIC KEY"), "key_malformed"},
		"a key set":                   {`{"keys":[]}`, "key_malformed"},
		"a key for encryption":        {`{"kty":"OKP","crv":"Ed25519","x":"AA","use":"enc"}`, "key_refused"},
		"two keys":                    {publicPEM(t, ed.Public()) + publicPEM(t, newEd(t).Public()), "key_malformed"},
		"an SSH public key":           {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", "key_malformed"},
		"nothing":                     {"", "key_malformed"},
		"damaged PEM":                 {"-----BEGIN PUBLIC KEY-----\nAAAA", "key_malformed"},
		"too much":                    {"{" + strings.Repeat(" ", 20<<10) + "}", "key_malformed"},
		"an ID that breaks addresses": {jwk(t, ed.Public(), "a/b"), "key_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := partners.ParseKey(c.text)
			if c.code == "" {
				if err != nil || k.ID == "" || k.Check() != nil {
					t.Errorf("%v, %v", k, err)
				}
				return
			}
			code(t, err, c.code)
			if strings.Contains(err.Error(), "c2VjcmV0") || strings.Contains(err.Error(), "PRIVATE KEY-----") {
				t.Errorf("the error repeats the key: %v", err)
			}
		})
	}
}

func TestAKeyIsRotatedWithOverlap(t *testing.T) {
	o := newOffice(t)
	c := o.made(ofSky, partners.ScopeQuotes)
	first := o.added(c)
	_, err := o.RetireKey(t.Context(), ofSky, c.ID, first.ID, time.Time{}, false)
	code(t, err, "last_key")
	second := o.added(c)
	later := o.now.Add(24 * time.Hour)
	if _, err := o.RetireKey(t.Context(), ofSky, c.ID, first.ID, later, false); err != nil {
		t.Fatal(err)
	}
	state := func(id string, at time.Time) partners.KeyState {
		now, _ := o.Client(c.ID)
		k, _ := now.Key(id)
		return k.State(at)
	}
	if state(first.ID, o.now) != partners.KeyActive || state(second.ID, o.now) != partners.KeyActive || state(first.ID, later) != partners.KeyExpired {
		t.Error("the keys do not overlap until the first ends")
	}
	_, err = o.RetireKey(t.Context(), ofSky, c.ID, second.ID, later, false)
	code(t, err, "last_key")
	if _, err := o.RetireKey(t.Context(), ofSky, c.ID, second.ID, time.Time{}, false); err != nil {
		t.Errorf("the first is still good: %v", err)
	}
	if state(second.ID, o.now) != partners.KeyRetired {
		t.Error("a retired key is in use")
	}
	_, err = o.RetireKey(t.Context(), ofSky, c.ID, second.ID, time.Time{}, true)
	code(t, err, "key_retired")
	if _, err := o.RetireKey(t.Context(), ofSky, c.ID, first.ID, time.Time{}, true); err != nil {
		t.Errorf("with the flag the last is retired: %v", err)
	}
}

func TestAPartnerManagesItsOwnAndGivesWhatItHas(t *testing.T) {
	o := newOffice(t)
	c := o.made(ofSky, partners.ScopeQuotes, partners.ScopeCredentials)
	if !strings.HasPrefix(c.ID, "sky-") || c.Partner != "sky" {
		t.Errorf("the client is %+v", c)
	}
	for _, err := range []error{
		second(o.Change(t.Context(), ofShop, c.ID, partners.ClientChange{})),
		second(o.RetireKey(t.Context(), ofShop, c.ID, "k", time.Time{}, true)),
		third(o.AddKey(t.Context(), ofShop, c.ID, publicPEM(t, newEd(t).Public()), time.Time{}, time.Time{})),
		second(o.RetireKey(t.Context(), ofSky, c.ID, "nobody's", time.Time{}, true)),
	} {
		if !errors.Is(err, partners.ErrNoClient) {
			t.Errorf("error %v, want %v", err, partners.ErrNoClient)
		}
	}
	if _, ok := o.Find(ofShop, c.ID); ok || len(o.Clients("shop")) != 0 {
		t.Error("a partner sees another's client")
	}
	for _, s := range []partners.Scope{partners.ScopeOperator, partners.ScopeSandbox, "root"} {
		code(t, second(o.Create(t.Context(), ofSky, partners.NewClient{Name: "n", Scopes: []partners.Scope{s}})), "scope_not_granted")
		code(t, second(o.Change(t.Context(), ofSky, c.ID, partners.ClientChange{Scopes: []partners.Scope{s}})), "scope_not_granted")
	}
	if utility, err := o.Create(t.Context(), operator, partners.NewClient{Name: "ops", Scopes: []partners.Scope{partners.ScopeOperator}}); err != nil || utility.Partner != "" {
		t.Errorf("the operator makes %v, %v", utility, err)
	}
	if theirs, err := o.Create(t.Context(), ofSky, partners.NewClient{Partner: "shop", Name: "n", Scopes: []partners.Scope{partners.ScopeQuotes}}); err != nil || theirs.Partner != "sky" {
		t.Errorf("a partner makes a client of %v, %v", theirs, err)
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func TestAChangeCountsAtOnceAndIsWrittenDown(t *testing.T) {
	o := newOffice(t)
	c := o.made(ofSky, partners.ScopeQuotes)
	o.now = o.now.Add(time.Second)
	yes, name, networks := true, "night", []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	if _, err := o.Change(t.Context(), ofSky, c.ID, partners.ClientChange{Name: &name, SignedRequests: &yes, BoundTokens: &yes, Networks: &networks,
		Scopes: []partners.Scope{partners.ScopeLinks}}); err != nil {
		t.Fatal(err)
	}
	now, ok := o.Client(c.ID)
	if !ok || now.Name != "night" || !now.SignedRequests || !now.BoundTokens || !slices.Equal(now.Scopes, []partners.Scope{partners.ScopeLinks}) ||
		now.Allows(netip.MustParseAddr("198.51.100.1")) || !now.Allows(netip.MustParseAddr("::ffff:192.0.2.9")) {
		t.Errorf("the client is %+v", now)
	}
	o.now = o.now.Add(time.Second)
	if _, err := o.Change(t.Context(), ofSky, c.ID, partners.ClientChange{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Client(c.ID); ok {
		t.Error("a disabled client may call")
	}
	log, err := o.store.Accesses(t.Context(), partners.AccessFilter{Partner: "sky", Kind: partners.AccessCredential, Limit: 10})
	if err != nil || len(log) != 3 || log[0].Client != "sky-admin" || log[0].ID.IsZero() || !strings.Contains(log[0].Detail, "disabled true") {
		t.Errorf("the log has %+v, %v", log, err)
	}
}

func TestAnotherProcessesChangeIsTakenUp(t *testing.T) {
	o := newOffice(t)
	c := o.made(ofSky, partners.ScopeQuotes)
	other := &office{t: t, store: o.store, now: o.now}
	other.open()
	key := o.added(c)
	if seen, _ := other.Client(c.ID); len(seen.Keys) != 0 {
		t.Fatal("the other knows already")
	}
	code(t, second(other.Change(t.Context(), ofSky, c.ID, partners.ClientChange{Name: &c.ID})), "credential_changed")
	if err := other.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if seen, _ := other.Client(c.ID); len(seen.Keys) != 1 || seen.Keys[0].ID != key.ID {
		t.Errorf("the other sees %+v", seen)
	}
}

func TestTheConfigurationIsTakenUpAtEveryStart(t *testing.T) {
	app := client(t, "sky-app", "sky")
	o := newOffice(t, app)
	c, ok := o.Client("sky-app")
	if !ok || !c.Configured || len(c.Keys) != 1 || !c.Keys[0].Configured {
		t.Fatalf("the client is %+v", c)
	}
	no, yes := false, true
	code(t, second(o.Change(t.Context(), ofSky, "sky-app", partners.ClientChange{Disabled: &yes})), "client_configured")
	code(t, second(o.Change(t.Context(), ofSky, "sky-app", partners.ClientChange{Scopes: []partners.Scope{"links"}})), "client_configured")
	own := o.added(c)
	if _, err := o.RetireKey(t.Context(), ofSky, "sky-app", "k1", time.Time{}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Change(t.Context(), ofSky, "sky-app", partners.ClientChange{SignedRequests: &yes, BoundTokens: &no}); err != nil {
		t.Fatal(err)
	}
	before, _ := o.Client("sky-app")
	o.open(app)
	if after, _ := o.Client("sky-app"); after.Revision != before.Revision {
		t.Errorf("a start with nothing new changed the client: %+v", after)
	}
	app.Scopes = append(app.Scopes, partners.ScopeLinks)
	app.Keys = append(app.Keys, edKey(t, "k2"))
	o.open(app)
	after, _ := o.Client("sky-app")
	state := map[string]partners.KeyState{}
	for i := range after.Keys {
		state[after.Keys[i].ID] = after.Keys[i].State(o.now)
	}
	if state["k1"] != partners.KeyRetired || state["k2"] != partners.KeyActive || state[own.ID] != partners.KeyActive || !after.SignedRequests || len(after.Scopes) != 2 {
		t.Errorf("the client is %+v, its keys %v", after, state)
	}
	app.Keys = app.Keys[:1]
	o.open(app)
	if after, _ = o.Client("sky-app"); after.Keys[2].ID != "k2" || after.Keys[2].State(o.now) != partners.KeyRetired {
		t.Errorf("a key that is no longer configured is %+v", after.Keys[2])
	}
	o.open()
	if _, ok := o.Client("sky-app"); ok {
		t.Error("a client that is no longer configured may call")
	}
	o.open(app)
	if _, ok := o.Client("sky-app"); !ok {
		t.Error("a client that is configured again may not call")
	}
}

func TestAClientIsBounded(t *testing.T) {
	o := newOffice(t)
	c := o.made(ofSky, partners.ScopeQuotes)
	for range partners.KeysMax {
		o.added(c)
	}
	code(t, third(o.AddKey(t.Context(), ofSky, c.ID, publicPEM(t, newEd(t).Public()), time.Time{}, time.Time{})), "keys_full")
	for range partners.ClientsMax - 1 {
		o.made(ofSky, partners.ScopeQuotes)
	}
	code(t, second(o.Create(t.Context(), ofSky, partners.NewClient{Name: "n", Scopes: []partners.Scope{partners.ScopeQuotes}})), "clients_full")
	for name, n := range map[string]partners.NewClient{
		"without a name":       {Scopes: []partners.Scope{partners.ScopeQuotes}},
		"without a scope":      {Name: "n"},
		"with a scope twice":   {Name: "n", Scopes: []partners.Scope{partners.ScopeQuotes, partners.ScopeQuotes}},
		"with many networks":   {Name: "n", Scopes: []partners.Scope{partners.ScopeQuotes}, Settings: partners.Settings{Networks: make([]netip.Prefix, 65)}},
		"with a name too long": {Name: strings.Repeat("n", 101), Scopes: []partners.Scope{partners.ScopeQuotes}},
	} {
		if _, err := o.Create(t.Context(), partners.Administrator{Partner: "shop"}, n); err == nil {
			t.Errorf("one %s was made", name)
		} else {
			code(t, err, "client_refused")
		}
	}
}

func TestAKeyIsRegisteredOnce(t *testing.T) {
	o := newOffice(t)
	c, d := o.made(ofSky, partners.ScopeQuotes), o.made(ofSky, partners.ScopeQuotes)
	key := newEd(t)
	add := func(c *partners.Client, text string, before, after time.Time) error {
		return third(o.AddKey(t.Context(), ofSky, c.ID, text, before, after))
	}
	if err := add(c, jwk(t, key.Public(), "a"), time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	code(t, add(c, jwk(t, newEd(t).Public(), "a"), time.Time{}, time.Time{}), "key_exists")
	code(t, add(c, jwk(t, key.Public(), "b"), time.Time{}, time.Time{}), "key_exists")
	code(t, add(d, jwk(t, key.Public(), "b"), time.Time{}, time.Time{}), "key_exists")
	code(t, add(d, jwk(t, newEd(t).Public(), "b"), time.Time{}, o.now), "key_times")
	code(t, add(d, jwk(t, newEd(t).Public(), "b"), o.now.Add(2*time.Hour), o.now.Add(time.Hour)), "key_times")
	if err := add(d, jwk(t, newEd(t).Public(), "b"), o.now.Add(time.Hour), o.now.Add(2*time.Hour)); err != nil {
		t.Error(err)
	}
	if k, _ := must(o.Client(d.ID)).Key("b"); k.State(o.now) != partners.KeyPending {
		t.Errorf("the key is %s", k.State(o.now))
	}
}

func must[T any](v T, _ bool) T { return v }
