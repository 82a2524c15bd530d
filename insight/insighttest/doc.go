// Package insighttest has the conformance suite of [insight.Store], an
// implementation in memory, and records to count.
package insighttest
