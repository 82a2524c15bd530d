package signature

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Window is how far from the verifier's clock a signature may have been
// created, in both directions.
const Window = 5 * time.Minute

// VerifierOptions configure a [Verifier].
type VerifierOptions struct {
	Keys  KeySource        // required
	Clock func() time.Time // required
	// Authority is the public host name under which the gateway calls, for a
	// host behind a proxy that changes the Host header. Empty: the header counts.
	Authority string
	// PathPrefix is what such a proxy took away from the front of the path.
	PathPrefix string
}

// Verifier checks the signatures of requests. It is safe for concurrent use.
type Verifier struct {
	keys      KeySource
	clock     func() time.Time
	authority string
	prefix    string
}

// NewVerifier returns a Verifier, or an error if keys or clock are missing.
func NewVerifier(o VerifierOptions) (*Verifier, error) {
	if o.Keys == nil || o.Clock == nil {
		return nil, errors.New("signature: keys and clock are required")
	}
	return &Verifier{
		keys: o.Keys, clock: o.Clock,
		authority: strings.ToLower(o.Authority), prefix: strings.TrimSuffix(o.PathPrefix, "/"),
	}, nil
}

// Verify checks a request with the body that was read from it and returns the
// ID of the key that signed it. It returns an [*Error] if the signature must be
// refused, and another error if the keys could not be looked up.
func (v *Verifier) Verify(r *http.Request, body []byte) (keyID string, err error) {
	p, sig, err := v.read(r)
	if err != nil {
		return "", err
	}
	m, err := v.message(r, p, body)
	if err != nil {
		return "", err
	}
	if err := v.checkTime(p.created); err != nil {
		return "", err
	}
	key, err := v.keys.Key(r.Context(), p.keyID)
	if errors.Is(err, ErrUnknownKey) {
		return "", refuse(UnknownKey, "no key with keyid %q", p.keyID)
	}
	if err != nil {
		return "", fmt.Errorf("signature: look up key %q: %w", p.keyID, err)
	}
	var buffer [1024]byte
	if !ed25519.Verify(key, m.appendBase(buffer[:0], p.text), sig[:]) {
		return "", refuse(WrongSignature, "the signature does not verify for %s %s at %s", m.method, m.path, m.authority)
	}
	return p.keyID, nil
}

// read takes our signature out of the headers.
func (v *Verifier) read(r *http.Request) (parameters, [64]byte, error) {
	var sig [64]byte
	input, err := header(r, inputHeader)
	if err != nil {
		return parameters{}, sig, err
	}
	value, err := header(r, signatureHeader)
	if err != nil {
		return parameters{}, sig, err
	}
	if err := signatureBytes(value, &sig); err != nil {
		return parameters{}, sig, err
	}
	p, err := parseParameters(input)
	return p, sig, err
}

// header returns our member of a dictionary header.
func header(r *http.Request, name string) (string, error) {
	lines := r.Header[name]
	if len(lines) == 0 {
		return "", refuse(Missing, "no %s header", name)
	}
	text := lines[0]
	if len(lines) > 1 {
		text = strings.Join(lines, ", ")
	}
	if len(text) > headerLengthMax {
		return "", refuse(Malformed, "%s has more than %d bytes", name, headerLengthMax)
	}
	value, ok, err := member(text)
	if err != nil {
		return "", err
	}
	if !ok || value == "" {
		return "", refuse(Missing, "no %s in %s", label, name)
	}
	return value, nil
}

// message gathers what the signature must cover, and checks the digest.
func (v *Verifier) message(r *http.Request, p parameters, body []byte) (message, error) {
	m := message{method: r.Method, authority: v.authority, path: v.prefix + pathOf(r)}
	if m.authority == "" {
		m.authority = strings.ToLower(r.Host)
	}
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return m, refuse(NotCovered, "a request must not have a query string")
	}
	want := coveredWithout
	if r.Method == http.MethodPost || len(body) > 0 {
		want = coveredWithBody
	}
	if p.covered != want {
		return m, refuse(NotCovered, "the covered components must be %s", want)
	}
	if want == coveredWithout {
		return m, nil
	}
	digests := r.Header[digestHeader]
	if len(digests) != 1 || digests[0] != digestOf(body) {
		return m, refuse(DigestMismatch, "Content-Digest must be the sha-256 of the body, alone")
	}
	m.digest = digests[0]
	return m, nil
}

func (v *Verifier) checkTime(created time.Time) error {
	switch age := v.clock().Sub(created); {
	case age > Window:
		return refuse(Stale, "created is more than %s ago", Window)
	case age < -Window:
		return refuse(FromFuture, "created is more than %s ahead", Window)
	}
	return nil
}
