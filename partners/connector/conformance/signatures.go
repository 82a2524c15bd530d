package conformance

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

const fixVerify = "Verify the signature over exactly @method, @authority, @path and content-digest, as received, before you read the body's content."

var signatureRules = []Rule{
	must("CN-SIGNATURE-01", "a request without a signature is refused", "no `Signature` or `Signature-Input` header, or no `sig1` in them",
		"Refuse with 401 signature_invalid, reason missing, when one of the two headers is not there.",
		func(s *suite, t *trial) {
			for _, header := range []string{"Signature", "Signature-Input"} {
				s.wantBadSignature(t, raw{what: "a debit without the header " + header, spoil: func(r *http.Request) { r.Header.Del(header) }}, signature.Missing)
			}
		}),
	must("CN-SIGNATURE-02", "a request signed with another key is refused", "| `wrong_signature` | the signature does not verify |", fixVerify,
		func(s *suite, t *trial) {
			s.wantBadSignature(t, raw{what: "a debit signed with another key", signer: s.sign(t, s.KeyID, newKey(), 0)}, signature.WrongSignature)
		}),
	must("CN-SIGNATURE-03", "a request signed with an unknown key is refused", "| `unknown_key` | no key with that `keyid` |",
		"Look the key up by keyid in the gateway's key set, and refuse with reason unknown_key when it is not there.",
		func(s *suite, t *trial) {
			s.wantBadSignature(t, raw{what: "a debit signed with a key that nobody knows", signer: s.sign(t, "nobody-"+newID().String(), newKey(), 0)}, signature.UnknownKey)
		}),
	must("CN-SIGNATURE-04", "a request signed more than five minutes ago is refused", "| `stale` | `created` is more than 5 minutes ago |",
		"Compare created with your clock, which must be set by NTP; more than 300 seconds ago is stale.",
		func(s *suite, t *trial) {
			s.wantBadSignature(t, raw{what: "a debit signed six minutes ago", signer: s.sign(t, s.KeyID, s.Key, -6*time.Minute)}, signature.Stale)
		}),
	must("CN-SIGNATURE-05", "a request signed more than five minutes ahead is refused", "| `from_future` | `created` is more than 5 minutes ahead |",
		"Compare created with your clock, which must be set by NTP; more than 300 seconds ahead is from_future.",
		func(s *suite, t *trial) {
			s.wantBadSignature(t, raw{what: "a debit signed for six minutes from now", signer: s.sign(t, s.KeyID, s.Key, 6*time.Minute)}, signature.FromFuture)
		}),
	must("CN-SIGNATURE-06", "a request signed four minutes ago is accepted", "The parameters are `created`, `keyid` and `nonce`, all required",
		"Allow five minutes in both directions: clocks differ, and requests wait.",
		func(s *suite, t *trial) {
			q := debitOf(s.transfer(s.balance + 1))
			q.what, q.signer = "a debit signed four minutes ago", s.sign(t, s.KeyID, s.Key, -4*time.Minute)
			s.wantRead(t, q)
		}),
	must("CN-SIGNATURE-07", "a body that was changed is refused", "| `digest_mismatch` | `Content-Digest` is not that of the body |",
		"Compute the SHA-256 of the bytes received, and compare it with Content-Digest.",
		func(s *suite, t *trial) {
			s.wantBadSignature(t, raw{what: "a debit whose body was changed after signing", sentBody: connector.EncodeTransfer(s.transfer(1))}, signature.DigestMismatch)
		}),
	must("CN-SIGNATURE-08", "a body and digest that were changed are refused", "RFC 9530, `sha-256`; on every request with a body", fixVerify, checkForgedDigest),
	must("CN-SIGNATURE-09", "a signature of another path is refused", "the path as the gateway sent it, still percent-encoded", fixVerify,
		func(s *suite, t *trial) {
			s.wantBadSignature(t, raw{what: "a debit with the signature of a credit", path: "/credits", spoil: func(r *http.Request) {
				r.URL.Path = strings.TrimSuffix(r.URL.Path, "credits") + "debits"
			}}, signature.WrongSignature)
		}),
	must("CN-SIGNATURE-10", "a request with a query string is refused", "No request has a query string",
		"Refuse every request that has a query string, with reason not_covered.",
		func(s *suite, t *trial) {
			s.wantBadSignature(t, raw{what: "a debit with a query string", spoil: func(r *http.Request) { r.URL.RawQuery = "a=b" }}, signature.NotCovered)
		}),
	must("CN-SIGNATURE-11", "a signature that leaves the digest out is refused", "the covered components are not exactly those above",
		"Compare the list of covered components with the one that the document demands, also in number and order.", checkUncoveredDigest),
	must("CN-SIGNATURE-12", "a question without a signature is refused", "Every request is signed by the gateway with an HTTP Message Signature",
		"Verify the signature of GET requests too.",
		func(s *suite, t *trial) {
			for _, path := range []string{"/transfers/" + newID().String(), "/reversals/" + newID().String(), "/statements/2026-03-01"} {
				p := s.wantRefusal(t, raw{what: "GET " + path + " without a signature", method: http.MethodGet, path: path,
					spoil: func(r *http.Request) { r.Header.Del("Signature") }}, connector.SignatureInvalid)
				wantReason(t, p, signature.Missing)
			}
		}),
	must("CN-SIGNATURE-13", "a signature that does not parse is refused", "the headers do not parse, or a parameter is missing, unknown or of the wrong type",
		"Refuse what you cannot parse with reason malformed; never answer it with status 500.", checkMalformed),
	must("CN-SIGNATURE-14", "a replayed request is a repeat", "The nonce makes each signature different; a host need not remember it",
		"Do not refuse a nonce that you have seen; the transfer_id makes the request harmless.",
		func(s *suite, t *trial) {
			q := debitOf(s.transfer(s.balance + 1))
			q.what, q.signer = "a debit sent twice with one signature", &once{s.signer, nil}
			first := s.wantRead(t, q)
			if again := s.wantRead(t, q); string(again) != string(first) {
				t.Fatalf("a debit sent twice with one signature was answered %s, then %s", clip(first), clip(again))
			}
		}),
}

