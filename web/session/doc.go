// Package session keeps who has signed in at the members' pages: a session stands
// for a member whom the utility's identity provider has named.
//
// What it promises:
//
//   - A session is a random number of 256 bits that only the browser has. The store
//     has its hash, so that who reads the database can be nobody.
//   - What the provider said besides the member's number (the name, the token by
//     which one signs out there) is sealed under a key that follows from that number:
//     the database alone cannot open it.
//   - It ends after eight hours, after thirty minutes without a visit, at sign-out,
//     and with all others of a member when that is asked for. Signing in ends the
//     session that the browser had.
//
// What it refuses: deciding who somebody is. That is the provider's to say.
package session
