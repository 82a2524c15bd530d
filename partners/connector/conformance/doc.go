// Package conformance checks a host of the Connector API over HTTP, any host, by
// the rules of openapi/connector.yaml. A partner that writes its host in
// another language runs it too:
//
//	func TestOurHost(t *testing.T) {
//		conformance.Run(t, conformance.Target{BaseURL: "https://staging.example/pointgrid", …})
//	}
//
// The API shows no balances, so the suite finds them out as the gateway would:
// a debit of one point more than it expects must be declined, a debit of exactly
// that much must be done, and is given back.
//
// It leaves some hundred transfers in the books of the member that it is given,
// all of them on one day, or the next, that it chooses at random in the years
// 2150 to 2197, and the balance different by a few points.
package conformance
