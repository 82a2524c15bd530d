// Package openapi carries the two API descriptions of PointGrid, so that they
// travel inside the binary, are served as documentation, and are what tests
// check the code against.
//
//   - exchange.yaml is what partners call;
//   - connector.yaml is what partners implement, and the gateway calls.
//
// The documents are written first and the code follows them.
package openapi
