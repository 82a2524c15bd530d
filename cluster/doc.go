// Package cluster lets several gateways work on one database and one ledger.
//
// A gateway of a cluster leases a [Slot], a small number that nobody else has
// while the lease lasts. What must exist once, such as the owner of a ledger's lane
// or who runs the night, is a duty, which one slot holds at a time. [Leases] keeps
// both, in a database that all gateways reach, by that database's clock.
//
// What it promises:
//
//   - Time decides only when somebody may be called dead. What keeps two gateways
//     apart is numbers that only rise: a slot's token rises when its holder is
//     fenced, and a duty's epoch when it changes hands. A gateway that was paused
//     and wakes up has the lower number, and is refused wherever it writes.
//   - Once [Leases.Fence] has returned, or [Leases.Take] has taken a duty from a
//     gateway that is not alive, no transaction of that gateway's store is stored
//     any more, also none that was under way.
//   - A slot is leased again only when what its last holder left unfinished has
//     been carried on ([Leases.Free]). The conversions that a slot's gateway made
//     are known by their IDs ([github.com/pointgrid/pointgrid/exchange.SlotOf]).
//   - After an outage of the database, which ends everybody's lease, nobody is
//     called dead before all have had the time of a lease to come back.
//   - The answer to a command lasts, also when connections break: of the copies of it
//     that were given, the one that was answered is the last to be carried out.
//
// # Copies of a command
//
// A gateway that has no answer to commands gives them again, under the same IDs, to
// whoever owns the lane by then. The ledger carries each out once, but what it refuses
// it forgets: were an older copy carried out after a later one was refused, points would
// move of which the workflow was told that they had not. (The other way round is
// harmless: once one is accepted, every copy is answered with its receipt.) So no copy
// overtakes a later one:
//
//   - With the same owner and connection, orders are let in as they are read. One with a
//     command that is inside already waits until the earlier one has left.
//   - With the same owner and another connection, the sender numbers those that it makes;
//     once one has greeted, nothing more is taken from those with lower numbers.
//   - With another owner, what the former one had under way was written before the lane
//     was taken or is refused by the contract, for its epoch.
//   - When the lane has come back to a former owner, an order names the epoch for which
//     it was meant, and is taken under no other; and the lane is not served before what
//     was let in under a lower epoch has left.
//   - From another gateway, which carries on what a dead one left, only once every owner
//     has said that nothing of the dead one is inside, and lets in nothing more of it.
//
// # What every gateway does, and what the one that leads does
//
// Every gateway issues tokens, quotes, converts and reverses. What these write is right
// however many write at once: a key, a quote, an assertion and a membership are taken
// once by a unique index, a sum is compared under its row's lock, and what webhooks are
// to tell is laid down with the conversion. What these remember is good for about a
// second: links, agreements, subscribers, who is being erased
// ([github.com/pointgrid/pointgrid/members.Registry.Refresh]) and clients
// ([github.com/pointgrid/pointgrid/partners.Directory.Refresh]).
//
// The rest is the leader's, and a request for it is forwarded, because the service
// behind it keeps an order, a count or a turn in memory:
//
//   - webhooks: endpoints, deliveries, numbers of messages, the watch
//   - settlement: nights, statements, reconciliation, the desk, signing, payments, papers
//   - rewards: events and their rounds, rules, tiers, expiry; bonuses
//   - mall: catalogue, stock, orders, returns, claims
//   - support: disputes, acts and their limits, the decision about a held conversion, which
//     the gateway of the conversion's slot then carries on
//   - members: erasure and export; links made and ended; clients and their keys
//   - files of conversions; projection and insight
//   - pages with what they keep: sessions, sign-ins, attempts, drafts; the sandbox's clock
//
// Two things are counted by each gateway for itself. Rate limits are shared out by the
// number of gateways ([github.com/pointgrid/pointgrid/web/limit.Limiter.Share]). What a
// member has under way within the allowance of a level, and the review rules about the
// pace and the rings of an account, know what went through the same gateway and what the
// ledger has; agreements' own caps are the contract's, and exact.
package cluster
