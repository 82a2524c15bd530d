package exchange

import (
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Errors of the store, and of everything that builds on it.
var (
	ErrNotFound         = errors.New("exchange: not found")
	ErrQuoteUsed        = errors.New("exchange: quote was used before")
	ErrLinked           = errors.New("exchange: member or membership is linked already")
	ErrReversalUnderWay = errors.New("exchange: another reversal of the conversion is under way")
	// ErrKeyReused: the idempotency key was used for another request.
	ErrKeyReused = errors.New("exchange: idempotency key was used for another request")
	// ErrStillRunning: the request with this idempotency key is being worked on.
	ErrStillRunning = errors.New("exchange: a request with this idempotency key is still running")
)

// Refusal says that a request was understood and not granted; nothing moved.
type Refusal struct {
	// Code is stable: one of the constants of this package, a ledger.Code or a
	// partner's decline code.
	Code   string
	Detail string // what was wrong and what would be right; no personal data
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("exchange: %s: %s", r.Code, r.Detail) }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Codes of a [Refusal] that are neither the ledger's nor a partner's.
const (
	CodeNoAgreement       = "no_agreement"
	CodeProgrammeUnknown  = "programme_unknown"
	CodeSameProgramme     = "same_programme"
	CodeNotYours          = "not_yours"
	CodeQuoteExpired      = "quote_expired"
	CodeQuoteUsed         = "quote_used"
	CodeQuoteMismatch     = "quote_mismatch"
	CodeLinkMissing       = "link_missing"
	CodeMembershipInvalid = "membership_invalid"
	CodeConsentMissing    = "consent_missing"
	CodeReferenceNeeded   = "reference_needed"
	CodeReferenceRefused  = "reference_refused"
	CodeModeRefused       = "mode_refused"
	// CodeAllowance: the agreement would allow it, the utility's allowance for the
	// member does not.
	CodeAllowance = "allowance_exceeded"
	// CodeMemberErased: the member is being erased, or was.
	CodeMemberErased   = "member_erased"
	CodeNotCompleted   = "not_completed"
	CodePartnerDown    = "partner_unavailable"
	CodePartnerRefused = "partner_refused"
	CodeOutcomeUnknown = "outcome_unknown"
	// CodeReviewRefused and CodeReviewExpired: the conversion was held for review, and
	// staff refused it or did not release it in time. Nothing moved.
	CodeReviewRefused = "review_refused"
	CodeReviewExpired = "review_expired"
	// CodeInvalid: a field is malformed; the detail says which and what would be
	// right. It is the ledger's code of the same name.
	CodeInvalid = string(ledger.CodeInvalid)
)

// Busy says that there is no room for the request now; nothing was done.
type Busy struct {
	What       string // which queue is full
	RetryAfter time.Duration
}

// Error implements error.
func (b *Busy) Error() string {
	return fmt.Sprintf("exchange: %s is full, try again in %s", b.What, b.RetryAfter)
}
