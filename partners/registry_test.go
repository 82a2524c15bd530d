package partners_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners"
)

func sky() partners.Partner {
	return partners.Partner{Code: "sky", Name: "Sky Air", NameZH: "云航", Programme: "SKYM", MSP: "SkyMSP",
		In: partners.Callback, Out: partners.Push, Connector: partners.Connector{URL: "https://loyalty.sky.example/pointgrid"}}
}

func shop() partners.Partner {
	return partners.Partner{Code: "shop", Name: "Shop", Programme: "SHOP", MSP: "ShopMSP", In: partners.Push, Out: partners.Push}
}

func edKey(t *testing.T, id string) partners.Key {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return partners.Key{ID: id, Algorithm: "EdDSA", Public: public}
}

func client(t *testing.T, id, partner string, scopes ...partners.Scope) partners.Client {
	t.Helper()
	if scopes == nil {
		scopes = []partners.Scope{partners.ScopeQuotes}
	}
	return partners.Client{ID: id, Partner: partner, Scopes: scopes, Keys: []partners.Key{edKey(t, "k1")}}
}

func TestRegistryFindsPartnersAndClients(t *testing.T) {
	r, err := partners.NewRegistry([]partners.Partner{sky(), shop()},
		[]partners.Client{client(t, "sky-app", "sky"), client(t, "ops", "", partners.ScopeOperator)})
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := r.Partner("sky"); !ok || p.Programme != "SKYM" {
		t.Errorf("Partner(sky) = %v, %t", p, ok)
	}
	if p, ok := r.ByProgramme("SHOP"); !ok || p.Code != "shop" {
		t.Errorf("ByProgramme(SHOP) = %v, %t", p, ok)
	}
	if c, ok := r.Client("ops"); !ok || c.Partner != "" {
		t.Errorf("Client(ops) = %v, %t", c, ok)
	}
	if all := r.All(); len(all) != 2 || all[0].Code != "shop" || all[1].Code != "sky" {
		t.Errorf("All() = %v, want shop before sky", all)
	}
	for _, found := range []bool{has(r.Partner("nobody")), has(r.ByProgramme("EPT")), has(r.Client("nobody"))} {
		if found {
			t.Error("found somebody who was never registered")
		}
	}
}

func has[T any](_ *T, ok bool) bool { return ok }

func TestRegistryFillsInTheConnectorsDefaults(t *testing.T) {
	r, err := partners.NewRegistry([]partners.Partner{sky()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Partner("sky")
	if c := p.Connector; c.Timeout != 5*time.Second || c.MaxInFlight != 64 || c.MaxQueue != 1024 {
		t.Errorf("connector is %+v", c)
	}
}

func TestRegistryRefusesAPartner(t *testing.T) {
	cases := map[string]struct {
		change func(*partners.Partner)
		want   string
	}{
		"with a bad code":                  {func(p *partners.Partner) { p.Code = "Sky" }, "code must be"},
		"with a bad programme":             {func(p *partners.Partner) { p.Programme = "sky" }, `programme "sky" must be`},
		"without a name":                   {func(p *partners.Partner) { p.Name = "" }, "name must have"},
		"with too fine a scale":            {func(p *partners.Partner) { p.Scale = 7 }, "scale is 7"},
		"without an MSP":                   {func(p *partners.Partner) { p.MSP = "" }, "msp"},
		"without a mode":                   {func(p *partners.Partner) { p.Out = "" }, `mode "" must be`},
		"in callback without an address":   {func(p *partners.Partner) { p.Connector.URL = "" }, "connector URL is missing"},
		"with another scheme":              {func(p *partners.Partner) { p.Connector.URL = "ftp://a.example" }, "scheme"},
		"with an address without a host":   {func(p *partners.Partner) { p.Connector.URL = "https:///x" }, "no host"},
		"with a password in the address":   {func(p *partners.Partner) { p.Connector.URL = "https://u:secret@a.example" }, "user or password"},
		"with a query in the address":      {func(p *partners.Partner) { p.Connector.URL = "https://a.example?x=1" }, "query"},
		"with an address that has no form": {func(p *partners.Partner) { p.Connector.URL = "https://u:secret@[" }, "does not parse"},
		"with too long a timeout":          {func(p *partners.Partner) { p.Connector.Timeout = time.Hour }, "timeout"},
		"with a negative queue":            {func(p *partners.Partner) { p.Connector.MaxQueue = -1 }, "waiting"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := sky()
			c.change(&p)
			_, err := partners.NewRegistry([]partners.Partner{p}, nil)
			refused(t, err, `partner "`+p.Code+`"`, c.want)
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("error repeats the password: %v", err)
			}
		})
	}
}

