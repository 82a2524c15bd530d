// Package bonus pays the bonus that a member's tier brings on conversions into
// electricity points: an issue of the utility beside the conversion, which nobody
// else pays for and which no agreement knows.
//
// A [Follower] reads the ledger's blocks, so that converting waits for nothing of
// this. For each conversion into electricity points it decides once, by the tier
// that the member held when the conversion was recorded, and for each reversal of
// one it takes back what the rest no longer brings:
//
//	bonus at rest = ⌊points that stay converted × basis points / 10000⌋
//
// What it promises:
//
//   - What was decided is stored with how far the ledger was read, in one
//     transaction, before the ledger is asked for anything.
//   - Each transfer leads to one command at most. Its ID follows from the transfer
//     and its content from what was stored, so that giving it again after a crash or
//     an unknown outcome pays nothing twice.
//   - How far it has come is counted in batches, which a ledger keeps when it moves
//     to another home. What another home has other blocks for is found again and not
//     paid again. Blocks of another ledger are refused with [ErrForeign].
//   - It begins where the ledger is when it is first asked to ([Follower.Begin]):
//     what was converted before there was a bonus brings none.
//   - Taking back never leaves a balance negative; what was spent becomes the
//     account's debt, as when an event is cancelled.
//
// What it refuses: a bonus on conversions from one partner's points into another's,
// which give the member no electricity points. A bonus does not count towards the
// next tier, which is reached by events. The bonus expires like points that an event
// earns, counted from the window of the conversion; points that have expired are not
// taken back any more. An account that is frozen gets its bonus once it is free.
package bonus
