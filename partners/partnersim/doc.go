// Package partnersim is a partner's loyalty system that exists for us: the
// reference host of the Connector API. The sandbox, the tour, the benchmarks
// and the tests talk to it; a partner's engineers can read it to see how each
// rule of openapi/connector.yaml can be kept.
//
// It has books of its own, in a Pebble store of its own, which know nothing of
// the gateway's ledger. It promises what the contract asks for: an answer is
// durable before it is sent, a repeat gets the same answer, and balances are
// exact under any concurrency and after any crash. The law of its books:
//
//	balances = opened - debits + credits + given back - taken back - spent
//
// Beside the Connector API it serves an administration under /sim/: members,
// books, and faults, by which it behaves as badly as real partners do. The
// administration is not signed and not meant for a network that others reach.
//
//	GET    /sim/members?after=M        1,000 members, behind M
//	POST   /sim/members                {"membership":"M","balance":"100","status":"active"}
//	GET    /sim/members/M
//	PUT    /sim/members/M              {"status":"closed"}
//	POST   /sim/members/M/spend        {"amount":"5"}
//	GET    /sim/books                  the totals, and whether they are lawful
//	GET    /sim/forced                 amounts that force outcomes, if they do here
//	GET    /sim/faults
//	POST   /sim/faults                 {"verb":"debit","kind":"lose_answer","count":1}
//	PUT    /sim/faults                 {"faults":[…]} in place of all
//	DELETE /sim/faults
//
// A fault may also have membership, transfer_id, code, delay_ms and variant; see
// [Fault].
//
// # How it is fast
//
// A debit costs one signature check, two reads and one write batch. Members and
// transfers are locked by stripe only until the batch is in the store's memory
// and its place in the write-ahead log is settled; the wait for the disk happens
// outside of the locks and is shared by all who wait. A later batch cannot be
// durable without the earlier ones, so what it was computed from is safe. Only
// an answer that is read rather than written, a repeat or a status, may have to
// wait for somebody else's batch; see store.settle.
package partnersim
