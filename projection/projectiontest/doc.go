// Package projectiontest checks that a store keeps the promises of
// [projection.Store], and has one in memory.
package projectiontest
