// Package jsonbody reads the JSON bodies of requests, strictly and fast.
//
// A body is accepted when the schema of the OpenAPI document accepts it, and
// nobody can read it in two ways: it is UTF-8 of a bounded size and depth, one
// object with nothing after it, without unknown fields (names are compared
// byte by byte), fields given twice, null, or numbers that are not written as
// integers.
//
// There are two paths. [Form.Decode] first takes the fast one: one scan, the
// decoder of encoding/json into a struct, and the struct's validation tags.
// Only when that does not accept does the slow one explain, with the schema
// itself, everything that is wrong and where. A property test holds the two to
// the same verdict.
package jsonbody
