// Package ledgertest is the conformance suite of the ledger: what every home of
// the contract must do, through the port alone.
//
// [Run] works on any ledger, also one that is in use by others or was run
// against before: it makes partners, members and IDs of its own and only ever
// moves the window forward. [RunProperties] compares long random histories on
// ledgers of its own with a model that is as plain as possible.
//
// The test of a home is two lines: a function that opens a [Target], and a call
// of each. [Memory] is the smallest home, for tests of what builds on the ledger.
package ledgertest
