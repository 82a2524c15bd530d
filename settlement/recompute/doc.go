// Package recompute computes a partner's night again from the ledger's blocks and
// nothing else: no database, no statement, no position that anybody kept.
//
// The blocks name the partners and the terms that both companies signed; each leg
// of the window is held against its agreement and added up, the Merkle root over
// the lines is made again, and the result is compared with the figures that were
// put on the ledger when the window was netted. What is brought forward is followed
// from the partner's first settlement, so that no fraction can get lost on the way.
package recompute
