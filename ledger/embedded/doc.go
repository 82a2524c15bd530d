// Package embedded is the ledger's home inside the process: the contract of
// package chaincode over a folder on disk, without a network.
//
// A folder holds:
//
//	format    the version of all this; locked while the ledger is open
//	blocks/   the blocks, in append-only segments of about 64 MiB: the truth
//	state/    what the blocks lead to, in Pebble: derived, and built again from
//	          the blocks when the folder is deleted
//	tip       only of a ledger that was closed in order: where the blocks end
//	sums      likewise: size and SHA-256 of every other file
//
// A batch of commands becomes one block: the commands that were carried out, the
// hash of what they wrote, and the hash of the block before. It is written with
// one write and one sync, which all callers of the batch share, and becomes
// visible to readers after that. The state has no log of its own; after a crash
// the blocks that it lacks are executed again, and must write what they wrote.
//
// What it promises:
//
//   - What [Ledger.Submit] acknowledged survives the process and, on a sound
//     disk, the machine.
//   - A byte changed anywhere in a stopped ledger is found by [Verify], which
//     names the file and, in a block, the block. A changed block is never
//     accepted by [Open] either.
//   - Readers see whole batches, and each call of a reading method one instant.
//   - Memory is bounded, however many transfers there are.
//
// What it refuses: a folder that another process has open, one written in a
// format it does not know, and stored bytes that are not what was written. A
// last block that was cut off by a crash is no damage: nobody was told that it
// was done. It is removed, with a warning. After a failed write or sync no more
// is written until the folder is opened again.
package embedded
