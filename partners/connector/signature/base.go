package signature

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

const (
	label            = "sig1"
	coveredWithBody  = `("@method" "@authority" "@path" "content-digest")`
	coveredWithout   = `("@method" "@authority" "@path")`
	digestHeader     = "Content-Digest"
	inputHeader      = "Signature-Input"
	signatureHeader  = "Signature"
	headerLengthMax  = 1024 // bytes of each of the three headers
	parameterTextMax = 256  // bytes of keyid and nonce
)

// message is what a signature covers.
type message struct {
	method    string
	authority string
	path      string // percent-encoded, as on the wire
	digest    string // value of Content-Digest; empty without a body
}

// appendBase appends the signature base of RFC 9421, section 2.5. The
// parameters are the inner list with its parameters, as in Signature-Input.
func (m message) appendBase(b []byte, parameters string) []byte {
	b = append(b, `"@method": `...)
	b = append(b, m.method...)
	b = append(b, "\n\"@authority\": "...)
	b = append(b, m.authority...)
	b = append(b, "\n\"@path\": "...)
	b = append(b, m.path...)
	if m.digest != "" {
		b = append(b, "\n\"content-digest\": "...)
		b = append(b, m.digest...)
	}
	b = append(b, "\n\"@signature-params\": "...)
	return append(b, parameters...)
}

// digestOf returns the Content-Digest of a body (RFC 9530).
func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	b := make([]byte, 0, 64)
	b = append(b, "sha-256=:"...)
	b = base64.StdEncoding.AppendEncode(b, sum[:])
	return string(append(b, ':'))
}

// pathOf is the path as on the wire: the empty path counts as "/" (RFC 9421,
// section 2.2.6).
func pathOf(r *http.Request) string {
	if path := r.URL.EscapedPath(); path != "" {
		return path
	}
	return "/"
}
