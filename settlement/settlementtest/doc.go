// Package settlementtest has a store of settlements in memory, and a small
// alliance whose windows are netted, for the tests of what comes after the night.
package settlementtest
