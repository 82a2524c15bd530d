// Package partnerstest has stores of credentials and of the access log that live
// in memory, and the suites that every implementation passes: [RunClients] and
// [RunAccess].
package partnerstest
