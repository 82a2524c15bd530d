package simulation

import (
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
		"jumps by", "reverse", " is failed, ", "replayed true", "refuses slot", "too late", "store update", " leads", "commands under epoch"}
	var b strings.Builder
	for seed := uint64(1); seed <= 40; seed++ {
		Run(t, seed, &b)
	}
	for _, w := range want {
		if !strings.Contains(b.String(), w) {
			t.Errorf("in 40 seeds there is no event with %q", w)
		}
	}
}
