// Package sessiontest has the conformance suite of [session.Store] and an
// implementation in memory.
package sessiontest
