// Package statementstest has the conformance suite of [statements.Store] and a
// store in memory.
package statementstest
