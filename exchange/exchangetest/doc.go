// Package exchangetest is what the tests of an exchange stand on: a store in
// memory ([NewMemory]), one in a file that survives the death of its process
// ([OpenFile]), and the suite that every [exchange.Store] passes ([RunStore]).
package exchangetest
