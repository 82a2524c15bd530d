package ledger

import "slices"

// History is a past that a ledger has from another home, block by block; see
// package annals. Nothing new is written before every company that takes part
// in it has adopted it: that what it says of a company is true, only that
// company can tell.
type History struct {
	// Blocks is how many were carried over.
	Blocks uint64
	// Hash is that of the last of them, and so of all: the anchor.
	Hash Hash
	// Companies are the MSP IDs of those that take part, the utility first, in the
	// order in which they joined.
	Companies []string
	// Adopted says who adopted the history up to Hash, in that order.
	Adopted []Adoption
}

// Adoption says that a company adopted a history.
type Adoption struct {
	By Identity
	At int64 // milliseconds since 1970
}

// AdoptedBy reports whether a company adopted the history.
func (h *History) AdoptedBy(msp string) bool {
	return slices.ContainsFunc(h.Adopted, func(a Adoption) bool { return a.By.MSP == msp })
}

// Missing returns the companies that have not adopted the history yet. When
// there is none, the ledger goes on.
func (h *History) Missing() (msps []string) {
	for _, msp := range h.Companies {
		if !h.AdoptedBy(msp) {
			msps = append(msps, msp)
		}
	}
	return msps
}

// HistoryResult is how carrying blocks over, or adopting them, ended.
type HistoryResult struct {
	Code    Code
	Message string // for a refusal, as in [Result]
	// History is as it is then; set when Code is CodeOK.
	History History
}
