// Package malltest has the suite that every store of the mall passes, and a store
// in memory.
package malltest
