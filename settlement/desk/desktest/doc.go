// Package desktest has the suite that every store of cases passes, and a store
// in memory.
package desktest
