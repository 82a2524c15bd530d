// Package message reads and writes the few Fabric messages that the ledger
// handles itself, field by field: proposals, transactions, read-write sets and
// blocks.
//
// It uses no generated code. A generated package registers its files with the
// protobuf runtime, which panics when SDK, shim and a verifier each bring their
// own; and the large messages, whose bulk is one field of bytes, are read here
// without being copied. Results alias the bytes given.
//
// Field numbers are those of github.com/hyperledger/fabric-protos.
package message
