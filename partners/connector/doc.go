// Package connector speaks the Connector API: what a partner company implements
// so that the gateway can debit and credit its members. The API is described in
// openapi/connector.yaml, and the rules stand there.
//
// [Host] is the port through which the rest of the program sees a partner's
// system. [Client] fills it over HTTP. A host in Go can use the other half of
// this package, the Decode and Encode functions and [Problem]; the reference
// host in partners/partnersim does. The package conformance checks any host.
//
// # What an error means
//
// Points can be lost in one way only: by taking "we do not know" for "it did
// not happen". So every error of this package says which of the two it is:
//
//   - [ErrNotSent]: no request reached the partner. [ErrBusy] is the same, or a
//     partner that promised to have done nothing; it says when to come back.
//   - [ErrRefused]: the partner read the request and refused it as a violation
//     of the contract; it did no work, and the same request will not do better.
//   - [ErrUnknown]: the work may have been done, or may still be done.
//
// [Unknown] takes any error it does not recognise for the third kind. The answer
// is about the calls made within this method call: a caller that had an unknown
// outcome before, then crashed and calls again, must not conclude from
// ErrNotSent that the transfer was not done; it asks [Host.Status], or reverses.
//
// A decline is not an error. It is an [Answer], final and remembered.
//
// # What the client promises
//
// It never takes the answer to another request for its own: each answer repeats
// the request's own identifier in a header, and in its body the identifier of
// what it is about. Where neither proves whose it is, the outcome is unknown. It
// follows no
// redirect, reads no more than 64 KiB of an answer, repeats a call only with the
// same identifier, and has bounds on calls under way and calls waiting.
package connector
