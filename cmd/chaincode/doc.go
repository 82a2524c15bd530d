// Command chaincode serves the contract of package chaincode to one company's
// peer, as what Fabric calls chaincode as a service. It is the only program that
// links the Fabric shim.
//
// It promises:
//
//   - Nothing but the request and the peer's committed state decides what a
//     request does: the time is the proposal's, the caller's company is the one
//     whose certificate signed it. The program keeps no state, so it can be
//     killed and started again at any moment.
//   - Only the peer whose client certificate it was told to trust can connect.
//   - Asked to end (SIGTERM), it first answers what it has begun.
//
// It refuses to run without TLS in both directions: whoever could connect in the
// peer's place would learn what the peer reads.
package main
