// Package backsim is a utility's billing system and payment provider that exist for
// us: the sandbox, the tour and the tests talk to it. It keeps books of its own,
// which know nothing of the gateway's.
//
// It promises what the ports of package mall ask for: a credit, a charge and a
// repayment are known by their IDs and done once, an answer is on disk before it is
// given, and what was withdrawn before it came leaves a tombstone. The law of its
// books:
//
//	bills  = credits applied
//	cash   = charges captured - repaid
//
// Beside what package backoffice speaks it serves an administration, which is not
// signed and not meant for a network that others reach:
//
//	GET    /sim/books     what is on the bills and in the till
//	POST   /sim/faults    {"verb":"apply","kind":"lose_answer","count":1}
//	DELETE /sim/faults
//
// A fault's verb is owns, apply, status, withdraw, authorise, capture, repay or
// payment_status; its kind is hang, lose_answer, lose_call, decline or pending. It
// holds for so many calls, or for ever with count 0.
package backsim
