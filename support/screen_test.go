package support_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
)

type facts struct {
	has   support.LinkFacts
	err   error
	asked int
}

func (f *facts) LinkFacts(context.Context, string, int64) (support.LinkFacts, error) {
	f.asked++
	return f.has, f.err
}

// minute is the n-th of the test.
func minute(n int64) int64 { return 1_770_000_000_000 + n*60_000 }

func rules(change func(*support.Rules)) (r support.Rules) {
	change(&r)
	return r
}

func TestRulesHoldWhatIsSuspicious(t *testing.T) {
	velocity := rules(func(r *support.Rules) { r.Velocity.Count, r.Velocity.Within = 2, 10*time.Minute })
	ring := rules(func(r *support.Rules) { r.Ring = time.Hour })
	old := minute(-1_000_000)
	for _, c := range []struct {
		name  string
		rules support.Rules
		facts support.LinkFacts
		steps []support.Candidate // of one account
		want  string              // of the last; the others are free
	}{
		{name: "two in ten minutes", rules: velocity, steps: []support.Candidate{{At: minute(0)}, {At: minute(1)}}},
		{name: "a third in ten minutes", rules: velocity, steps: []support.Candidate{{At: minute(0)}, {At: minute(1)}, {At: minute(9)}}, want: support.RuleVelocity},
		{name: "a third after ten minutes", rules: velocity, steps: []support.Candidate{{At: minute(0)}, {At: minute(1)}, {At: minute(10)}}},
		{name: "in and out to the same", rules: ring, steps: []support.Candidate{{At: minute(0), In: "sky"}, {At: minute(59), Out: "sky"}}, want: support.RuleRing},
		{name: "in and out to another", rules: ring, steps: []support.Candidate{{At: minute(0), In: "sky"}, {At: minute(59), Out: "tel"}}},
		{name: "out and in", rules: ring, steps: []support.Candidate{{At: minute(0), Out: "sky"}, {At: minute(59), In: "sky"}}},
		{name: "in and out an hour later", rules: ring, steps: []support.Candidate{{At: minute(0), In: "sky"}, {At: minute(60), Out: "sky"}}},
		{name: "round by two others", rules: ring, steps: []support.Candidate{{At: minute(0), In: "sky"}, {At: minute(1), Out: "tel"}, {At: minute(2), In: "tel", Out: "mart"}, {At: minute(3), In: "mart", Out: "sky"}}, want: support.RuleRing},
		{name: "straight from one to the other and back", rules: ring, steps: []support.Candidate{{At: minute(0), In: "sky", Out: "tel"}, {At: minute(1), In: "tel", Out: "sky"}}, want: support.RuleRing},
		{name: "many links", rules: rules(func(r *support.Rules) { r.Links.Count, r.Links.Within = 3, time.Hour }), facts: support.LinkFacts{First: old, Recent: 3}, steps: []support.Candidate{{At: minute(0)}}, want: support.RuleLinks},
		{name: "some links", rules: rules(func(r *support.Rules) { r.Links.Count, r.Links.Within = 3, time.Hour }), facts: support.LinkFacts{First: old, Recent: 2}, steps: []support.Candidate{{At: minute(0)}}},
		{name: "a shared membership", rules: rules(func(r *support.Rules) { r.Shared = 2 }), facts: support.LinkFacts{First: old, Shared: 2}, steps: []support.Candidate{{At: minute(0)}}, want: support.RuleShared},
		{name: "much in a new account", rules: rules(func(r *support.Rules) { r.Young.Points, r.Young.Age = 100, time.Hour }), facts: support.LinkFacts{First: minute(0)}, steps: []support.Candidate{{At: minute(59), Points: 100}}, want: support.RuleYoung},
		{name: "less in a new account", rules: rules(func(r *support.Rules) { r.Young.Points, r.Young.Age = 100, time.Hour }), facts: support.LinkFacts{First: minute(0)}, steps: []support.Candidate{{At: minute(59), Points: 99}}},
		{name: "much in an account that is not new", rules: rules(func(r *support.Rules) { r.Young.Points, r.Young.Age = 100, time.Hour }), facts: support.LinkFacts{First: minute(0)}, steps: []support.Candidate{{At: minute(60), Points: 100}}},
		{name: "no rule", steps: []support.Candidate{{At: minute(0), In: "sky"}, {At: minute(0), Out: "sky", Points: 1 << 40}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, c.rules.Validate())
			s := support.NewScreen(c.rules, &facts{has: c.facts})
			for n, step := range c.steps {
				step.ID, step.Account, step.Member = ledger.ID{byte(n + 1)}, ledger.Account{1}, "M-1"
				got, err := s.Screen(context.Background(), step)
				must(t, err)
				want := ""
				if n == len(c.steps)-1 {
					want = c.want
				}
				if got != want {
					t.Errorf("step %d: %q, want %q", n, got, want)
				}
				other, err := s.Screen(context.Background(), support.Candidate{ID: ledger.ID{99}, Account: ledger.Account{byte(n + 2)}, Member: "M-2", At: step.At, Out: "sky", In: step.In})
				must(t, err)
				if other != "" && c.facts == (support.LinkFacts{}) {
					t.Errorf("another account is held by %s", other)
				}
			}
		})
	}
}

