// Package identitysim is an identity provider that exists for us: the sandbox's
// members sign in with it, and tests of signing in do. Who somebody is, it takes on
// trust, and its page says so.
//
// It speaks OpenID Connect as far as a relying party with authorization code and PKCE
// needs it: discovery, JWKS, authorize, token and end_session. A code is used once,
// within a minute, by the client and redirect it was given for, and only with the
// verifier of its challenge.
package identitysim
