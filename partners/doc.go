// Package partners knows the companies of the alliance: who they are, how they
// are reached and how they identify themselves.
//
// The registry is configuration: it does not change while the program runs. The
// ledger has its own register of partners and is the truth for what may be
// converted; the registry adds what a ledger should not know: addresses, keys
// and the way a partner works with us.
package partners
