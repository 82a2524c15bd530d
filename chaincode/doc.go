// Package chaincode is the contract of the ledger: a pure function from a
// transaction, the committed state and a batch of commands to results and
// writes. It runs unchanged in both homes of the ledger (ledger/embedded in the
// process, ledger/fabric on the companies' peers).
//
// What it promises:
//
//   - [Apply] depends on nothing but its arguments: no clock, randomness,
//     floating point, goroutine, map order, log or mutable global. The same
//     batch on the same state writes the same bytes everywhere.
//   - Each command stands or falls by itself with a [ledger.Code]; a refused one
//     leaves no trace.
//   - After every command the sum over all accounts of every programme is zero,
//     and no member's balance is below zero.
//   - Each key is written at most once per transaction, in ascending order.
//   - Batches of different lanes read nothing that the others write, but for what
//     seldom changes, so that a home may carry them out at the same time.
//   - A batch under a lower epoch than its lane's is refused whole and writes nothing.
//
// What it refuses: anything the agreement in force, the caller's company, the
// member's points, the window or an earlier use of the same ID does not allow.
//
// The first rule that a command breaks gives its code, in this order: its own
// fields; its ID; whether the ledger is initialised, the command may share a
// batch, belongs to the lane and the caller's company may give it; the account (frozen, too many
// holds); then, leg by leg, partner, agreement, rate lock, amounts, limits of
// one conversion, the member's caps, exposure; and last the member's points.
//
// An error of [Apply] is never a refusal: it says that the state could not be
// read or written, or is not what the contract wrote ([ledger.ErrDamaged]).
//
// The package imports the standard library and package ledger only.
package chaincode
