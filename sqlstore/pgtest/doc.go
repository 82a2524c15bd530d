// Package pgtest starts a real PostgreSQL server from the machine's programs for
// a test, and stands between it and a store to cut connections.
package pgtest
