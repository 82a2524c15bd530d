// Package settlement is the night: it closes the window, computes from the
// ledger alone what each partner owes or is owed, and writes a statement per
// partner.
//
// It is an auditor of the exchange and shares nothing with it: all its figures
// come from the ledger's transfers, and are compared with the positions that
// the contract kept while they were written.
package settlement
