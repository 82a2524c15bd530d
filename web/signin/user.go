package signin

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// ID names an account. It is random and says nothing.
type ID [16]byte

// String returns 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Role says what a user may do.
type Role string

// The roles of the utility's staff.
const (
	Admin     Role = "admin"     // accounts of the utility's staff
	Maker     Role = "maker"     // proposes
	Checker   Role = "checker"   // approves what another proposed
	Viewer    Role = "viewer"    // reads
	Marketing Role = "marketing" // the marketing view
	Support   Role = "support"   // helps members
)

// The roles of a partner's staff.
const (
	Engineer Role = "engineer" // integrates: keys, webhooks, requests
	Finance  Role = "finance"  // settlements and agreements
)

var (
	utilityRoles = []Role{Admin, Maker, Checker, Viewer, Marketing, Support}
	partnerRoles = []Role{Engineer, Finance}
)

// RolesOf returns the roles that users of a company can have; the utility's code
// is empty.
func RolesOf(company string) []Role {
	if company == "" {
		return slices.Clone(utilityRoles)
	}
	return slices.Clone(partnerRoles)
}

// User is an account of a member of staff.
type User struct {
	ID      ID
	Login   string // unique; 3 to 64 of a-z, 0-9 and . _ @ + -
	Name    string // as pages show it, 1 to 80 characters
	Company string // code of the partner; empty is the utility. Fixed for ever.
	Roles   []Role // at least one
	// Password is the argon2id hash in the PHC string format.
	Password string
	// MustChange says that somebody else knows the password: until it is changed
	// nothing else can be done.
	MustChange bool
	// PasswordUntil is when a password that was made up can no longer be used; 0 is
	// never.
	PasswordUntil int64
	// Secret is the sealed TOTP secret; empty without a second factor.
	Secret []byte
	// LastStep is the time step, of 30 s since 1970, of the newest code that was
	// used: none up to it is good any more.
	LastStep int64
	// Recovery are the SHA-256 of the recovery codes that were not used.
	Recovery   [][32]byte
	CreatedAt  int64 // milliseconds since 1970, as all times here
	DisabledAt int64 // 0 while the account can be used
	// Version is one more with every update; see [Store].UpdateUser.
	Version int64
}

// Utility reports whether the user belongs to the utility.
func (u *User) Utility() bool { return u.Company == "" }

// Has reports whether the user has one of the roles.
func (u *User) Has(roles ...Role) bool {
	return slices.ContainsFunc(u.Roles, func(r Role) bool { return slices.Contains(roles, r) })
}

// SecondFactor reports whether a code is asked for after the password.
func (u *User) SecondFactor() bool { return len(u.Secret) > 0 }

// Clone returns a copy that shares nothing with u.
func (u *User) Clone() *User {
	n := *u
	n.Roles, n.Secret, n.Recovery = slices.Clone(u.Roles), slices.Clone(u.Secret), slices.Clone(u.Recovery)
	return &n
}

const (
	loginMin = 3
	loginMax = 64
	nameMax  = 80
)

// check says what is wrong with what people typed in.
func (u *User) check() error {
	var errs []error
	if !ValidLogin(u.Login) {
		errs = append(errs, fmt.Errorf("login %q must be %d to %d of a-z, 0-9 and . _ @ + -", u.Login, loginMin, loginMax))
	}
	if n := utf8.RuneCountInString(u.Name); n < 1 || n > nameMax || !plain(u.Name) {
		errs = append(errs, fmt.Errorf("name must be 1 to %d characters, none of them a control character", nameMax))
	}
	allowed := RolesOf(u.Company)
	if len(u.Roles) == 0 {
		errs = append(errs, fmt.Errorf("a user needs a role; for this company: %v", allowed))
	}
	for i, r := range u.Roles {
		if !slices.Contains(allowed, r) || slices.Contains(u.Roles[:i], r) {
			errs = append(errs, fmt.Errorf("role %q is there twice or not one of this company's: %v", r, allowed))
		}
	}
	return errors.Join(errs...)
}

// ValidLogin reports whether a login has the form of one.
func ValidLogin(s string) bool {
	if len(s) < loginMin || len(s) > loginMax {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '@' && c != '+' && c != '-' {
			return false
		}
	}
	return true
}

func plain(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
