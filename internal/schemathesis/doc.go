// Package schemathesis attacks a running program by its API description: for tests.
//
// The program schemathesis, which is not ours, makes requests from an OpenAPI
// document, with its examples, at the bounds of its schemas, at random and in
// sequences, good ones and bad ones. A test passes when every answer is one that the
// document has: never a 500, no status, content type, header, body or code of a
// problem that is not described, nothing accepted that the schema refuses, nothing
// answered without a token. tools/schemathesis says what is checked beyond that.
//
// How much it does is up to the environment, so that `make attack` and a plain `go
// test` run the same tests: POINTGRID_ATTACK_EXAMPLES is how many requests it makes
// up at random for each operation, POINTGRID_ATTACK_SEED where they begin. Without
// the first, a run is bounded to what a plain `go test` has time for.
package schemathesis
