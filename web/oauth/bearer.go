package oauth

import (
	"net/http"
	"strings"
)

// Bearer returns the access token of a request (RFC 6750, section 2.1). The
// error is a [*Denial].
func Bearer(h http.Header) (string, error) {
	values := h["Authorization"]
	if len(values) == 0 {
		return "", deny(CodeMissing, "send Authorization: Bearer and an access token from /oauth2/token")
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if len(values) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", deny(CodeMalformed, "send one Authorization header: Bearer, a space and an access token")
	}
	return token, nil
}

const realm = `Bearer realm="pointgrid"`

// Challenge is the WWW-Authenticate header for a denial (RFC 6750, section 3).
func (d *Denial) Challenge() string {
	if d.Code == CodeMissing {
		return realm
	}
	return realm + `, error="invalid_token", error_description="` + d.Detail + `"`
}

// ScopeChallenge is the WWW-Authenticate header for a token without a scope.
func ScopeChallenge(scope string) string {
	return realm + `, error="insufficient_scope", scope="` + scope + `"`
}
