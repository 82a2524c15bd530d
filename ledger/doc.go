// Package ledger is the port to the ledger that the alliance's companies share.
//
// It holds what every home of the ledger has in common: the commands, their
// canonical encoding, the transfers they write, the codes with which they are
// refused, receipts and how a receipt is verified. The rules themselves are in
// package chaincode; where they run is the business of the adapters
// (ledger/embedded in the process, ledger/fabric on a network).
//
// What the port promises:
//
//   - Commands are submitted one or many at a time. Each stands or falls by
//     itself with a [Code]; a refused command leaves no trace.
//   - A command's [ID] is chosen by the caller. The same ID with the same content
//     answers with the transfer that was written the first time; the same ID
//     with other content is refused with [CodeIDConflict].
//   - An answer means durable: what [Ledger.Submit] returned survives the
//     process and, on a sound disk, the machine.
//   - An error from [Ledger.Submit] that is [ErrOutcomeUnknown] says that the
//     commands may or may not have been written; [Ledger.Find] tells.
//
// The package imports the standard library only, because package chaincode,
// which must stay free of everything else, builds on it.
package ledger
