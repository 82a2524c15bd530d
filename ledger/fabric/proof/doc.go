// Package proof verifies receipts of the ledger on Fabric, offline, by the
// companies' root certificates and nothing else.
//
// What a receipt that verifies proves: the peers of the utility and of every
// partner concerned, and of at least one partner in any case, have signed that
// the state they had committed contains the checkpoint's batches, one of which
// contains the transfer. No one company can make such a receipt up, not even the
// utility for its own members' points.
//
// A certificate must have been valid when its key signed. That is a time of the
// machines, which stands in what was signed and which each peer's chaincode
// compares with its own clock before it signs; the ledger's time may be another.
//
// What it refuses: signatures of anybody but a company's peers, such as its
// people or its gateway, and anything signed for another channel, chaincode or
// checkpoint. Each field is bound; the block is the one in which the peers had
// the last batch that the checkpoint gathered.
//
// The package reads Fabric's messages without generated code, so that it can be
// part of any program.
package proof
