package ledger

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// EvidenceMax bounds the signature of an [Evidence], in bytes.
const EvidenceMax = 1024

// Evidence is the signature of a company over the request that a command carries
// out, so that the company cannot deny later that it asked. The request itself
// may name a member and is not on the ledger, only its hash is.
type Evidence struct {
	// JWS is a compact JSON Web Signature with detached content: its middle part,
	// the body in base64url, is left out (RFC 7515, appendix F).
	JWS  string `json:"jws"`
	Body Hash   `json:"body_sha256"` // SHA-256 of the body that was signed
}

// The algorithms with which a body may be signed.
const (
	EvidenceEdDSA = "EdDSA" // with Ed25519, RFC 8037
	EvidenceES256 = "ES256" // with ECDSA on P-256, RFC 7518
)

// EvidenceHeader is what the protected header of an evidence says; see RFC 7515,
// section 4.
type EvidenceHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	// Path and KeyDigest are of the request, so that a signature is good for one
	// request and cannot be taken for another with the same body. KeyDigest is the
	// SHA-256 of its Idempotency-Key in base64url, empty when there is none: the key
	// is a text of the caller's, which may name a member.
	Path      string `json:"path"`
	KeyDigest string `json:"idempotency_key_sha256"`
}

// evidenceMembers are all that a protected header may have: it stands on the
// ledger for ever.
var evidenceMembers = []string{"alg", "kid", "path", "idempotency_key_sha256"}

// Errors of [Evidence.Verify]; the message says what does not hold.
var (
	// ErrEvidenceMalformed: not a detached JWS of the kind that is accepted.
	ErrEvidenceMalformed = errors.New("ledger: evidence is malformed")
	// ErrEvidenceInvalid: the signature is not that of the key over the body.
	ErrEvidenceInvalid = errors.New("ledger: evidence is not valid")
)

// Validate reports what is wrong with the form. It checks no signature: the
// contract knows no keys of companies, and takes down what the gateway has
// verified for everybody to verify again.
func (e *Evidence) Validate() error {
	if len(e.JWS) > EvidenceMax {
		return fmt.Errorf("evidence has %d bytes, at most %d", len(e.JWS), EvidenceMax)
	}
	header, signature, ok := strings.Cut(e.JWS, "..")
	if !ok || !base64url(header) || !base64url(signature) {
		return errors.New("evidence is not a compact JWS with detached content, header..signature")
	}
	if e.Body == (Hash{}) {
		return errors.New("evidence has no hash of the body")
	}
	return nil
}

func base64url(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func (e *Evidence) validateFor(k Kind) error {
	switch k {
	case KindConvertIn, KindConvertOut, KindCrossConvert, KindHold, KindPost, KindReverse:
		return e.Validate()
	}
	return fmt.Errorf("a %s carries no evidence", k)
}

// Header reads the protected header and refuses one that asks for more than
// this program does, [ErrEvidenceMalformed].
func (e *Evidence) Header() (h EvidenceHeader, err error) {
	encoded, _, _ := strings.Cut(e.JWS, "..")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return h, fmt.Errorf("%w: the header is not base64url", ErrEvidenceMalformed)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || json.Unmarshal(raw, &h) != nil {
		return h, fmt.Errorf("%w: the header is not a JSON object with alg and kid", ErrEvidenceMalformed)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(evidenceMembers, name) {
			return h, fmt.Errorf("%w: the header has %q; it goes on the ledger and has %s and nothing else",
				ErrEvidenceMalformed, name, strings.Join(evidenceMembers, ", "))
		}
	}
	if h.Algorithm != EvidenceEdDSA && h.Algorithm != EvidenceES256 {
		return h, fmt.Errorf("%w: alg must be %s or %s", ErrEvidenceMalformed, EvidenceEdDSA, EvidenceES256)
	}
	if h.KeyID == "" {
		return h, fmt.Errorf("%w: kid is missing", ErrEvidenceMalformed)
	}
	return h, nil
}

// Verify checks the signature over a body with the public key that the header's
// kid names: an [ed25519.PublicKey] or an [*ecdsa.PublicKey] on P-256. It returns
// nil, [ErrEvidenceMalformed] or [ErrEvidenceInvalid].
func (e *Evidence) Verify(body []byte, key crypto.PublicKey) error {
	if sha256.Sum256(body) != e.Body {
		return fmt.Errorf("%w: the body is not the one whose hash is on the ledger", ErrEvidenceInvalid)
	}
	if err := e.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrEvidenceMalformed, err)
	}
	h, err := e.Header()
	if err != nil {
		return err
	}
	header, encoded, _ := strings.Cut(e.JWS, "..")
	signature, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return fmt.Errorf("%w: the signature is not base64url", ErrEvidenceMalformed)
	}
	if !signedBy(h.Algorithm, key, signingInput(header, body), signature) {
		return fmt.Errorf("%w: the signature is not that of the key %q over header and body", ErrEvidenceInvalid, h.KeyID)
	}
	return nil
}

// signingInput is what is signed, RFC 7515, section 5.1.
func signingInput(header string, body []byte) []byte {
	input := make([]byte, 0, len(header)+1+base64.RawURLEncoding.EncodedLen(len(body)))
	input = append(append(input, header...), '.')
	return base64.RawURLEncoding.AppendEncode(input, body)
}

// signedBy pins the algorithm to the type of the key: a header cannot choose how
// somebody else's key is used.
func signedBy(algorithm string, key crypto.PublicKey, input, signature []byte) bool {
	switch public := key.(type) {
	case ed25519.PublicKey:
		return algorithm == EvidenceEdDSA && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, input, signature)
	case *ecdsa.PublicKey:
		if algorithm != EvidenceES256 || public.Curve != elliptic.P256() || len(signature) != 64 {
			return false
		}
		sum := sha256.Sum256(input)
		return ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	return false
}

// evidenceBit marks a kind that is followed, behind everything else, by an
// evidence. Kinds are far below it.
const evidenceBit = 0x80

func appendKind(e *wire.Encoder, k Kind, v *Evidence) {
	if v != nil {
		e.Byte(byte(k) | evidenceBit)
		return
	}
	e.Byte(byte(k))
}

func readKind(d *wire.Decoder) (k Kind, signed bool) {
	b := d.Byte()
	return Kind(b &^ evidenceBit), b&evidenceBit != 0
}

func (e *Evidence) append(w *wire.Encoder) {
	if e != nil {
		w.String(e.JWS)
		w.Raw(e.Body[:])
	}
}

func readEvidence(d *wire.Decoder) *Evidence {
	v := &Evidence{JWS: d.String()}
	copy(v.Body[:], d.Raw(len(v.Body)))
	return v
}
