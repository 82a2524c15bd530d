// Package clustertest has the suite that every keeper of leases passes, and one in
// memory.
package clustertest
