// Package problem writes errors as RFC 9457 problem details with a stable code,
// the one form in which all routes of the program refuse.
//
// It promises that a problem's bytes depend on nothing but its fields, so that
// a repeated request can get the same answer. It refuses to guess: what a code
// means for a status is the caller's to say.
package problem
