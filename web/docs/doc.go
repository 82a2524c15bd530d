// Package docs serves the OpenAPI documents and a page on which people read and
// try them.
//
// It promises that the page works without a network: all that it needs is in
// the binary, and its content security policy lets it load nothing else.
package docs
