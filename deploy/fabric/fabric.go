// Package fabric holds what a Hyperledger Fabric network of the alliance is made
// from: the pinned module of its programs, the configuration of its peers,
// orderers and channel, and the builder that leads a peer to its chaincode. A
// network on one machine (package ledger/fabric/network) and one of containers
// use the same files, and tell each node who and where it is by environment
// variables.
package fabric

import "embed"

// Files are all files, by their path below this folder.
//
//go:embed tools/tools.mod tools/tools.sum core.yaml orderer.yaml configtx.yaml.tmpl builder/bin
var Files embed.FS

// Version is the release of Fabric that the module pins.
const Version = "3.1.1"
