// Package desk is where people resolve what reconciliation found, under four
// eyes.
//
// A [Case] is one break on its way from being found to being resolved. A maker
// proposes what to do about it ([Action]); a checker, another person, approves or
// declines. What is approved is done: an adjustment is proposed to the
// counterparty on the ledger and is resolved when that company has accepted it
// there.
//
// What it promises:
//
//   - Every change of a case is in its trail, with who and when; both are stored
//     together, and the trail is only ever added to.
//   - Two people who work on the same case do not overwrite each other: the second
//     gets [ErrChanged] and looks again.
//   - What the machine finds again is not opened again; what it finds gone is
//     cleared, unless a person has resolved it before.
//
// It refuses a checker who is the maker ([ErrSamePerson]), a write-off above the
// limit ([ErrLimit]), and steps that a case's state does not allow ([ErrState]).
// It moves no money and no points: only the ledger does.
package desk