func checkForgedDigest(s *suite, t *trial) {
	other := debitOf(s.transfer(1))
	forged := s.newRequest(t, t.Context(), other)
	s.wantBadSignature(t, raw{what: "a debit whose body and digest were changed after signing", sentBody: other.body, spoil: func(r *http.Request) {
		r.Header["Content-Digest"] = forged.Header["Content-Digest"]
	}}, signature.WrongSignature)
}

func checkUncoveredDigest(s *suite, t *trial) {
	bare := s.newRequest(t, t.Context(), raw{method: http.MethodPost, path: "/debits"})
	s.wantBadSignature(t, raw{what: "a debit whose signature does not cover its digest", spoil: func(r *http.Request) {
		r.Header["Signature"], r.Header["Signature-Input"] = bare.Header["Signature"], bare.Header["Signature-Input"]
	}}, signature.NotCovered)
}

func checkMalformed(s *suite, t *trial) {
	for what, spoil := range map[string]func(input string) string{
		"without a nonce":             func(input string) string { return input[:strings.Index(input, ";nonce=")] },
		"created at a text":           func(input string) string { return strings.Replace(input, ";created=", `;created="`, 1) },
		"with a parameter of its own": func(input string) string { return input + `;colour="red"` },
	} {
		s.wantBadSignature(t, raw{what: "a debit with a signature " + what, spoil: func(r *http.Request) {
			r.Header.Set("Signature-Input", spoil(r.Header.Get("Signature-Input")))
		}}, signature.Malformed)
	}
}

// wantBadSignature sends a debit that would be done, were it signed well, and
// fails the rule unless it is refused for the reason, without a trace.
func (s *suite) wantBadSignature(t *trial, q raw, reason signature.Reason) {
	tr := s.transfer(1)
	q.method, q.body = http.MethodPost, connector.EncodeTransfer(tr)
	if q.path == "" {
		q.path = "/debits"
	}
	p := s.wantRefusal(t, q, connector.SignatureInvalid)
	wantReason(t, p, reason)
	s.wantNeverSeen(t, tr.ID)
}

// wantReason notes an error unless a refusal says why; what is no such refusal
// was noted before.
func wantReason(t *trial, p connector.Problem, reason signature.Reason) {
	if p.Code == connector.SignatureInvalid && p.Reason != reason {
		t.Errorf("the signature is refused with reason %q, must be %q", p.Reason, reason)
	}
}

// newKey is a key that nobody trusts; crypto/rand does not fail.
func newKey() ed25519.PrivateKey {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
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
