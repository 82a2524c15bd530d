package connector

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Limits of the fields of the Connector API.
const (
	MembershipLengthMax = 64  // bytes
	ReferenceLengthMax  = 64  // bytes
	TextLengthMax       = 256 // characters of description, reason, decline_detail
	BodyBytesMax        = 64 << 10
)

// FieldError says which field of a request breaks the contract and what would
// be right. Field is empty if the body as a whole is wrong. The text never
// contains the value, which may be personal data.
type FieldError struct {
	Field  string
	Detail string
}

// Error implements error.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return "connector: " + e.Detail
	}
	return "connector: " + e.Field + " " + e.Detail
}

func wrong(field, format string, args ...any) error {
	return &FieldError{Field: field, Detail: fmt.Sprintf(format, args...)}
}

func checkID(field string, id ID) error {
	if id.IsZero() {
		return wrong(field, "must be a UUID in lower case with hyphens, not all zero")
	}
	return nil
}

func checkMembership(s string) error {
	if !Visible(s, MembershipLengthMax) {
		return wrong("membership", "must be 1 to %d visible ASCII characters without spaces", MembershipLengthMax)
	}
	return nil
}

// ValidProgramme reports whether s can be a programme's code: 2 to 8 of A-Z and
// 0-9, starting with a letter.
func ValidProgramme(s string) bool {
	if len(s) < 2 || len(s) > 8 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func checkProgramme(s string) error {
	if !ValidProgramme(s) {
		return wrong("programme", "must be 2 to 8 of A-Z and 0-9, starting with a letter")
	}
	return nil
}

func checkAmount(n int64) error {
	if n <= 0 {
		return wrong("amount", `must be a string of digits from "1" to "9223372036854775807"`)
	}
	return nil
}

func checkOccurredAt(t time.Time) error {
	if year := t.UTC().Year(); year < 2000 || year > 2199 {
		return wrong("occurred_at", "must be an RFC 3339 time in the years 2000 to 2199")
	}
	return nil
}

func checkText(field, s string) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > TextLengthMax {
		return wrong(field, "must be UTF-8 text of at most %d characters", TextLengthMax)
	}
	return nil
}

// Visible reports whether s is 1 to longest visible ASCII characters without
// spaces: the only spelling in which references, memberships and names of
// programs travel.
func Visible(s string, longest int) bool {
	if s == "" || len(s) > longest {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
