package oauth_test

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/oauth"
	"github.com/pointgrid/pointgrid/web/origin"
)

// change replaces a client, as the directory does.
func (d *desk) change(id string, change func(*partners.Client)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.clients[id].Clone()
	change(c)
	d.clients[id] = c
}

func denied(t *testing.T, err error, code string) {
	t.Helper()
	var d *oauth.Denial
	if !errors.As(err, &d) || d.Code != code {
		t.Errorf("error %v, want the code %s", err, code)
	}
}

func TestATokenEndsWithTheKeyThatAskedForIt(t *testing.T) {
	d := newDesk(t)
	token := d.ask(t, form(d.assertion(t, nil))).AccessToken
	if c, err := d.tokens.Verify(token); err != nil || c.Key != "EdDSA" {
		t.Fatalf("%+v, %v", c, err)
	}
	retire := func(id string) {
		d.change("sky-app", func(c *partners.Client) {
			k, _ := c.Key(id)
			k.RetiredAt = d.clock.Now()
		})
	}
	retire("ES256")
	if _, err := d.tokens.Verify(token); err != nil {
		t.Errorf("another key was retired: %v", err)
	}
	retire("EdDSA")
	_, err := d.tokens.Verify(token)
	denied(t, err, oauth.CodeKey)
	var denial *oauth.Denial
	if errors.As(err, &denial) && (denial.Caller.Client != "sky-app" || denial.Caller.Partner != "sky" || denial.Caller.TokenID == "") {
		t.Errorf("the denial names %+v", denial.Caller)
	}
}

func TestAKeyAsksForTokensOnlyInItsTime(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct {
		change func(*partners.Key)
		status int
	}{
		"not yet":    {func(k *partners.Key) { k.NotBefore = d.clock.Now().Add(time.Minute) }, 401},
		"no longer":  {func(k *partners.Key) { k.NotAfter = d.clock.Now() }, 401},
		"retired":    {func(k *partners.Key) { k.RetiredAt = d.clock.Now() }, 401},
		"in between": {func(k *partners.Key) { k.NotBefore, k.NotAfter = d.clock.Now(), d.clock.Now().Add(time.Second) }, 200},
	} {
		d.change("sky-app", func(client *partners.Client) {
			k, _ := client.Key("EdDSA")
			k.NotBefore, k.NotAfter, k.RetiredAt = time.Time{}, time.Time{}, time.Time{}
			c.change(k)
		})
		if a := d.ask(t, form(d.assertion(t, nil))); a.status != c.status {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestABoundTokenNeedsItsCertificate(t *testing.T) {
	d := newDesk(t)
	mine, other := origin.Certificate{1}, origin.Certificate{2}
	here := netip.MustParseAddr("192.0.2.1")
	token := func(c origin.Certificate) oauth.Caller {
		t.Helper()
		signed, _, _, err := d.tokens.Issue(oauth.Grant{Client: "sky-app", Scopes: oauth.Only("quotes"), Certificate: c})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // once from the signature, once from the cache
			if _, err := d.tokens.Verify(signed); err != nil {
				t.Fatal(err)
			}
		}
		caller, err := d.tokens.Verify(signed)
		if err != nil {
			t.Fatal(err)
		}
		return caller
	}
	bound, free := token(mine), token(origin.Certificate{})
	if err := bound.CheckPlace(here, mine); err != nil {
		t.Error(err)
	}
	denied(t, bound.CheckPlace(here, other), oauth.CodeCertificate)
	denied(t, bound.CheckPlace(here, origin.Certificate{}), oauth.CodeCertificate)
	if err := free.CheckPlace(here, other); err != nil {
		t.Error(err)
	}
	d.change("sky-app", func(c *partners.Client) { c.BoundTokens = true })
	if a := d.ask(t, form(d.assertion(t, nil))); a.status != http.StatusUnauthorized {
		t.Errorf("without a certificate: %+v", a)
	}
	after := token(origin.Certificate{})
	denied(t, after.CheckPlace(here, mine), oauth.CodeCertificate)
}

func TestAClientCallsFromItsNetworksOnly(t *testing.T) {
	d := newDesk(t)
	caller, err := d.tokens.Verify(d.ask(t, form(d.assertion(t, nil))).AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	d.change("sky-app", func(c *partners.Client) {
		c.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	})
	caller.Registered = d.clients["sky-app"]
	for from, good := range map[string]bool{"192.0.2.7": true, "::ffff:192.0.2.7": true, "2001:db8::1": true, "192.0.3.7": false, "2001:db9::1": false} {
		if err := caller.CheckPlace(netip.MustParseAddr(from), origin.Certificate{}); (err == nil) != good {
			t.Errorf("from %s: %v", from, err)
		}
	}
	denied(t, caller.CheckPlace(netip.Addr{}, origin.Certificate{}), oauth.CodeAddress)
	if a := d.ask(t, form(d.assertion(t, nil))); a.status != http.StatusUnauthorized {
		t.Errorf("a token from elsewhere: %+v", a)
	}
}

// FAPI 2.0 Security Profile, section 5.3.2.1 and 5.4.1: sender-constrained tokens, the
// issuer as the one audience, PS256, ES256 or EdDSA.
func TestFAPILeavesNoChoice(t *testing.T) {
	d := newDesk(t)
	strict, err := oauth.NewTokens(oauth.Options{Issuer: issuer, Keys: []partners.SigningKey{d.signing}, Registry: d, Now: d.clock.Now, Random: rand.Reader, FAPI: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(oauth.NewEndpoint(strict, d.used, slog.New(slog.DiscardHandler)))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	own := server.TLS.Certificates[0]
	ask := func(certificates []tls.Certificate, assertion string) (status int, description, token string) {
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = certificates
		r, err := (&http.Client{Transport: transport}).PostForm(server.URL, form(assertion))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var a answer
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, a.Description, a.AccessToken
	}
	shown := []tls.Certificate{own}
	to := func(audience any) string { return d.assertion(t, func(c jwt.MapClaims) { c["aud"] = audience }) }
	claims := d.claim()
	claims["aud"] = issuer
	for name, c := range map[string]struct {
		shown           []tls.Certificate
		assertion, want string
	}{
		"without a certificate":      {nil, to(issuer), "certificate"},
		"for the token endpoint":     {shown, to(issuer + "/oauth2/token"), "aud"},
		"for the issuer and another": {shown, to([]string{issuer, "https://other.example"}), "aud"},
		"signed with RS256":          {shown, d.sign(t, "RS256", "RS256", d.keys["RS256"], claims), "alg is not allowed"},
	} {
		if status, description, token := ask(c.shown, c.assertion); status != 401 || token != "" || !strings.Contains(description, c.want) {
			t.Errorf("%s: %d %s", name, status, description)
		}
	}
	status, description, token := ask(shown, to(issuer))
	if status != 200 {
		t.Fatalf("%d %s", status, description)
	}
	caller, err := strict.Verify(token)
	if err != nil || caller.Certificate == "" {
		t.Fatalf("%+v, %v", caller, err)
	}
	denied(t, caller.CheckPlace(netip.Addr{}, origin.Certificate{}), oauth.CodeCertificate)
	unbound, _, err := strict.Mint("sky-app", oauth.Only("quotes"))
	if err != nil {
		t.Fatal(err)
	}
	if caller, err = strict.Verify(unbound); err != nil {
		t.Fatal(err)
	}
	denied(t, caller.CheckPlace(netip.Addr{}, origin.Certificate{}), oauth.CodeCertificate)
}
