// Package signing takes a settlement from reconciled to signed: a person of the
// utility, the maker, proposes it, another one, the checker, signs it, and so does
// the partner, or disputes it.
//
// What it promises:
//
//   - What is signed is the digest over the figures and breaks in our own records.
//     They are compared with the ledger's first; records that differ sign nothing
//     ([ErrDigest]).
//   - Each step is a command under the company's identity and the person's, so that
//     the contract itself refuses the same person in both roles.
//   - A step that was taken is answered again and not taken again, whatever was
//     interrupted: the ledger is asked first, and the ID of a command follows from
//     what stands there.
//   - What was done elsewhere, with a company's own key, is found on the ledger and
//     followed ([Service.Follow]). A settlement with nothing to pay is settled then.
//
// What it refuses: to propose while a break above tolerance is unresolved
// ([ErrUnresolved]), and to sign for a company whose key is not here (the ledger's
// [ledger.ErrNoIdentity]); that company signs by itself.
package signing
