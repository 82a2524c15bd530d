// Package payment takes a settlement from signed to settled: it makes payment
// orders, lets them be released under four eyes, and settles what the bank
// confirms.
//
// An order holds the payments of settlements that are signed, one for each channel
// in which something is payable. Those that the utility makes are its file for the
// bank; those that partners make are instructions which each of them downloads. In
// the clearing the utility is the clearing house: partners pay to it and receive
// from it.
//
// What it promises:
//
//   - References follow from settlement, channel and attempt, so that nothing can be
//     paid under two of them at once.
//   - An order is prepared by one person and released by another. Before that the
//     exposure to each partner is simulated over all windows that are open, and an
//     order that would put it above its cap is refused ([*ExposureError]).
//   - Releasing is written down before the ledger is told, and the file is given out
//     after: whatever is interrupted goes on where it stopped, and the file is the
//     same byte for byte however often it is asked for.
//   - Only what the bank confirms by amount, parties and reference settles anything.
//     Whatever else it tells becomes a break on the desk. A file that does not add
//     up is refused as a whole, and one that was read already changes nothing.
package payment
