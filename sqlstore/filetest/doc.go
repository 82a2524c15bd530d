// Package filetest has the SQLite file of an empty store ready, so that a test which
// needs a store, and is not about how one is made, does not wait for its migrations.
package filetest
