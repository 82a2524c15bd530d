// Package lane is the sequencer of one lane of the ledger: it puts the commands
// of many callers in one order and hands them on in batches, one batch at a
// time. Both homes of the ledger use it; how a batch is executed is theirs to
// say ([Options.Execute]).
//
// While a batch is under way, what arrives forms the next one. There is no
// timer: a lone caller never waits for company, and under load batches grow by
// themselves until they carry the load.
//
// What it promises:
//
//   - A batch holds commands of one caller and one group ([Options.Group]), at
//     most [Options.BatchMax] of them. CloseWindow and Checkpoint are alone.
//   - Commands of one call are executed in the order given, also across batches;
//     calls of one caller and group in the order in which they arrived. A call
//     that fits into a batch is never torn apart by the lane's own choice.
//   - The caller and group that have waited longest are served first.
//   - A call returns results only when all its commands were executed. An error
//     other than [ledger.ErrOutcomeUnknown] says that none was.
//
// What it refuses: more commands than [Options.QueueMax] waiting at a time, with
// [ledger.ErrBusy] at once, and anything after [Lane.Close], with
// [ledger.ErrClosed].
//
// [Owned] are the lanes of which a process is the owner, and [Spread] brings commands
// to theirs.
package lane
