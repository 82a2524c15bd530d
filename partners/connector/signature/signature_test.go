package signature_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

const keyID = "pointgrid-2026"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

type pair struct {
	signer   *signature.Signer
	verifier *signature.Verifier
	private  ed25519.PrivateKey
	public   ed25519.PublicKey
}

func newPair(t testing.TB) pair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signature.NewSigner(keyID, private, clock, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pair{signer: signer, verifier: newVerifier(t, public, clock), private: private, public: public}
}

func newVerifier(t testing.TB, public ed25519.PublicKey, now func() time.Time) *signature.Verifier {
	t.Helper()
	v, err := signature.NewVerifier(signature.VerifierOptions{Keys: signature.StaticKeys{keyID: public}, Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func request(method, target, body string) *http.Request {
	if body == "" {
		return httptest.NewRequest(method, target, nil)
	}
	return httptest.NewRequest(method, target, strings.NewReader(body))
}

func (p pair) signed(t testing.TB, method, target, body string) *http.Request {
	t.Helper()
	r := request(method, target, body)
	if err := p.signer.Sign(r, bytesOrNil(body)); err != nil {
		t.Fatal(err)
	}
	return r
}

func bytesOrNil(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

func TestASignedRequestIsAccepted(t *testing.T) {
	p := newPair(t)
	for name, r := range map[string]*http.Request{
		"with a body":         p.signed(t, "POST", "http://host.example/v2/debits", `{"a":1}`),
		"without a body":      p.signed(t, "GET", "http://host.example/transfers/x%20y", ""),
		"at a port":           p.signed(t, "GET", "http://host.example:8080/", ""),
		"with the empty path": p.signed(t, "GET", "http://host.example", ""),
	} {
		t.Run(name, func(t *testing.T) {
			body := ""
			if r.Method == "POST" {
				body = `{"a":1}`
			}
			got, err := p.verifier.Verify(r, []byte(body))
			if err != nil || got != keyID {
				t.Fatalf("got key %q, error %v", got, err)
			}
		})
	}
}

func TestWhatWasTamperedWithIsRefusedWithItsReason(t *testing.T) {
	p := newPair(t)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"amount":"1"}`
	setInput := func(old, new string) func(*http.Request) string {
		return func(r *http.Request) string {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), old, new, 1))
			return body
		}
	}
	cases := []struct {
		name   string
		change func(r *http.Request) (body string)
		want   signature.Reason
	}{
		{"no signature", func(r *http.Request) string { r.Header.Del("Signature"); return body }, signature.Missing},
		{"no input", func(r *http.Request) string { r.Header.Del("Signature-Input"); return body }, signature.Missing},
		{"another label", setInput("sig1=", "sig2="), signature.Missing},
		{"a body that was changed", func(*http.Request) string { return `{"amount":"9"}` }, signature.DigestMismatch},
		{"no digest", func(r *http.Request) string { r.Header.Del("Content-Digest"); return body }, signature.DigestMismatch},
		{"another method", func(r *http.Request) string { r.Method = "PUT"; return body }, signature.WrongSignature},
		{"another path", func(r *http.Request) string { r.URL.Path = "/credits"; return body }, signature.WrongSignature},
		{"another host", func(r *http.Request) string { r.Host = "evil.example"; return body }, signature.WrongSignature},
		{"another time", setInput("created=", "created=1"), signature.FromFuture},
		{"another nonce", setInput(`nonce="`, `nonce="x`), signature.WrongSignature},
		{"another key ID", setInput(keyID, "nobody"), signature.UnknownKey},
		{"a stranger's key", func(r *http.Request) string {
			signer, err := signature.NewSigner(keyID, stranger, clock, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if err := signer.Sign(r, []byte(body)); err != nil {
				t.Fatal(err)
			}
			return body
		}, signature.WrongSignature},
		{"a query string", func(r *http.Request) string { r.URL.RawQuery = "a=1"; return body }, signature.NotCovered},
		{"a bare question mark", func(r *http.Request) string { r.URL.ForceQuery = true; return body }, signature.NotCovered},
		{"the digest not covered", setInput(` "content-digest"`, ""), signature.NotCovered},
		{"one component more", setInput(`"@method"`, `"@method" "date"`), signature.NotCovered},
		{"created missing", setInput(";created=", ";nonsense="), signature.Malformed},
		{"created a string", setInput("created=1772366400", `created="1772366400"`), signature.Malformed},
		{"created negative", setInput("created=", "created=-"), signature.Malformed},
		{"created with leading zero", setInput("created=", "created=0"), signature.Malformed},
		{"keyid without quotes", setInput(`"`+keyID+`"`, keyID), signature.Malformed},
		{"keyid twice", setInput(`;keyid=`, `;keyid="a";keyid=`), signature.Malformed},
		{"another algorithm", setInput(`;keyid=`, `;alg="hmac-sha256";keyid=`), signature.Malformed},
		{"no list", setInput("(", ""), signature.Malformed},
		{"a list without end", setInput(")", ""), signature.Malformed},
		{"a bare parameter", setInput(";created=", ";created;x="), signature.Malformed},
		{"our label twice", func(r *http.Request) string {
			r.Header.Add("Signature-Input", r.Header.Get("Signature-Input"))
			return body
		}, signature.Malformed},
		{"a short signature", func(r *http.Request) string { r.Header.Set("Signature", "sig1=:AAAA:"); return body }, signature.Malformed},
		{"a signature not in base64", func(r *http.Request) string {
			r.Header.Set("Signature", "sig1=:"+strings.Repeat("*", 88)+":")
			return body
		}, signature.Malformed},
		{"a header that is too long", func(r *http.Request) string {
			r.Header.Set("Signature-Input", strings.Repeat("a", 2000))
			return body
		}, signature.Malformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := p.signed(t, "POST", "http://host.example/debits", body)
			got := c.change(r)
			_, err := p.verifier.Verify(r, []byte(got))
			var refused *signature.Error
			if !errors.As(err, &refused) || refused.Reason != c.want {
				t.Fatalf("got %v, want reason %s", err, c.want)
			}
		})
	}
}

func TestTheWindowIsFiveMinutesToBothSides(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct {
		later time.Duration
		want  signature.Reason
	}{
		{5 * time.Minute, ""}, {-5 * time.Minute, ""},
		{5*time.Minute + time.Second, signature.Stale}, {-5*time.Minute - time.Second, signature.FromFuture},
	} {
		v := newVerifier(t, p.public, func() time.Time { return noon.Add(c.later) })
		_, err := v.Verify(p.signed(t, "GET", "http://host.example/transfers/1", ""), nil)
		var refused *signature.Error
		if errors.As(err, &refused) != (c.want != "") || refused != nil && refused.Reason != c.want {
			t.Errorf("%s later: got %v, want %q", c.later, err, c.want)
		}
	}
}

func TestASignatureOfAProxyBesideOursDoesNotDisturb(t *testing.T) {
	p := newPair(t)
	r := p.signed(t, "GET", "http://host.example/transfers/1", "")
	r.Header.Set("Signature-Input", `proxy=("@method");created=1;note="a, sig1=\"b", `+r.Header.Get("Signature-Input"))
	r.Header.Add("Signature", `proxy=:AAAA:`)
	if _, err := p.verifier.Verify(r, nil); err != nil {
		t.Fatal(err)
	}
}

func TestAHostBehindARewritingProxyVerifiesThePublicAddress(t *testing.T) {
	p := newPair(t)
	r := p.signed(t, "GET", "https://loyalty.example/pointgrid/transfers/1", "")
	r.Host, r.URL.Path = "10.0.0.7:8080", "/transfers/1"
	v, err := signature.NewVerifier(signature.VerifierOptions{
		Keys: signature.StaticKeys{keyID: p.public}, Clock: clock,
		Authority: "Loyalty.example", PathPrefix: "/pointgrid/",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(r, nil); err != nil {
		t.Fatal(err)
	}
}

func TestASignerRefusesKeysThatItCannotUse(t *testing.T) {
	p := newPair(t)
	for _, id := range []string{"", "two words", `quo"te`, "键", strings.Repeat("k", 257)} {
		if _, err := signature.NewSigner(id, p.private, clock, rand.Reader); err == nil {
			t.Errorf("key ID %q was accepted", id)
		}
	}
	if _, err := signature.NewSigner(keyID, nil, clock, rand.Reader); err == nil {
		t.Error("no key was accepted")
	}
}

func BenchmarkSign(b *testing.B) {
	p := newPair(b)
	body := []byte(strings.Repeat("x", 240))
	r := request("POST", "http://host.example/debits", "")
	b.ReportAllocs()
	for b.Loop() {
		if err := p.signer.Sign(r, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	p := newPair(b)
	body := strings.Repeat("x", 240)
	r := p.signed(b, "POST", "http://host.example/debits", body)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.verifier.Verify(r, []byte(body)); err != nil {
			b.Fatal(err)
		}
	}
}
