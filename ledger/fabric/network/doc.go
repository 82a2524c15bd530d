// Package network makes and runs a Hyperledger Fabric network of the alliance on
// one machine, without Docker: orderers, and for each company a peer and its
// chaincode, as processes that listen on the loopback address only. The sandbox,
// the command pointgrid fabric and the tests of ledger/fabric use it.
//
// # What it promises
//
//   - [Up] builds the programs of Fabric once, from the pinned module of package
//     deploy/fabric; makes certificates, channel and chaincode; and returns when
//     every company's peer answers. Called again on the same folder it starts
//     what does not run, and the ledger is as it was.
//   - A network is a folder and belongs to no process: [Open] finds it again. What
//     runs is told by locks that the processes hold, never by an ID alone.
//   - [Network.Kill], [Network.Stop] and [Network.Start] do to one process what
//     tests of faults need.
//   - The profile in the folder is all that is needed to connect.
//   - [Lay] and [Join] do the same for a network whose processes are containers,
//     which somebody else starts and which reach each other by their names.
//   - Processes speak TLS with each other and, between peer and chaincode, show
//     their certificates both ways. The keys of all companies lie in one folder,
//     readable by its owner: this is the shape of production, not its custody.
//
// # Who must endorse
//
// The channel's policy /Channel/Application/Ledger is the chaincode's endorsement
// policy: the utility and any one partner,
//
//	AND('UtilityMSP.peer', OR('SkyMSP.peer', 'MartMSP.peer', …))
//
// and keys of a pair carry a policy of their own, the utility and that partner,
// which the contract sets when it creates them (chaincode.State.Endorsers).
//
// Fabric checks a key's own policy in place of the chaincode's, but a key has none
// before it exists: creating one is under the chaincode's policy alone. Were that
// the utility's signature, a utility with changed chaincode could create what it
// cannot change: a position for tomorrow, or an agreement that a partner, whose own
// contract is honest, would then find on the ledger and convert under. So the
// utility alone must not be able to write anything. Nor must partners alone, as
// issuing points is the utility's: it endorses always.
//
// What that costs: an issue of points, which concerns only the utility, needs the
// endorsement of one partner, whichever is up. What it gives: no company writes by
// itself, a partner whose peer is down stalls its own conversions and nobody
// else's, and forging takes the utility and a partner together, and then reaches
// only keys that do not exist yet.
//
// Of a third company's those are few, and count for nothing. What the pair's trust
// rests on exists, with the pair's policy, from when the partner is registered:
// its company and scale, its books, the series of its agreements, offered and
// accepted, by their hashes. An agreement that is not in the series was never
// offered; a position that the books do not know is begun again from zero; and
// amounts that were kept elsewhere, in a member's open hold, are computed again.
// What two dishonest companies can still do to a third is to stop its conversions
// with keys that cannot be read, and to make up a record of a conversion that never
// was and reverse it. The partner's own system never saw that one, so the night's
// reconciliation names it, and no checkpoint that the partner signed has it. A company
// that joins looks at the keys under its code before it gives its first command.
// Partners that want neither make the policy stricter.
//
// It is a policy of the channel and not part of the chaincode's definition, so a
// majority of the companies' administrators can make it stricter (every partner,
// say) and a new company is added to it in the same update that admits it.
//
// The chaincode is defined, and the channel's configuration changed, by a majority
// of the companies: the utility alone can replace neither.
//
// # What it refuses
//
// It does not replace the custody of keys, certificates of an authority that is
// watched, or machines of different companies. It does not run where there are no
// file locks that processes inherit (Windows).
package network
