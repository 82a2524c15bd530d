//go:build race

package exchange_test

// underRace says that the race detector is on, which makes processes start
// several times slower.
const underRace = true
