// Package observe watches requests: it gives each an ID and a place in its W3C
// trace, measures it, writes one line about it to the log, and turns a panic
// into an answer.
//
// It promises that the log holds the route's pattern, never the address with
// what stands in it, and neither bodies nor headers: no personal data and no
// secrets. It refuses to trust an ID that it was sent: one that is not plain is
// replaced.
package observe
