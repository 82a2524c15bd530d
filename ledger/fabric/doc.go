// Package fabric is the ledger's home on a network: the contract of package
// chaincode on a peer of every company, reached through the SDK.
//
// A batch of commands is one transaction. It is endorsed at the same time by a
// peer of each company that must agree to it, put in order by the orderers, and
// acknowledged when the company's own peer has committed it. A lane has one batch
// in flight, and every peer is asked only after it has committed the one before, so
// that peers do not disagree; batches of several lanes are in flight at the same
// time, because they neither read nor write what the others write. What all lanes
// read, such as the open window, is changed while no other batch of this process is
// in flight, and a batch that another process has overtaken is given again.
//
// What it promises, besides the port's promises:
//
//   - Nothing is lost or done twice when a peer, an orderer, a chaincode or this
//     process dies, or a connection is cut. A transaction whose outcome is not
//     known is given again as it was, which the network takes once; what still
//     cannot be said is found out by giving the commands again, whose IDs the
//     contract knows.
//   - A lane that another process has taken takes nothing from this one any more,
//     however late what it had prepared is put in order ([ledger.ErrFenced]).
//   - A company whose peer does not answer holds up the commands that need it, and
//     no others: they end with [ledger.ErrBusy] until the peer is back.
//   - A receipt carries the companies' own signatures; package proof verifies it.
//
// What it refuses: callers for whom it holds no key ([ErrNoIdentity]).
//
// Errors say at which stage they arose ([EndorseError], [SubmitError],
// [CommitStatusError], [CommitError]) and what that means for the commands
// ([ledger.ErrBusy], [ledger.ErrOutcomeUnknown]).
package fabric
