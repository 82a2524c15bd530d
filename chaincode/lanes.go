package chaincode

import (
	"strconv"

	"github.com/pointgrid/pointgrid/ledger"
)

// routed refuses a command that belongs to another lane: the account's keys, and
// those that its lane keeps, have one writer at a time.
func (w *work) routed(body ledger.Body) error {
	n, kind := w.lanes(), body.Kind()
	if !w.alliance.present || kind == ledger.KindInitialise { // which knows by itself
		return nil
	}
	switch lane := ledger.RouteOf(body, n); {
	case !kind.Recorded() && w.tx.Lane < n, kind.Recorded() && w.tx.Lane == lane:
		return nil
	case !kind.Recorded():
		return refuse(ledger.CodeWrongLane, "there are %d lanes, and no lane %d", n, w.tx.Lane)
	default:
		return refuse(ledger.CodeWrongLane, "with %d lanes the %s belongs to lane %d, not %d; route it again", n, kind, lane, w.tx.Lane)
	}
}

func (w *work) setLanes(c *ledger.SetLanes) error {
	if n := w.lanes(); c.Lanes <= n {
		return refuse(ledger.CodeInvalid, "there are %d lanes, and their number only rises; it cannot become %d", n, c.Lanes)
	}
	w.alliance.edit(&w.journal).more = c.Lanes - 1
	return nil
}

// lanes returns the lanes that have a head, ascending, with their heads.
func lanes(r Reader) (numbers []uint32, heads []head, err error) {
	err = each(r, prefixHead, prefixHead, func(name string, h *head) (bool, error) {
		n, err := strconv.ParseUint(name, 16, 32)
		numbers, heads = append(numbers, uint32(n)), append(heads, *h)
		return true, err
	})
	return numbers, heads, err
}
