package mortal_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/internal/mortal"
)

func TestALifeEndsAtItsWriteAndNothingHasAnEffectAfterwards(t *testing.T) {
	full := errors.New("the disk is full")
	for _, c := range []struct {
		end   int64
		after bool
		done  []int
	}{{0, false, []int{1, 2, 3}}, {2, false, []int{1}}, {2, true, []int{1, 2}}, {9, true, []int{1, 2, 3}}} {
		t.Run(fmt.Sprint(c.end, c.after), func(t *testing.T) {
			l, done := &mortal.Life{End: c.end, After: c.after}, []int(nil)
			for n := 1; n <= 3; n++ {
				err := l.Write(func() error { done = append(done, n); return full })
				dead := c.end > 0 && int64(n) >= c.end
				if want := map[bool]error{true: mortal.ErrDead, false: full}[dead]; !errors.Is(err, want) || (l.Alive() != nil) != dead {
					t.Errorf("write %d: error %v, then %v; want %v", n, err, l.Alive(), want)
				}
			}
			if !slices.Equal(done, c.done) {
				t.Errorf("done are %v, want %v", done, c.done)
			}
		})
	}
}
