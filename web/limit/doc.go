// Package limit bounds how often a caller may ask: a token bucket for each caller
// and class of routes, told to the caller in the fields RateLimit and
// RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11).
//
// It promises that a caller that keeps below its quota is never held up, that one
// decision costs less than a microsecond, and that memory is bounded however many
// callers there are. It forgets first those whose bucket is full again, which
// loses nothing.
package limit
