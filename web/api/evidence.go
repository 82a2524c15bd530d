package api

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/problem"
)

// signatureHeader in the form that http.Header has it.
const signatureHeader = "Pointgrid-Signature"

func badSignature(code, detail string) *problem.Problem {
	return problem.New(http.StatusBadRequest, code, detail)
}

// evidence returns the signature of a request whose body was read, verified with
// a key of the caller and kept with the body; nil when there is none and none is
// needed.
func (r *request) evidence(body []byte) (*ledger.Evidence, error) {
	values := r.c.Request.Header[signatureHeader]
	switch {
	case len(values) == 0 && r.caller.Registered.SignedRequests:
		return nil, badSignature("signature_missing", "the client signs its requests: send PointGrid-Signature, a detached JWS over the body")
	case len(values) == 0:
		return nil, nil
	case len(values) > 1:
		return nil, badSignature("signature_malformed", "there are several PointGrid-Signature headers; send one")
	}
	e := &ledger.Evidence{JWS: values[0], Body: sha256.Sum256(body)}
	if err := r.checkSignature(e, body); err != nil {
		return nil, err
	}
	return e, r.a.o.Signed.KeepSigned(r.context(), e.Body, body, r.began.UnixMilli())
}

// unsigned refuses a client that signs its requests where points are moved
// without a signature.
func (r *request) unsigned() error {
	if r.caller.Registered.SignedRequests {
		return badSignature("signature_missing", "the client signs its requests, and the conversions of a file cannot carry a signature; send batches")
	}
	return nil
}

func (r *request) checkSignature(e *ledger.Evidence, body []byte) error {
	if err := e.Validate(); err != nil {
		return badSignature("signature_malformed", err.Error())
	}
	h, err := e.Header()
	if err != nil {
		return badSignature("signature_malformed", err.Error())
	}
	if h.Path != r.c.Request.URL.Path || h.KeyDigest != keyDigest(r.c.Request.Header.Get("Idempotency-Key")) {
		return badSignature("signature_invalid", "the protected header must have this request's path and, if it has an Idempotency-Key, that key's SHA-256 in base64url as idempotency_key_sha256")
	}
	key, ok := r.caller.Registered.Key(h.KeyID)
	if !ok || !key.Signs() || key.State(r.began) != partners.KeyActive {
		return badSignature("signature_invalid", "kid is not the ID of a key of the client that is valid and EdDSA or ES256")
	}
	if key.Algorithm != h.Algorithm {
		return badSignature("signature_invalid", "alg must be "+key.Algorithm+", as the key was registered")
	}
	err = e.Verify(body, key.Public)
	switch {
	case errors.Is(err, ledger.ErrEvidenceMalformed):
		return badSignature("signature_malformed", err.Error())
	case err != nil:
		return badSignature("signature_invalid", "the signature is not that of the key over the header and this body, byte for byte")
	}
	return nil
}

// keyDigest is [ledger.EvidenceHeader.KeyDigest] of an Idempotency-Key.
func keyDigest(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (a *API) getEvidence(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	c, err := a.o.Exchange.Conversion(r.context(), r.party, id)
	if err != nil {
		return reply{}, err
	}
	if c.Evidence == nil {
		return reply{}, notFound("the conversion was asked for without a signature")
	}
	body, err := a.o.Signed.SignedRequest(r.context(), c.Evidence.Body)
	if err != nil {
		return reply{}, err
	}
	out := SignedRequest{Client: c.Party.Client, Jws: c.Evidence.JWS, BodySha256: c.Evidence.Body.String(), Body: base64.StdEncoding.EncodeToString(body)}
	out.Jwk = a.signerOf(c)
	return ok(&out), nil
}

// signerOf is the public key by which a conversion was asked for.
func (a *API) signerOf(c *exchange.Conversion) string {
	h, err := c.Evidence.Header()
	if err != nil {
		return ""
	}
	client, found := a.o.Registry.Find(partners.Administrator{Operator: true}, c.Party.Client)
	if !found {
		return ""
	}
	key, found := client.Key(h.KeyID)
	if !found {
		return ""
	}
	return jwkOf(key)
}
