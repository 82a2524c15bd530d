package conformance

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

var signatureRules = []rule{
	{"a request without a signature is refused", func(s *suite, t *testing.T) {
		for _, header := range []string{"Signature", "Signature-Input"} {
			s.wantBadSignature(t, raw{spoil: func(r *http.Request) { r.Header.Del(header) }}, signature.Missing)
		}
	}},
	{"a request signed with another key is refused", func(s *suite, t *testing.T) {
		s.wantBadSignature(t, raw{signer: s.sign(t, s.KeyID, newKey(t), 0)}, signature.WrongSignature)
	}},
	{"a request signed with an unknown key is refused", func(s *suite, t *testing.T) {
		s.wantBadSignature(t, raw{signer: s.sign(t, "nobody-"+newID(t).String(), newKey(t), 0)}, signature.UnknownKey)
	}},
	{"a request signed more than five minutes ago is refused", func(s *suite, t *testing.T) {
		s.wantBadSignature(t, raw{signer: s.sign(t, s.KeyID, s.Key, -6*time.Minute)}, signature.Stale)
	}},
	{"a request signed more than five minutes ahead is refused", func(s *suite, t *testing.T) {
		s.wantBadSignature(t, raw{signer: s.sign(t, s.KeyID, s.Key, 6*time.Minute)}, signature.FromFuture)
	}},
	{"a request signed four minutes ago is accepted", func(s *suite, t *testing.T) {
		q := debitOf(s.transfer(t, s.balance+1))
		q.signer = s.sign(t, s.KeyID, s.Key, -4*time.Minute)
		if status, _, body := s.send(t, q); status != http.StatusOK {
			t.Fatalf("got status %d, %.200s", status, body)
		}
	}},
	{"a body that was changed is refused", func(s *suite, t *testing.T) {
		other := s.transfer(t, 1)
		s.wantBadSignature(t, raw{sentBody: connector.EncodeTransfer(other)}, signature.DigestMismatch)
	}},
	{"a body and digest that were changed are refused", func(s *suite, t *testing.T) {
		other := connector.EncodeTransfer(s.transfer(t, 1))
		forged, err := http.NewRequest(http.MethodPost, s.BaseURL+"/debits", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.signer.Sign(forged, other); err != nil {
			t.Fatal(err)
		}
		s.wantBadSignature(t, raw{sentBody: other, spoil: func(r *http.Request) {
			r.Header["Content-Digest"] = forged.Header["Content-Digest"]
		}}, signature.WrongSignature)
	}},
	{"a signature of another path is refused", func(s *suite, t *testing.T) {
		s.wantBadSignature(t, raw{path: "/credits", spoil: func(r *http.Request) {
			r.URL.Path = r.URL.Path[:len(r.URL.Path)-len("credits")] + "debits"
		}}, signature.WrongSignature)
	}},
	{"a request with a query string is refused", func(s *suite, t *testing.T) {
		s.wantBadSignature(t, raw{spoil: func(r *http.Request) { r.URL.RawQuery = "a=b" }}, signature.NotCovered)
	}},
	{"a signature that leaves the digest out is refused", func(s *suite, t *testing.T) {
		bare, err := http.NewRequest(http.MethodPost, s.BaseURL+"/debits", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.signer.Sign(bare, nil); err != nil {
			t.Fatal(err)
		}
		s.wantBadSignature(t, raw{spoil: func(r *http.Request) {
			r.Header["Signature"], r.Header["Signature-Input"] = bare.Header["Signature"], bare.Header["Signature-Input"]
		}}, signature.NotCovered)
	}},
	{"a question without a signature is refused", func(s *suite, t *testing.T) {
		for _, path := range []string{"/transfers/" + newID(t).String(), "/reversals/" + newID(t).String(), "/statements/2026-03-01"} {
			p := s.wantRefusal(t, raw{method: http.MethodGet, path: path, spoil: func(r *http.Request) { r.Header.Del("Signature") }}, connector.SignatureInvalid)
			if p.Reason != signature.Missing {
				t.Errorf("%s: reason %q, want missing", path, p.Reason)
			}
		}
	}},
	{"a replayed request is a repeat", func(s *suite, t *testing.T) {
		tr := s.transfer(t, s.balance+1)
		q := debitOf(tr)
		q.signer = &once{s.signer, nil}
		_, _, first := s.send(t, q)
		if _, _, again := s.send(t, q); string(again) != string(first) {
			t.Fatalf("first %s, then %s", first, again)
		}
	}},
}

// wantBadSignature sends a debit that would be done, were it signed well, and
// fails the test unless it is refused for the reason, without a trace.
func (s *suite) wantBadSignature(t *testing.T, q raw, reason signature.Reason) {
	t.Helper()
	tr := s.transfer(t, 1)
	q.method, q.body = http.MethodPost, connector.EncodeTransfer(tr)
	if q.path == "" {
		q.path = "/debits"
	}
	p := s.wantRefusal(t, q, connector.SignatureInvalid)
	if p.Reason != reason {
		t.Errorf("reason is %q, want %q", p.Reason, reason)
	}
	s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// once signs the first request and gives all others the same headers.
type once struct {
	signer connector.RequestSigner
	first  http.Header
}

// Sign implements connector.RequestSigner.
func (o *once) Sign(r *http.Request, body []byte) error {
	if o.first == nil {
		if err := o.signer.Sign(r, body); err != nil {
			return err
		}
		o.first = r.Header.Clone()
		return nil
	}
	for _, name := range []string{"Content-Digest", "Signature-Input", "Signature"} {
		r.Header[name] = o.first[name]
	}
	return nil
}
