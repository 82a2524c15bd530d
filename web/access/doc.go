// Package access writes the access log beside the requests: they hand an entry
// over and go on; many entries become one write.
//
// It promises that an ordinary entry never holds a request up: when the store
// cannot keep pace it is dropped and counted. What must be kept (authentication
// that failed) waits for room instead. Up to a second of entries is lost when
// the process dies; changes of credentials are not among them, because those are
// stored with the change itself.
package access
