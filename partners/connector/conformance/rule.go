package conformance

import "slices"

// Level says what it means when a rule does not hold.
type Level string

// The levels.
const (
	Must   Level = "must"   // the gateway cannot work with the host
	Should Level = "should" // it can, with less comfort
)

// Rule is one sentence of the contract and its check.
type Rule struct {
	ID    string // such as CN-TRANSFER-03; it never changes its meaning
	Title string // what must hold, as a sentence
	Level Level
	// Fix says to the host's engineers what is to be done when it does not hold.
	Fix string

	// anchor is a piece of the line of connector.yaml that says so. It is found
	// there when the rule is looked up, so that no line number grows old.
	anchor string
	// base: without it no other rule can be checked.
	base  bool
	check func(s *suite, t *trial)
}

// Rules returns all rules in the order in which they are checked.
func Rules() []Rule {
	return slices.Concat(baseRules, memberRules, transferRules, statusRules, reversalRules, concurrencyRules,
		lossRules, signatureRules, formatRules, statementRules, answerRules)
}

// must is a rule of that level.
func must(id, title, anchor, fix string, check func(s *suite, t *trial)) Rule {
	return Rule{ID: id, Title: title, Level: Must, Fix: fix, anchor: anchor, check: check}
}

func should(id, title, anchor, fix string, check func(s *suite, t *trial)) Rule {
	return Rule{ID: id, Title: title, Level: Should, Fix: fix, anchor: anchor, check: check}
}
