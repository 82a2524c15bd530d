package oauth

import (
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/partners"
)

// Scopes is a set of scopes.
type Scopes uint32

// Only returns the set of these scopes; those that there are not are left out.
func Only(scopes ...partners.Scope) (set Scopes) {
	for _, s := range scopes {
		if i := slices.Index(known, s); i >= 0 {
			set |= 1 << i
		}
	}
	return set
}

// The scopes in the order of their bits.
var known = partners.Scopes()

var operator = Only(partners.ScopeOperator)

// Allows reports whether the set has one of those needed, or none is needed. The
// operator may do everything.
func (s Scopes) Allows(needed Scopes) bool {
	return needed == 0 || s&(needed|operator) != 0
}

// String returns the scopes with spaces between, as they travel.
func (s Scopes) String() string {
	names := make([]string, 0, len(known))
	for i, scope := range known {
		if s&(1<<i) != 0 {
			names = append(names, string(scope))
		}
	}
	return strings.Join(names, " ")
}

// parseScopes reads what String wrote; a scope that there is not is returned as
// the second result.
func parseScopes(text string) (set Scopes, unknown string) {
	for _, name := range strings.Fields(text) {
		scope := partners.Scope(name)
		if !slices.Contains(known, scope) {
			return 0, name
		}
		set |= Only(scope)
	}
	return set, ""
}
