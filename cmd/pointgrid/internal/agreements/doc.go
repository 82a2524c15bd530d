// Package agreements lets a company propose and decide agreements by itself, on
// any ledger for which it holds a key, without the gateway.
//
// What it promises: a company sees the terms and the hash that it is about to
// sign, computed here and not taken from anybody; terms in a file mean what the
// same fields mean in the REST API; and what the ledger refuses is said in its
// own words.
package agreements
