// Package exchange turns points of one programme into points of another:
// agreements as offered, quotes that lock a rate, conversions, reversals, links
// between members and memberships, and the recovery of what was interrupted.
//
// # What it promises
//
// Every conversion ends completed, failed (nothing moved, or all of it was put
// back) or reversed, whatever dies on the way and whenever. No step that cannot
// be taken back is taken before the intention is on disk. A partner's silence is
// unknown, not failed: it is asked until the deadline, and then what it may have
// done is taken back by a reversal, which leaves a tombstone, so that a call
// still on its way can do nothing any more. What cannot be brought to its end by
// its deadline is on the operator's list, and is still tried. A slow partner
// fills its own places and nobody else's.
//
// # How a conversion goes
//
// A conversion is a row in the [Store] and a goroutine that carries it from
// [Step] to step; those that were asked for together share one, as long as they
// can take their steps together. The goroutine does what the step says, writes down the step
// that comes next, and only then does that one; so after a crash the row says
// what may have been done. All steps can be repeated, because ledger and
// partners know each part of a conversion by an ID that is computed from the
// conversion's own.
//
//	in, called:    debit → ledger
//	in, pushed:    ledger
//	out, called:   hold → credit → post
//	out, pushed:   ledger
//	between two:   [debit →] ledger [→ credit]
//
// One that [Screening] finds suspicious stands at review before all that, until staff
// release or refuse it.
//
//	on the way back:   [cancel credit →] void | [cancel credit →] unwind → refund
//	reversal:          [take back →] reverse [→ give back]
//
// [ledger.ID.Root] of any ID on the ledger or at a partner names the conversion
// or the reversal it is part of: a debit has the conversion's own ID, a credit
// that with the last digit 1.
//
// # What it refuses
//
// A request for which there is no place at a partner or in the house ([Busy]),
// one that the agreements or the ledger do not allow ([Refusal]), and what
// belongs to others ([ErrNotFound]). Two services on one store that have no slots of
// their own: the second would take the first one's work for abandoned.
package exchange
