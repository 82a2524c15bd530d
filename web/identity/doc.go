// Package identity lets members sign in with the utility's identity provider: OpenID
// Connect, authorization code with PKCE, through go-oidc and oauth2.
//
// What it promises:
//
//   - The provider is looked up when somebody wants to sign in, so that the gateway
//     runs while the provider does not. A failure is remembered for a few seconds
//     and then tried again; what was found, and its keys, are kept.
//   - An answer counts only in the browser in which the sign-in was begun, once, and
//     only from the provider that was asked: state, nonce, PKCE verifier (S256) and
//     the answer's issuer (RFC 9207) all follow from, or are bound to, one random
//     secret in that browser's cookie.
//   - An ID token counts when it is signed with an asymmetric algorithm that is
//     configured and one of the provider's keys, is from the issuer and for us alone
//     (aud, azp), is in its time by the machine's clock, and has our nonce.
//
// What it refuses: knowing passwords, keeping tokens, and deciding what a member may
// do.
package identity
