// Package reconcile compares three books of the same window, movement by
// movement: the ledger's blocks, our own records, and the partner's statement.
//
// A movement is a debit or credit of one member at one partner, or the reversal
// of one. All books are brought into one order by an external sort and read side
// by side. What agrees is counted; what does not becomes a [Break]:
//
//   - One cause gives one break, of one type; see [Type] for the order in which
//     they are looked for.
//   - A movement that a book has in several parts, or several that it has as one,
//     are matched by their sum before anything is called a break: first by ID,
//     then by the partner's reference.
//   - A debit and the reversal of the same workflow cancel out; nothing was moved.
//   - What lacks a counterpart near the cut-off is a break of type [WrongWindow]. It
//     is carried to the next run, and cleared there when the counterpart arrives;
//     otherwise it becomes what it is: missing.
//   - A break's ID follows from the partner, the movement and its key, so that the
//     same run again gives the same breaks, and a later run continues them.
//
// Memory is bounded by [Options.Memory], whatever the size of the books: what does
// not fit goes to a spill file, which has a limit too, checksums, and no name, so
// that nothing is left behind by a crash. Rows are compared in the order of their
// keys, and breaks come in that order.
//
// It refuses records that cannot be compared ([ErrRecord]) and never repairs one.
package reconcile
