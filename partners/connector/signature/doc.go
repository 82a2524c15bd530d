// Package signature signs and verifies the requests of the Connector API with
// HTTP Message Signatures (RFC 9421), in exactly one profile, the one that
// openapi/connector.yaml describes: label sig1, Ed25519, the components
// @method, @authority, @path and, with a body, content-digest (RFC 9530,
// sha-256), the parameters created, keyid and nonce.
//
// It promises that a request which [Verifier.Verify] accepts was signed by the
// holder of the named key, within five minutes of the verifier's clock, for
// this method, authority, path and body. It refuses everything outside of the
// profile, and says why with a [Reason].
//
// It does not remember nonces: every call of the Connector API is idempotent,
// so a replayed request gets the old answer and does no work.
//
// One profile needs no general library: the one that we measured against
// (github.com/remitly-oss/httpsig-go, which tests here use in both directions)
// takes its clock from the system and panics on a parameter of the wrong type.
package signature