func TestRegistryRefusesTwoPartnersWithTheSame(t *testing.T) {
	cases := map[string]struct {
		change func(*partners.Partner)
		want   string
	}{
		"code":      {func(p *partners.Partner) { p.Code = "sky" }, "code is there twice"},
		"programme": {func(p *partners.Partner) { p.Programme = "SKYM" }, `programme "SKYM" is that of partner "shop" already`},
		"MSP":       {func(p *partners.Partner) { p.MSP = "SkyMSP" }, `msp "SkyMSP" is that of partner "shop" already`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			other := shop()
			c.change(&other)
			_, err := partners.NewRegistry([]partners.Partner{sky(), other}, nil)
			refused(t, err, `partner "sky"`, c.want)
		})
	}
}

func TestRegistryRefusesAClient(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // a weak key is what this test is about
	if err != nil {
		t.Fatal(err)
	}
	odd, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		change func(*partners.Client)
		want   string
	}{
		"without an ID":                  {func(c *partners.Client) { c.ID = "" }, "ID must be"},
		"with a space in its ID":         {func(c *partners.Client) { c.ID = "sky app" }, "ID must be"},
		"of an unknown partner":          {func(c *partners.Client) { c.Partner = "nobody" }, `partner "nobody" is not registered`},
		"without a scope":                {func(c *partners.Client) { c.Scopes = nil }, "no scope"},
		"with an unknown scope":          {func(c *partners.Client) { c.Scopes = []partners.Scope{"root"} }, `scope "root" is unknown`},
		"with a scope twice":             {func(c *partners.Client) { c.Scopes = append(c.Scopes, c.Scopes[0]) }, "is there twice"},
		"of a partner as operator":       {func(c *partners.Client) { c.Scopes = []partners.Scope{"operator"} }, "for the utility's clients"},
		"without a key":                  {func(c *partners.Client) { c.Keys = nil }, "no key"},
		"with a key ID twice":            {func(c *partners.Client) { c.Keys = append(c.Keys, edKey(t, "k1")) }, `key "k1": ID is there twice`},
		"with a key without an ID":       {func(c *partners.Client) { c.Keys[0].ID = "" }, "ID must be"},
		"with another algorithm":         {func(c *partners.Client) { c.Keys[0].Algorithm = "HS256" }, "algorithm is"},
		"with a weak RSA key":            {func(c *partners.Client) { c.Keys[0].Public, c.Keys[0].Algorithm = &short.PublicKey, "RS256" }, "1024 bits"},
		"with a key on another curve":    {func(c *partners.Client) { c.Keys[0].Public, c.Keys[0].Algorithm = &odd.PublicKey, "ES256" }, "P-384"},
		"with a private key":             {func(c *partners.Client) { c.Keys[0].Public = odd }, "is a *ecdsa.PrivateKey"},
		"with a key of the wrong size":   {func(c *partners.Client) { c.Keys[0].Public = ed25519.PublicKey{1} }, "has 1 bytes"},
		"with a key that is not there":   {func(c *partners.Client) { c.Keys[0].Public = nil }, "is a <nil>"},
		"with a symmetric key instead":   {func(c *partners.Client) { c.Keys[0].Public = []byte("secret") }, "is a []uint8"},
		"with RSA's algorithm for EdDSA": {func(c *partners.Client) { c.Keys[0].Algorithm = "RS256" }, "must be one of [EdDSA]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bad := client(t, "sky-app", "sky")
			c.change(&bad)
			_, err := partners.NewRegistry([]partners.Partner{sky()}, []partners.Client{bad})
			refused(t, err, `client "`+bad.ID+`"`, c.want)
		})
	}
}

func TestRegistryRefusesAClientIDTwice(t *testing.T) {
	_, err := partners.NewRegistry([]partners.Partner{sky()}, []partners.Client{client(t, "a", "sky"), client(t, "a", "")})
	refused(t, err, `client "a"`, "ID is there twice")
}

func TestRegistryNamesEveryFault(t *testing.T) {
	a, b := sky(), shop()
	a.Scale, b.MSP = 9, ""
	_, err := partners.NewRegistry([]partners.Partner{a, b}, []partners.Client{{ID: "x"}})
	refused(t, err, "scale is 9", `partner "shop": msp`, `client "x": has no scope`, `client "x": has no key`)
}

func TestRegistryKeepsItsOwnCopy(t *testing.T) {
	c := client(t, "sky-app", "sky")
	all := []partners.Partner{sky()}
	r, err := partners.NewRegistry(all, []partners.Client{c})
	if err != nil {
		t.Fatal(err)
	}
	all[0].Name, c.Scopes[0] = "changed", partners.ScopeOperator
	r.All()[0].Name = "changed"
	p, _ := r.Partner("sky")
	kept, _ := r.Client("sky-app")
	if p.Name != "Sky Air" || kept.Scopes[0] != partners.ScopeQuotes {
		t.Errorf("registry changed with its input: %q, %v", p.Name, kept.Scopes)
	}
}

func refused(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("was accepted")
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}
