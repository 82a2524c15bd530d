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
package cluster
