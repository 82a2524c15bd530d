package oauth

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Codes of a [Denial].
const (
	CodeMissing     = "token_missing"
	CodeMalformed   = "token_malformed"
	CodeSignature   = "token_signature"
	CodeExpired     = "token_expired"
	CodeNotYetValid = "token_not_yet_valid"
	CodeIssuer      = "token_issuer"
	CodeAudience    = "token_audience"
	CodeClient      = "token_client"
	CodeKey         = "token_key"
	CodeCertificate = "token_certificate"
	CodeAddress     = "address_refused" // the token is good, the place is not
)

// Denial says why an access token was not accepted.
type Denial struct {
	Code   string
	Detail string
	// Caller is whom the token was given to, as far as its signature proves it.
	Caller Caller
}

// Error implements error.
func (d *Denial) Error() string { return "oauth: " + d.Code + ": " + d.Detail }

func deny(code, format string, args ...any) *Denial {
	return &Denial{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// denial names what the library found. A bad signature comes first: nothing
// that an unsigned token claims is worth an answer.
func denial(err error) *Denial {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return deny(CodeMalformed, "this is not a JWT")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return deny(CodeSignature, "not signed with EdDSA by a key of this gateway")
	case errors.Is(err, jwt.ErrTokenExpired):
		return deny(CodeExpired, "get a new access token")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return deny(CodeNotYetValid, "the token is not valid yet; check the clock")
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return deny(CodeIssuer, "the token was made by somebody else")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return deny(CodeAudience, "the token is for another service")
	}
	return deny(CodeMalformed, "this is not an access token of this gateway")
}
