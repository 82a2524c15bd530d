package simulation

import (
	"testing"
)

// TestEachPlantedBugIsFound plants five mistakes of the kind that matters, one at a time,
// and looks at how many seeds it takes until a law is broken.
func TestEachPlantedBugIsFound(t *testing.T) {
	for _, c := range []struct {
		name   string
		bug    Bug
		within uint64 // seeds
	}{
		{"a compensation is lost", LostCompensation, 150},
		{"a conversion is posted twice", DoublePost, 50},
		{"the window is off by one", WindowOffByOne, 10},
		{"a residue is dropped", ResidueDropped, 10},
		{"a lease has no fence", LeaseWithoutFence, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := uint64(1); seed <= c.within; seed++ {
				if r := run(t, options{seed: seed, plant: c.bug}); !r.OK() {
					t.Logf("found by seed %d: %s", seed, r.Violated[0])
					return
				}
			}
			t.Errorf("not found within %d seeds", c.within)
		})
	}
}
