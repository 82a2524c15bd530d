// Package paper writes what people sign and file: a partner's statement of a
// window as CSV and as XLSX, journal entries for the general ledger, and the
// figures of the liability report.
//
// What it promises:
//
//   - Statements are written as a stream, transfer by transfer.
//   - In a spreadsheet numbers are numbers, the header stays in view, and every
//     total is a formula over the lines that also carries its value.
//   - Nothing that a partner wrote can become a formula: in CSV such text is marked
//     with an apostrophe, in XLSX it is a text cell.
//   - Every journal voucher balances, or nothing is written.
//   - The liability's figures follow from transfers, lot by lot, and close:
//     opening + earned + converted in − redeemed − converted out − expired = closing.
package paper
