// Package simulation plays the alliance in one process and in virtual time, where
// everything goes wrong as a seed says, and checks that its laws hold all the same.
//
// Real are the exchange with its recovery, the night, the contract, the computation of a
// night from its blocks, and the in-memory stores that pass the conformance suites. The
// rest is played: gateways that crash at any call and are begun again from what is
// durable, that stand still and wake up after their lease was taken, whose clocks are off
// and jump; a ledger that executes in batches and loses answers; a database whose
// transactions fail, or end without anybody knowing how; partners whose calls are lost,
// late, doubled, and arrive behind those that were made after them; clients that ask
// again, elsewhere, until they know the end.
//
// # What it promises
//
//   - The same seed is the same run, event by event, on every machine: one thing happens
//     at a time, and what happens next depends on the seed only ([Result.Digest]).
//   - After every batch: each programme sums to zero, and no balance is below it.
//   - Once the trouble has ended everything comes to its end: each conversion, each
//     window's settlement with each partner, each client's question.
//   - Then: what was acknowledged is so, exactly once; ledger, partners' books and our
//     records agree; each transfer lies in the one window that was open when it was
//     written; residues are what rounding left; each settlement is what settlement/recompute
//     makes of the blocks.
//
// # What it refuses
//
// Being about speed, SQL, HTTP or Fabric: these have tests with the real things. And bugs
// that are planted from outside of its own tests.
package simulation
