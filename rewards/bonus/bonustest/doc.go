// Package bonustest is the conformance suite of bonus.Store, and an implementation
// in memory that passes it.
package bonustest
