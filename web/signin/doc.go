// Package signin knows the staff of the companies: their accounts, how they
// prove who they are, and the sessions that follow.
//
// What it promises:
//
//   - A password is kept as an argon2id hash, a second factor (TOTP, RFC 6238)
//     sealed with a key that is not in the store, a recovery code and a session as
//     a SHA-256 of what has too many bits to be guessed.
//   - Signing in makes a new session, whatever the browser brought along, and ends
//     that one. A session ends after a while without use, after its whole life,
//     when the password changes and when the account is disabled.
//   - Wrong guesses are counted before they are looked at, by account and address,
//     by account and by address; more and more time must pass between them. A guess
//     at an account that is not there takes as long and counts as much.
//   - A code of the second factor is good once.
//   - A user belongs to one company for ever, and has only roles of its kind.
//
// What it refuses: passwords of members. They sign in at the utility's identity
// provider and are no staff.
//
// Package signin/entrance has the pages, and puts the guard before others.
package signin
