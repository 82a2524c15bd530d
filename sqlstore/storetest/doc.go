// Package storetest has the suites that every implementation of the smaller
// stores passes: [RunAssertions], [RunIdempotency] and [RunSettlements]. That of
// exchange.Store is in exchange/exchangetest.
package storetest
