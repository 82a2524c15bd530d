// Package paymenttest has the suite that every store of payments passes, and a
// store in memory.
package paymenttest