func TestWhatWasNotMadeIsForgotten(t *testing.T) {
	s := support.NewScreen(rules(func(r *support.Rules) { r.Velocity.Count, r.Velocity.Within = 1, time.Hour }), &facts{})
	for n := range 5 {
		c := support.Candidate{ID: ledger.ID{byte(n)}, At: minute(int64(n))}
		if rule, err := s.Screen(context.Background(), c); err != nil || rule != "" {
			t.Fatalf("%q, %v", rule, err)
		}
		s.Drop(c)
	}
	s.Note(support.Candidate{ID: ledger.ID{9}, At: minute(6)})
	if rule, err := s.Screen(context.Background(), support.Candidate{At: minute(7)}); err != nil || rule != support.RuleVelocity {
		t.Errorf("after one that was made: %q, %v", rule, err)
	}
}

func TestLinksAreAskedForOnceInAWhile(t *testing.T) {
	f := &facts{err: errors.New("the store does not answer")}
	s := support.NewScreen(rules(func(r *support.Rules) { r.Shared = 2 }), f)
	c := support.Candidate{Member: "M-1", At: minute(0)}
	if _, err := s.Screen(context.Background(), c); !errors.Is(err, f.err) {
		t.Errorf("error %v", err)
	}
	f.err = nil
	for range 10 {
		_, err := s.Screen(context.Background(), c)
		must(t, err)
	}
	if f.asked != 2 {
		t.Errorf("asked %d times, want 2", f.asked)
	}
}

func TestWrongRulesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*support.Rules){
		"a number without a time": func(r *support.Rules) { r.Velocity.Count = 1 }, "a time without a number": func(r *support.Rules) { r.Links.Within = 1 },
		"too many": func(r *support.Rules) { r.Velocity.Count, r.Velocity.Within = 300, 1 }, "shared by one": func(r *support.Rules) { r.Shared = 1 },
		"a time below zero": func(r *support.Rules) { r.Ring = -1 }, "points below zero": func(r *support.Rules) { r.Young.Points, r.Young.Age = -1, 1 },
	} {
		if r := rules(change); r.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func BenchmarkScreen(b *testing.B) {
	s := support.NewScreen(rules(func(r *support.Rules) {
		r.Velocity.Count, r.Velocity.Within, r.Ring, r.Shared = 200, time.Minute, time.Hour, 3
	}), &facts{})
	var n uint32
	for b.Loop() {
		n++
		if _, err := s.Screen(context.Background(), support.Candidate{ID: ledger.ID{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}, Account: ledger.Account{byte(n), byte(n >> 8)}, Member: "M", At: minute(0) + int64(n), In: "sky"}); err != nil {
			b.Fatal(err)
		}
	}
}
