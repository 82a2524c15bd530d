// Package mall is where members spend electricity points: the catalogue, stock,
// orders, and how orders are fulfilled.
//
// # What it promises
//
//   - Stock is never oversold and never leaks. An order takes its stock in the
//     same write that makes it, and gives it back, or uses it up, in the write that
//     ends it or sends it off; whatever dies between, that happens once.
//   - Every order ends fulfilled, with its points posted to the mall's house account
//     and its cash captured, or cancelled, with points, cash and stock as they were.
//     No step that cannot be taken back is taken before the intention is stored.
//   - A billing system's silence is unknown, not failed. It is asked until the
//     deadline; then the credit is withdrawn, which leaves a tombstone there, so
//     that a call still on its way can do nothing any more; and only once that
//     stands are points and cash given back. So a bill is credited once or not.
//   - A member pays the price that was shown, or is refused with the current one.
//   - A return gives back the lots that were spent, in parts or at once.
//   - Whoever changes a product or its stock leaves an entry in a log that only grows.
//   - Voucher codes are stored sealed, logged nowhere, and given to one order.
//
// # How an order goes
//
// An order is a row in the [Store] and a goroutine that carries it from [Step] to
// step. It does what the step says, stores the step that comes next, and only then
// does that one. All steps can be repeated: ledger, billing system and payment
// provider know each part by an ID that follows from the order's own.
//
//	bill credit:      hold → [authorise → capture →] apply → post
//	voucher:          hold → [authorise → capture →] give_code → post
//	goods, service:   hold → [authorise → capture →] dispatch … post
//	partner points:   convert
//
//	on the way back:  [withdraw →] [unpay →] void
//	return:           reverse [→ repay]
//
// At dispatch an order rests until staff send it off ([Mall.Dispatch]), the
// member cancels it ([Mall.Cancel]), or its time is up.
//
// # What it refuses
//
// What the catalogue, the tier, the sale period, the stock or the ledger do not
// allow ([Refusal]), what there is no room for ([Busy]) and what is not there
// ([ErrNotFound]). Two services on one store: the second would take the first
// one's work for abandoned.
package mall
