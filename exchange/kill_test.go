package exchange_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/mortal"
)

// TestKilledAtAnyPersistedStepEverythingEndsWell plays every plot in a process
// of its own over the embedded ledger and the SQL store, and kills that process
// just before or just after its n-th write, for every n there is. A second
// process, which repeats the request as a client would, must bring it to its
// end, with nothing lost and nothing doubled.
func TestKilledAtAnyPersistedStepEverythingEndsWell(t *testing.T) {
	s := simulate(t)
	template := t.TempDir()
	foundHome(t, template)
	every := 1 // all of them take about a minute
	if testing.Short() || underRace {
		every = 9
	}
	for i, p := range plots {
		if i%every != 0 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			killEverywhere(t, s, template, i)
		})
	}
}

var members atomic.Int64

func killEverywhere(t *testing.T, s *simulation, template string, i int) {
	for n := int64(1); ; n++ {
		for _, after := range []bool{false, true} {
			o := order{Dir: filepath.Join(t.TempDir(), "home"), URLs: s.urls, Plot: i, Kill: n, After: after,
				Number: fmt.Sprintf("M-%d", members.Add(1))}
			must(t, os.CopyFS(o.Dir, os.DirFS(template)))
			s.join(t, o.Number)
			must(t, plots[i].befall(s, o.Number))
			killed, result := o.run(t)
			if killed {
				o.Kill, o.Again = 0, true
				_, result = o.run(t)
			}
			what := fmt.Sprintf("killed %t at write %d, after it %t", killed, n, after)
			o.check(t, s, what, result)
			if !killed {
				if n < 3 {
					t.Errorf("the plot has only %d writes", n-1)
				}
				return
			}
			must(t, os.RemoveAll(o.Dir))
		}
	}
}

// run runs a child and reports whether it was killed, or else what it found.
func (o order) run(t *testing.T) (killed bool, r report) {
	t.Helper()
	said, killed := mortal.Run(t, childVariable, o)
	if killed && o.Kill == 0 {
		t.Fatalf("child %+v was killed, and not by itself", o)
	}
	if killed {
		return true, r
	}
	must(t, json.Unmarshal(said, &r))
	return false, r
}

// check holds the report against the partners' books.
func (o order) check(t *testing.T, s *simulation, what string, r report) {
	t.Helper()
	p := plots[o.Plot]
	for _, problem := range r.Problems {
		t.Errorf("%s: %s", what, problem)
	}
	if len(r.Conversions) != 1 || p.reverse > 0 && len(r.Reversals) != 1 {
		t.Fatalf("%s: %d conversions and %d reversals, want one", what, len(r.Conversions), len(r.Reversals))
	}
	c := r.Conversions[0]
	checkEnd(t, c)
	ended, failure := c.Status, c.Failure
	if p.reverse > 0 {
		ended, failure = r.Reversals[0].Status, r.Reversals[0].Failure
	}
	if ended != p.want {
		t.Errorf("%s: ended %s with %v, want %s", what, ended, failure, p.want)
	}
	want := holding{"EPT": pointsOpened, "MILES": milesOpened, "SHOP": milesOpened}
	want.apply(t, c)
	got := holding{"EPT": r.Points, "MILES": s.balance(t, "sky", o.Number), "SHOP": s.balance(t, "shop", o.Number)}
	for programme := range want {
		if got[programme] != want[programme] {
			t.Errorf("%s: the member has %d %s, the conversion says %d", what, got[programme], programme, want[programme])
		}
	}
	if t.Failed() {
		t.Logf("%s: conversion %s", what, describe(c))
	}
}

func describe(c *exchange.Conversion) string {
	b, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(b))
}
