package support

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/pointgrid/pointgrid/ledger"
)

// Candidate is a conversion as the rules see it.
type Candidate struct {
	ID      ledger.ID
	Member  string
	Account ledger.Account
	At      int64 // milliseconds since 1970
	// In and Out are the partners from and to which points go; empty for none.
	In, Out string
	Points  int64 // electricity points
}

// LinkFacts are what the links of a member tell.
type LinkFacts struct {
	First  int64 // when the first was made, milliseconds since 1970; 0 for none
	Recent int64 // how many were made since an instant, ended ones included
	Shared int64 // the most members that one of the memberships has been linked with
}

// Facts knows the links.
type Facts interface {
	LinkFacts(ctx context.Context, member string, since int64) (LinkFacts, error)
}

// What is kept in memory.
const (
	// seenMax bounds the conversions remembered; twice as many when they are about to
	// be forgotten.
	seenMax     = 250_000
	factsCached = 100_000
	// factsAge is how old the facts about links may be.
	factsAge = 10 * time.Second
)

// Screen holds conversions that rules find suspicious. It remembers those of the last
// hours in memory, the newest of them if there are more than fit. Safe for concurrent
// use.
type Screen struct {
	rules Rules
	from  Facts
	facts *otter.Cache[string, LinkFacts]

	mu     sync.Mutex
	seen   map[ledger.Account][]seen
	older  map[ledger.Account][]seen
	count  int   // of seen
	turned int64 // when seen became older, milliseconds since 1970
}

// seen is a conversion that was asked for.
type seen struct {
	id ledger.ID
	at int64
	in string
}

// NewScreen returns a screen by valid rules.
func NewScreen(r Rules, from Facts) *Screen {
	return &Screen{rules: r, from: from, seen: map[ledger.Account][]seen{},
		facts: otter.Must(&otter.Options[string, LinkFacts]{MaximumSize: factsCached, ExpiryCalculator: otter.ExpiryWriting[string, LinkFacts](factsAge)})}
}

// Screen returns the rule by which a conversion is to be held, "" for none, and
// remembers it. The rules are looked at in the order of [RuleNames].
func (s *Screen) Screen(ctx context.Context, c Candidate) (string, error) {
	rule := s.remembered(c)
	if rule == RuleVelocity || !s.rules.facts() {
		return rule, nil
	}
	f, err := s.linkFacts(ctx, c)
	if err != nil {
		s.Drop(c)
		return "", err
	}
	r := &s.rules
	switch {
	case r.Links.Count > 0 && f.Recent >= int64(r.Links.Count):
		return RuleLinks, nil
	case r.Shared > 0 && f.Shared >= int64(r.Shared):
		return RuleShared, nil
	case rule == "" && r.Young.Points > 0 && c.Points >= r.Young.Points && c.At-f.First < r.Young.Age.Milliseconds():
		return RuleYoung, nil
	}
	return rule, nil
}

func (s *Screen) linkFacts(ctx context.Context, c Candidate) (LinkFacts, error) {
	if f, ok := s.facts.GetIfPresent(c.Member); ok {
		return f, nil
	}
	f, err := s.from.LinkFacts(ctx, c.Member, c.At-s.rules.Links.Within.Milliseconds())
	if err == nil {
		s.facts.Set(c.Member, f)
	}
	return f, err
}

// remembered looks at what the account did before, and adds the conversion to it.
func (s *Screen) remembered(c Candidate) (rule string) {
	if s.rules.window() == 0 {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(c.At)
	before := s.of(c)
	fast := 0
	for _, x := range before {
		if age := c.At - x.at; age < s.rules.Velocity.Within.Milliseconds() {
			fast++
		}
		if c.Out != "" && x.in == c.Out && c.At-x.at < s.rules.Ring.Milliseconds() {
			rule = RuleRing
		}
	}
	if s.rules.Velocity.Count > 0 && fast >= s.rules.Velocity.Count {
		rule = RuleVelocity
	}
	s.add(before, c)
	return rule
}

// of returns what is remembered of the account and still counts.
func (s *Screen) of(c Candidate) []seen {
	before := s.seen[c.Account]
	if old, ok := s.older[c.Account]; ok {
		delete(s.older, c.Account)
		s.count += len(old)
		before = append(old, before...)
	}
	kept := slices.DeleteFunc(before, func(x seen) bool { return c.At-x.at >= s.rules.window().Milliseconds() })
	s.count -= len(before) - len(kept)
	return kept
}

func (s *Screen) add(before []seen, c Candidate) {
	if len(before) >= seenEach {
		before = slices.Delete(before, 0, 1)
		s.count--
	}
	s.seen[c.Account] = append(before, seen{c.ID, c.At, c.In})
	s.count++
}

// turn forgets what was remembered longest ago.
func (s *Screen) turn(now int64) {
	if s.turned == 0 {
		s.turned = now
	}
	if s.count < seenMax && now-s.turned < s.rules.window().Milliseconds() {
		return
	}
	s.older, s.seen, s.count, s.turned = s.seen, map[ledger.Account][]seen{}, 0, now
}

// Note remembers a conversion that was made before, such as by an earlier process.
func (s *Screen) Note(c Candidate) { s.remembered(c) }

// Drop forgets a conversion that was not made.
func (s *Screen) Drop(c Candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.seen[c.Account]
	rest := slices.DeleteFunc(before, func(x seen) bool { return x.id == c.ID })
	s.count -= len(before) - len(rest)
	if len(rest) == 0 {
		delete(s.seen, c.Account)
		return
	}
	s.seen[c.Account] = rest
}
