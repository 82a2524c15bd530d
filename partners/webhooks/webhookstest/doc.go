// Package webhookstest is what tests of webhooks stand on: a store in memory
// ([NewMemory]), and the suite that every [webhooks.Store] passes ([RunStore]).
package webhookstest
