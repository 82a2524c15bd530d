// Package netting turns the transfers of a window into what each company pays.
//
// A [Tally] adds up transfers as they come, and checks each leg against the
// agreement it names: the terms' hash, the partner, and that the settlement value
// is the points at the agreed price. [Net] then nets the sums, rounds and says who
// pays whom.
//
// What it promises:
//
//   - Values are exact, in millionths of a yuan, until they become a payment. They
//     are rounded to cents once, per counterparty, channel and window, towards
//     zero, so that nobody pays what is not owed yet and both sides compute the
//     same. What rounding leaves, and what stays below the payment threshold, is
//     carried to the next window: opening + net = payable × 10,000 + closing, always.
//   - All positions, the utility's among them, sum to zero: in value, in cents and
//     in what is carried.
//   - The order of transfers does not matter, and neither does how they are spread
//     over tallies that are merged.
//   - A window without transfers is a window; what was carried into it leaves it.
//
// Everything is a pure function of its arguments. Sums that do not fit an int64
// are refused with [ErrOverflow], never wrapped around.
package netting
