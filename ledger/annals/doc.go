// Package annals is how transactions are written down so that they can be
// executed again: by the embedded ledger, whose blocks they are, and by the
// contract when such a ledger is carried over to another home.
//
// It promises that the same transaction always has the same bytes, and so the
// same hash, and that each names the hash of the one before. It refuses bytes
// that no [Block.Append] wrote.
package annals
