// Package exchangetest is what tests of an exchange stand on: a store in memory
// ([NewMemory]), and the suite that every [exchange.Store] passes
// ([RunStore]).
package exchangetest
