// Package webhooks tells partners what happened: it keeps their endpoints, the
// messages that are due to each, and delivers them by the Standard Webhooks
// specification, version 1.0.0.
//
// What it promises:
//
//   - An event is stored in the transaction of the change that it tells of, once
//     for each endpoint that asked for its type. Neither is there without the
//     other, whatever dies.
//   - The messages of an endpoint are numbered from 1 without a gap, in the order
//     in which they were stored. They are sent side by side and may arrive in
//     another order, or twice; a receiver orders and completes them by the number.
//   - A message is sent at least once, and each time with the same webhook-id,
//     until it is answered with 2xx or the schedule, which goes over three days,
//     has ended. It stays readable, and can be sent again.
//   - An endpoint that does not answer costs the others nothing: each has slots of
//     its own, and after a few failures in a row it is only probed.
//   - No address inside our own network is called unless it is on the list of
//     those allowed. What counts is the address that is dialled, so neither a
//     name, a redirect nor a change of the DNS leads around it.
//   - Secrets are sealed before they are stored, see [Sealer], and not logged.
//
// What it refuses: to follow redirects, to read more of an answer than its first
// bytes, to wait longer than the timeout, to keep what happened while an endpoint
// was disabled.
package webhooks
