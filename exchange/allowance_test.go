package exchange_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// shares are the members' shares of daily caps, in ten-thousandths.
type shares map[string]int64

func (s shares) DayShare(_ context.Context, member string) (int64, error) {
	if share, ok := s[member]; ok {
		return share, nil
	}
	return 0, errors.New("the member's tier cannot be read")
}

// capped is a world whose agreements with tele have a daily cap of 1,000, of which
// M-1 may use a half, M-2 three quarters and M-3 all.
func capped(t *testing.T, change ...func(*exchange.Options)) *world {
	w := newWorld(t, append(change, func(o *exchange.Options) {
		o.Allowances = shares{"M-1": 5_000, "M-2": 7_500, "M-3": exchange.WholeShare}
	})...)
	for _, dir := range []ledger.Direction{ledger.In, ledger.Out} {
		terms := terms("tele", dir)
		terms.Version, terms.DayCap = 2, 1_000
		agree(t, w.ledger, w.clock.now, companies[2], terms)
	}
	w.start()
	return w
}

// earns converts TELE into electricity points and returns the code of a refusal.
func (w *world) earns(m member, reference string, from int64) string {
	w.t.Helper()
	r := w.request(m, "tele", "TELE", "EPT", from)
	r.Reference = reference
	c, _, err := w.Convert(context.Background(), tele, r, patient)
	return w.ending(c, err)
}

// ending is the code with which a request was refused or a conversion failed.
func (w *world) ending(c *exchange.Conversion, err error) string {
	w.t.Helper()
	var refused *exchange.Refusal
	switch {
	case errors.As(err, &refused):
		return refused.Code
	case err != nil:
		w.t.Fatal(err)
	case c.Failure != nil:
		return c.Failure.Code
	}
	return ""
}

func TestAMemberConvertsNoMoreADayThanTheLevelAllows(t *testing.T) {
	w := capped(t)
	members := []member{w.join(1), w.join(2), w.join(3)}
	for _, step := range []struct {
		member int
		from   int64
		want   string
	}{
		{0, 510, exchange.CodeAllowance}, {0, 300, ""}, {0, 210, exchange.CodeAllowance}, {0, 200, ""}, {0, 10, exchange.CodeAllowance},
		{1, 750, ""}, {1, 10, exchange.CodeAllowance},
		{2, 1000, ""}, {2, 10, string(ledger.CodeDayCap)}, // the agreement's, and the ledger's to enforce
	} {
		if got := w.earns(members[step.member], "T-"+w.idem().Key, step.from); got != step.want {
			t.Errorf("%s: %d ends %q, want %q", members[step.member].number, step.from, got, step.want)
		}
	}
	out := w.request(members[0], "tele", "EPT", "TELE", 500)
	out.Reference = "T-out"
	if got := w.ending(alone(w.Convert(context.Background(), tele, out, patient))); got != "" {
		t.Errorf("the other direction, which has a cap of its own, ends %q", got)
	}
}

func alone(c *exchange.Conversion, _ bool, err error) (*exchange.Conversion, error) { return c, err }

func TestConversionsAtOnceTakeNoMoreThanTheAllowanceTogether(t *testing.T) {
	w := capped(t)
	m := w.join(1)
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			r := w.request(m, "tele", "TELE", "EPT", 100)
			r.Reference = "T-" + r.Key
			if n%2 == 0 {
				w.ConvertMany(context.Background(), tele, []exchange.ConvertRequest{r}, patient)
				return
			}
			again := r
			again.Idempotency, again.Reference = w.idem(), r.Reference+"-2"
			w.ConvertMany(context.Background(), tele, []exchange.ConvertRequest{r, again}, patient)
		})
	}
	wg.Wait()
	state, err := w.ledger.Account(context.Background(), m.account)
	must(t, err)
	if len(state.Usage) != 1 || state.Usage[0].DayUsed > 500 {
		t.Errorf("the ledger counts %+v, the allowance is 500", state.Usage)
	}
	for left := 500 - state.Usage[0].DayUsed; left > 0; left -= 100 { // what was given back can be used
		if got := w.earns(m, "T-"+w.idem().Key, 100); got != "" {
			t.Fatalf("%d are left, and 100 end %q", left, got)
		}
	}
	if got := w.earns(m, "T-over", 10); got != exchange.CodeAllowance {
		t.Errorf("beyond the allowance it ends %q", got)
	}
}

func TestARepeatIsAnsweredAlsoWhenTheAllowanceIsUsedUp(t *testing.T) {
	w := capped(t)
	m := w.join(1)
	r := w.request(m, "tele", "TELE", "EPT", 500)
	r.Reference = "T-1"
	c, _, err := w.Convert(context.Background(), tele, r, patient)
	must(t, err)
	again, replayed, err := w.Convert(context.Background(), tele, r, patient)
	if err != nil || !replayed || again.ID != c.ID {
		t.Errorf("the repeat is answered %v, %t, %v", again, replayed, err)
	}
}

func TestNothingIsConvertedWhileTheLevelIsNotKnown(t *testing.T) {
	w := capped(t)
	r := w.request(w.join(9), "tele", "TELE", "EPT", 100)
	r.Reference = "T-1"
	if _, _, err := w.Convert(context.Background(), tele, r, patient); err == nil {
		t.Error("it was converted")
	}
	if found, err := w.store.Conversions(context.Background(), exchange.Filter{Limit: 1}); len(found) != 0 || err != nil {
		t.Errorf("there is %v, %v", found, err)
	}
}

// While a conversion is held it takes nothing of the allowance: what is released counts
// as if it were asked for then.
func TestHeldConversionsTogetherStayWithinTheLevel(t *testing.T) {
	w := capped(t, func(o *exchange.Options) { o.Screening = &suspicious{} })
	m := w.join(1)
	var held []*exchange.Conversion
	for _, reference := range []string{"H-1", "H-2"} {
		r := w.request(m, "tele", "TELE", "EPT", 300)
		r.Reference = reference
		c, _, err := w.Convert(context.Background(), tele, r, patient)
		must(t, err)
		held = append(held, c)
	}
	for i, want := range []string{"", exchange.CodeAllowance} {
		c, err := w.Release(context.Background(), held[i].ID)
		for deadline := time.Now().Add(10 * time.Second); err == nil && c.Status == exchange.Processing && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
			c, err = w.Conversion(context.Background(), staff, held[i].ID)
		}
		if got := w.ending(c, err); got != want {
			t.Errorf("release %d ends with %q, want %q", i+1, got, want)
		}
	}
}
