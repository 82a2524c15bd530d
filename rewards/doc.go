// Package rewards is how members earn electricity points: events of the
// utility's systems, the rules that turn them into points, tiers, and expiry.
//
// What it promises:
//
//   - Rules are data, versioned, effective-dated, and approved by somebody else
//     than who proposed them. What an event earns follows from the rules in force
//     when it occurred, the member's tier and what the member earned that day,
//     and from nothing else ([Book.Points]). The explanation is kept with it.
//   - An event ends once: issued on the ledger, earning nothing, rejected by the
//     ledger, or cancelled. The same ID with the same content has the same answer;
//     with other content it is a conflict.
//   - The intention is stored before the ledger is asked. The ledger's command ID
//     is stored with it, so that an unknown outcome is resolved by giving the same
//     command again, which the ledger executes once.
//   - A cancelled event's points are taken back on the ledger. What was spent
//     becomes a debt there, which later earnings fill.
//   - Points are whole. What rounding down loses is in the explanation.
//
// What it refuses: events from the future, of unknown members or channels, with
// amounts below zero or too large. They are told so and not kept, so that the
// same ID can be sent again once it is right.
//
// The store and the members' register are ports; rewardstest has the conformance
// suite and an implementation in memory, sqlstore another.
package rewards
