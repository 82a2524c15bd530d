// Package console has the pages for finance staff: those of the utility, who
// propose, sign and pay, and those of partners, who acknowledge what their own
// company owes or is owed.
//
// What it promises:
//
//   - A partner's staff see what belongs to their company and nothing of another;
//     what belongs to another is answered like what is not there.
//   - Before anything is signed the page says what: amounts to the fen and the
//     digest. What is sent back is that digest, so that nobody signs figures that
//     changed while they were looked at.
//   - Whoever was slower than a colleague sees what changed, and keeps what was
//     typed.
//   - Everything works without scripts and by keyboard, on a phone, in Chinese and
//     English.
//
// What it refuses: deciding. What may be done in which state, and by whom, is
// decided by signing, payment and desk, and in the end by the ledger; a button
// that is not shown is a courtesy.
package console
