// Package insight counts what the utility's marketing staff want to know: where
// points come from and go to, what a channel costs, how conversions fare, and how
// many members take part.
//
// What it promises:
//
//   - A [Counter] reads the ledger's transfers in their order, each once, and adds
//     them to sums by day. What it has counted, and how far it has come, change in
//     one transaction. A page reads sums, whose number depends on days, channels,
//     tiers and products, and not on how many events there were.
//   - The ledger is the truth: points are those of transfers. Where they came from
//     is looked up in the records of rewards and mall by what the transfer names;
//     what is not found there is counted as [Other], never left out.
//   - An event counts in the business day in which it occurred, everything else in
//     that of the transfer. What is taken back or returned counts against the
//     same sums.
//   - Members never appear. Segments and tiers are told for whole months, and a
//     group of fewer than [CrowdMin] members is hidden, with as many others as are
//     needed so that it cannot be found by subtraction.
//   - Quotes and conversions are counted by the day on which they were made. The
//     last days are counted anew until all their conversions have ended.
//
// What it refuses: to decide anything. Nothing here moves points.
//
// The store of sums and the records are ports; insighttest has the conformance
// suite and an implementation in memory, sqlstore another.
package insight
