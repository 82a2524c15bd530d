// Package papers makes, on demand, what people sign and file of a settlement: the
// statement as a spreadsheet and as a page to print, the journal of the general
// ledger, and the liability report over any windows.
//
// What it promises:
//
//   - A spreadsheet is made from the ledger's window the first time that it is asked
//     for, with memory that does not depend on its length, and has as many lines as
//     were netted; it is then kept, and the same bytes are answered each time.
//   - A page says the same in Chinese and English, and needs neither scripts nor
//     anything from elsewhere.
//   - The liability report closes: opening + earned + converted in − redeemed −
//     converted out − expired = closing, for every expiry month. It is refused for
//     windows that are not counted yet ([ErrNotCounted]).
package papers
