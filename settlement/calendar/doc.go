// Package calendar says when a window ends and which days banks work: the cut-off
// of a day in a time zone, through every change of its clocks, and business days
// with China's public holidays and the weekends that are worked for them.
//
// Holidays come from a file with its source. It covers the years for which the
// notice is published, and a question about any other is refused with
// [ErrNotCovered]: a guess would put a payment on a holiday.
package calendar
