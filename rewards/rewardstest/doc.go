// Package rewardstest has the conformance suite of the store of package rewards,
// and an implementation in memory that passes it.
package rewardstest
