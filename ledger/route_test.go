package ledger_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

func TestAccountsAreSpreadEvenlyWhicheverBytesDiffer(t *testing.T) {
	const accounts = 1 << 16
	for _, lanes := range []uint32{2, 3, 7, ledger.LanesMax} {
		for _, first := range []int{0, 7, 14} {
			counts := make([]int, lanes)
			for n := range accounts {
				a := ledger.Account{0xAC}
				a[first], a[first+1] = byte(n), byte(n>>8)
				counts[ledger.LaneOf(a, lanes)]++
			}
			for lane, n := range counts {
				if fair := accounts / int(lanes); n < fair*8/10 || n > fair*12/10 {
					t.Errorf("lane %d of %d has %d of %d accounts that differ in bytes %d and %d", lane, lanes, n, accounts, first, first+1)
				}
			}
		}
	}
}

// TestALanesAccountsStayInIt pins what ledgers are spread by.
func TestALanesAccountsStayInIt(t *testing.T) {
	for n, want := range []uint32{0, 2, 1, 3, 2, 2, 3, 2} {
		if got := ledger.LaneOf(ledger.Account{0: byte(n), 15: byte(3 * n)}, 5); got != want {
			t.Errorf("account %d lies in lane %d, was in lane %d", n, got, want)
		}
	}
	if lane := ledger.LaneOf(ledger.Account{1, 2, 3}, 1); lane != 0 {
		t.Errorf("the only lane is lane %d", lane)
	}
}
