package simulation

import (
	"slices"
	"strings"
	"testing"
)

// fixed are the seeds that every run of the tests plays.
const fixed = 150

func seeds(t *testing.T, n uint64) uint64 {
	t.Helper()
	if testing.Short() || underRace {
		return max(n/10, 1)
	}
	return n
}

func TestTheLawsHoldWhateverGoesWrong(t *testing.T) {
	for seed := uint64(1); seed <= seeds(t, fixed); seed++ {
		report(t, Run(t, seed, nil))
	}
}

// report fails the test for a seed that broke a law, as the command prints it.
func report(t *testing.T, r Result) {
	t.Helper()
	if !r.OK() {
		t.Errorf("seed %d: %s\n%sreplay it with: pointgrid simulate --from %d --seeds 1 --trace", r.Seed, strings.Join(r.Violated, "\n"),
			strings.Join(r.Last, ""), r.Seed)
	}
}

func TestASeedIsTheSameEachTime(t *testing.T) {
	for seed := uint64(10_000); seed < 10_000+seeds(t, 60); seed++ {
		first, second := Run(t, seed, nil), Run(t, seed, nil)
		if first.Digest != second.Digest || first.Events != second.Events {
			t.Errorf("seed %d: %d events with digest %s, then %d with %s", seed, first.Events, first.Digest, second.Events, second.Digest)
		}
	}
}

// A run in which nothing goes wrong would keep every law.
func TestThingsDoGoWrong(t *testing.T) {
	want := []string{" dies: before ", " dies: after ", "stands still", "is fenced", "silence", "not sent", " late: ", " again: ", "disk error",
		"jumps by", "reverse", " is failed, ", " is reversed, ", "replayed true", "refuses slot", "commands under epoch", "too late", " spends ", "freeze"}
	const most = 400
	for seed := uint64(1); len(want) > 0 && seed <= most; seed++ {
		var b strings.Builder
		Run(t, seed, &b)
		want = slices.DeleteFunc(want, func(w string) bool { return strings.Contains(b.String(), w) })
	}
	if len(want) > 0 {
		t.Errorf("in %d seeds there is no event with any of %q", most, want)
	}
}
