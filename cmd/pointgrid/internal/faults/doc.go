// Package faults makes real parts fail under load and checks afterwards that nothing
// was lost or done twice: the gateway's process, the peers, orderer and chaincodes of
// a Fabric network, a PostgreSQL server and its disk, the network before partners'
// hosts, and clocks. docs/faults.md says what each scenario does.
//
// # What it promises
//
// A run is a world of its own: a sandbox whose parts are processes, and callers who
// convert and reverse all the while as a company's program would, with the same
// Idempotency-Key until there is a final answer. When the faults have stopped it checks
//
//   - that every conversion and reversal that was begun has ended, and none was ever
//     answered 500;
//   - that what was answered as completed is on the ledger exactly once, what failed
//     is not, and that nothing is there that nobody asked for;
//   - that every programme sums to zero, and no member has less than nothing;
//   - that each partner's own books say what the ledger says;
//   - that the night closes, and that reconciling three books finds no break;
//   - on Fabric, that all peers have the same blocks.
//
// What goes wrong, when, and to which part follows from the seed. What the machine
// makes of it does not: timings differ from run to run.
//
// # What it refuses
//
// It measures no rates, and breaks nothing that it did not start itself.
package faults
