// Package memberstest has the conformance suite of the store of package members, an
// implementation in memory that passes it, and members whose accounts can be computed.
package memberstest
