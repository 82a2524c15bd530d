package rewards

import (
	"cmp"
	"slices"
)

// Book is a set of approved rules. It does not change.
type Book struct{ rules []Rule } // ascending code, descending version

// NewBook returns the book of those rules that are approved.
func NewBook(rules []Rule) *Book {
	b := &Book{}
	for _, r := range rules {
		if r.State == Approved {
			b.rules = append(b.rules, r)
		}
	}
	slices.SortFunc(b.rules, func(x, y Rule) int {
		return cmp.Or(cmp.Compare(x.Code, y.Code), cmp.Compare(y.Version, x.Version))
	})
	return b
}

// With returns the book in which a draft has taken the place of all other versions
// of its code.
func (b *Book) With(draft Rule) *Book {
	own := &Book{rules: slices.DeleteFunc(slices.Clone(b.rules), func(r Rule) bool { return r.Code == draft.Code })}
	own.rules = append(own.rules, draft)
	return own
}

// inForce calls visit for the rule of each code that was in force at an instant:
// of those whose time it was the one with the highest version.
func (b *Book) inForce(at int64, visit func(*Rule)) {
	code := ""
	for i := range b.rules {
		r := &b.rules[i]
		if r.Code != code && r.From <= at && (r.Until == 0 || at < r.Until) {
			code = r.Code
			visit(r)
		}
	}
}
