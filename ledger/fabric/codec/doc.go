// Package codec is what the gateway and the chaincode server say to each other:
// the names of the functions, the encoding of their requests and responses, and
// [Serve], which answers a request on any [chaincode.State].
//
// Both sides link it, so it uses neither the shim nor an SDK: the two register
// the same protobuf files and must not meet in one program.
//
// A call has two arguments, the function's name and one request. A batch's
// response leaves out the transfers that it wrote: they stand in the write set
// already, and every byte of a response is stored in a block by every company.
package codec
