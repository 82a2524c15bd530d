// Package oauth gives access tokens to the programs that call the API, and
// checks them: OAuth 2 client credentials with private_key_jwt (RFC 6749, RFC
// 7523, RFC 9068).
//
// It promises that a token is given only for a client assertion that the
// client's registered key signed, with the one algorithm of that key, that is
// fresh, meant for us and was never used before; and that a token is accepted
// only from our own keys, with EdDSA, for our audience and until it expires.
// Verified tokens are kept in a bounded cache, since one verification costs as
// much as the rest of a request; a cached one is checked against the clock and
// the registry each time.
//
// It refuses shared secrets, refresh tokens, and every grant but client
// credentials.
package oauth
