// Package conformance checks a host of the Connector API over HTTP, any host, by
// the rules of openapi/connector.yaml. `pointgrid partner check` and Go tests
// (package conformancetest) run the same rules.
//
// Each [Rule] has an identifier that does not change, says what must hold and
// where the document says so, and how a host is put right. [Check] runs them one
// after the other and makes a [Report].
//
// It promises an end: every call, every rule and the whole run have a time limit,
// no more of an answer is read than the contract allows, and an answer that is no
// answer becomes a finding in plain words, never a panic. When a host stops
// answering, the rules that are left are reported as not run.
//
// The API shows no balances, so the rules find them out as the gateway would: a
// debit of one point more than they expect must be declined, a debit of exactly
// that much must be done, and is given back.
//
// The User-Agent of each request names the rule under way, for the host's logs.
//
// A run leaves some hundred transfers in the books of the member that it is
// given, all of them on a few days that it chooses at random in the years 2150
// to 2197, and the balance different by a few points. It refuses to run with
// fewer than 1,000 points. It forges signatures with the key that it is given, so
// that key is not the gateway's real one.
package conformance
