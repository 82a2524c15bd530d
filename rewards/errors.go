package rewards

import (
	"errors"
	"fmt"
)

// Errors of the store and of everything that builds on it.
var (
	ErrNotFound = errors.New("rewards: not found")
	// ErrConflict: the event's ID was used before, for other content.
	ErrConflict = errors.New("rewards: the event ID was used for another event")
	// ErrPending: the outcome on the ledger is not known yet; it will be, and asking
	// again with the same ID tells.
	ErrPending = errors.New("rewards: the outcome is not known yet")
	// ErrChanged: somebody else changed the rule at the same time.
	ErrChanged = errors.New("rewards: the rule was changed by somebody else")
	// ErrBusy: too many events wait; nothing was done.
	ErrBusy = errors.New("rewards: too many events wait")
	// ErrClosed: the service was closed; nothing was done.
	ErrClosed = errors.New("rewards: closed")
)

// Refusal says that a request was understood and not granted; nothing was kept.
type Refusal struct {
	Code   string // stable, see the constants of this package
	Field  string // of the event or rule, empty when it is no single one
	Detail string // what was wrong and what would be right; no personal data
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("rewards: %s: %s", r.Code, r.Detail) }

func refuse(code, field, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// Codes of a [Refusal].
const (
	CodeInvalid        = "invalid"
	CodeFuture         = "event_in_future"
	CodeTooOld         = "event_too_old"
	CodeMemberUnknown  = "member_unknown"
	CodeChannelUnknown = "channel_unknown"
	CodeKindUnknown    = "kind_unknown"
	CodeRuleInvalid    = "rule_invalid"
	CodeRuleDecided    = "rule_decided"
	CodeSamePerson     = "same_person"
	CodeRetroactive    = "rule_retroactive"
	CodeTooManyRules   = "too_many_rules"
)
