// Package support is where the utility's staff help members and look after the
// alliance's health: disputes, goodwill points, frozen accounts, and conversions that
// are held for review.
//
// A [Dispute] is a member's objection to a conversion or an order, on its way to being
// resolved. An [Act] is what staff do to a member's account or to a held conversion. A
// [Screen] finds conversions that somebody should look at, by [Rules] that can be read
// in the configuration.
//
// What it promises:
//
//   - What is above a limit happens only when another person with the role of a checker
//     has approved it; see [Limits]. That is decided here, whoever asks.
//   - Every change of a dispute is in its trail, with who and when; both are stored
//     together, and the trail is only ever added to. An act says who made and who
//     decided it.
//   - Two people who work on the same thing do not overwrite each other: the second
//     gets [ErrChanged] and looks again.
//   - The intention is stored before anything is done. What was interrupted, or whose
//     outcome is unknown, is done again by [Service.Follow] under the same ID, which
//     ledger, exchange and mall know as the same.
//   - No text that people typed goes on the ledger: its entries name the case.
//
// What it refuses: to move anything itself. The ledger does, or exchange and mall by
// the ports of this package. To show a member another's dispute ([ErrNotFound]). A
// member's number that is not known ([ErrNotFound]).
package support
