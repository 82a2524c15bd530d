// Package partners knows the companies of the alliance: who they are, how they
// are reached, and how their programs identify themselves.
//
// The companies are configuration: the [Registry] does not change while the
// program runs. The ledger has its own register of partners and is the truth for
// what may be converted; the registry adds what a ledger should not know:
// addresses, keys and the way a partner works with us.
//
// The clients and their keys live in a store, begin with what the configuration
// has, and are changed by their companies: see [Directory]. It promises that a
// company sees and changes only its own clients, gives them no more than it has,
// is not left without a key by mistake, and that every change is written down
// together with what it changed. It refuses private keys, weak keys and keys of
// kinds that are not in use here.
package partners
