package cluster_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/ledger"
)

// TestAnAnswerLastsWhenAConnectionBreaks has the first copy of a command arrive and be
// held up, breaks the connection, so that a second one is given, and lets the ledger
// refuse what it would have accepted before, or the reverse: what the sender is told is
// what the ledger has.
func TestAnAnswerLastsWhenAConnectionBreaks(t *testing.T) {
	for name, poorAtFirst := range map[string]bool{"refused, then accepted": true, "accepted, then refused": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			owner := w.join()
			w.serving(owner)
			sender := w.join()
			w.eventually("the sender knows the owner", func() bool { return len(sender.Status().View.Duties) > 0 })
			w.alliance.setPoor(poorAtFirst)
			release := w.alliance.stall(0)
			defer release()
			type answer struct {
				results []ledger.Result
				err     error
			}
			got := make(chan answer, 1)
			go func() {
				r, err := sender.Ledger().Submit(t.Context(), utility, issue(1, 0))
				got <- answer{r, err}
			}()
			w.eventually("the first copy is held up", func() bool { return w.alliance.holds(0) == 1 })
			w.alliance.pass(0) // whoever comes now is not held up
			sender.Sever()
			w.eventually("the second copy has arrived", func() bool { return owner.Inside(sender.Slot()) == 2 || len(got) > 0 })
			select {
			case a := <-got:
				t.Fatalf("answered %v, %v while the first copy is under way", a.results, a.err)
			case <-time.After(2 * retry):
			}
			w.alliance.setPoor(!poorAtFirst)
			release()
			a := <-got
			if a.err != nil {
				t.Fatal(a.err)
			}
			w.eventually("both copies have left", func() bool { return owner.Inside(sender.Slot()) == 0 })
			if accepted := a.results[0].Code == ledger.CodeOK; accepted != (w.alliance.count() == 1) {
				t.Errorf("the sender was told %s, and %d commands are written", a.results[0].Code, w.alliance.count())
			}
		})
	}
}

// retry is longer than a gateway waits before it tries again.
const retry = 60 * time.Millisecond

// TestACopyThatComesTooLateIsNotCarriedOut gives commands on a connection after a later
// one has greeted, and under an epoch of a lane that is past.
func TestACopyThatComesTooLateIsNotCarriedOut(t *testing.T) {
	w := newWorld(t, 1)
	owner, sender := w.join(), w.join()
	w.serving(owner, sender)
	if len(owner.Status().Held) == 0 {
		owner, sender = sender, owner
	}
	epoch := owner.Status().Held[0]
	to, _, ok := owner.Status().View.Holder(cluster.LaneDuty(0))
	if !ok {
		t.Fatal("nobody has the lane")
	}
	older, err := sender.Dial(to, 1001)
	if err != nil {
		t.Fatal(err)
	}
	defer older.Close()
	if _, err := older.Give(0, epoch, utility, issue(1, 0)); err != nil {
		t.Fatal(err)
	}
	later, err := sender.Dial(to, 1002)
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	if _, err := later.Give(0, epoch, utility, issue(2, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := older.Give(0, epoch, utility, issue(3, 0)); !errors.Is(err, cluster.ErrLost) {
		t.Errorf("on the older connection the answer is %v, want %v", err, cluster.ErrLost)
	}
	for _, past := range []uint64{epoch - 1, epoch + 1} {
		if _, err := later.Give(0, past, utility, issue(4, 0)); !errors.Is(err, ledger.ErrNotOwner) {
			t.Errorf("under epoch %d the answer is %v, want %v", past, err, ledger.ErrNotOwner)
		}
	}
	if n := w.alliance.count(); n != 2 {
		t.Errorf("%d commands are written, want 2", n)
	}
}
