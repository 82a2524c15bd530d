package projection

import "fmt"

// Report is what [Verify] found.
type Report struct {
	Blocks      uint64
	Transfers   int64 // compared one by one
	Accounts    int64 // members' accounts compared
	House       int   // house accounts compared
	Positions   int   // of a partner for a window, compared
	Differences []Difference
	More        int64 // differences not listed
}

// OK reports whether the projection equals the ledger.
func (r *Report) OK() bool { return len(r.Differences) == 0 }

// Difference is one place where the projection is not what the ledger says.
type Difference struct {
	Where string // such as "transfer 0198…", "account 3f…", "position of sky for 2026-11-21"
	Got   string // in the projection
	Want  string // on the ledger
}

// String says all three.
func (d Difference) String() string {
	return fmt.Sprintf("%s is %s, on the ledger %s", d.Where, d.Got, d.Want)
}

// differencesMax bounds the differences listed.
const differencesMax = 20

func (r *Report) differ(where string, got, want any) {
	if len(r.Differences) >= differencesMax {
		r.More++
		return
	}
	r.Differences = append(r.Differences, Difference{where, fmt.Sprint(got), fmt.Sprint(want)})
}
