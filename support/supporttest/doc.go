// Package supporttest has the suite that every store of disputes and acts passes, and
// a store in memory.
package supporttest
