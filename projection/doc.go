// Package projection keeps a copy of the ledger's transfers, and of what they
// left in members' accounts, where it can be queried: what a member did, page by
// page, and what it has. The ledger stays the truth; the copy is made from its
// blocks and can be made again.
//
// What it promises:
//
//   - A [Follower] applies blocks in order, some at a time. Rows, accounts and
//     the [Checkpoint] change in one transaction, so that a crash at any point
//     neither loses nor doubles anything.
//   - The checkpoint names the last batch applied by its Merkle root. Blocks of
//     another ledger, or of this one after it was carried elsewhere, are refused
//     with [ErrForeign] and never mixed in.
//   - [Rewind] takes blocks out again, so that they can be applied from any
//     height; the rows are the same afterwards.
//   - [Verify] compares every row, every member's account, every partner's
//     position and every house account with the ledger and names what differs.
//   - Memory is bounded by [Options], not by the length of the ledger. Only what
//     belongs to windows, partners and agreements, which are few, is held whole.
//
// What it refuses: to answer for the ledger. A copy may be behind; who decides on
// points asks the ledger.
package projection
