package connector

// Outcome is what became of a transfer or reversal at the partner.
type Outcome string

// The outcomes. The first two are final. The others come from status questions
// only.
const (
	Done     Outcome = "done"
	Declined Outcome = "declined"
	// Cancelled: a reversal came before the transfer, which will never be
	// executed. Final too.
	Cancelled Outcome = "cancelled"
	// NeverSeen: the partner does not know the identifier, so far. The request may
	// still be on its way; reverse before concluding that nothing will move.
	NeverSeen Outcome = "never_seen"
)

// DeclineCode says why a transfer or reversal was declined.
type DeclineCode string

// The decline codes. A code that this version does not know is read as
// [DeclineOther].
const (
	DeclineInsufficientPoints      DeclineCode = "insufficient_points"
	DeclineMembershipClosed        DeclineCode = "membership_closed"
	DeclineMembershipBlocked       DeclineCode = "membership_blocked"
	DeclineMembershipUnknown       DeclineCode = "membership_unknown"
	DeclineLimitExceeded           DeclineCode = "limit_exceeded"
	DeclineReversedBeforeExecution DeclineCode = "reversed_before_execution"
	DeclineAboveOriginal           DeclineCode = "above_original" // reversals only
	DeclineOther                   DeclineCode = "other"
)

// Known reports whether the code is one of this version.
func (c DeclineCode) Known() bool {
	switch c {
	case DeclineInsufficientPoints, DeclineMembershipClosed, DeclineMembershipBlocked, DeclineMembershipUnknown,
		DeclineLimitExceeded, DeclineReversedBeforeExecution, DeclineAboveOriginal, DeclineOther:
		return true
	}
	return false
}

// Answer is a partner's answer to a debit, credit or reversal.
type Answer struct {
	Outcome   Outcome
	Reference string // the partner's own, at most 64 visible ASCII characters
	// DeclineCode and DeclineDetail are set if the outcome is Declined.
	DeclineCode   DeclineCode
	DeclineDetail string // for people, without personal data, at most 256 characters
	// ReversedAmount is the sum of all reversals of the transfer, in smallest
	// units; in the answer to a debit or credit it is 0.
	ReversedAmount int64
}

// TransferStatus is how a debit or credit stands at the partner.
type TransferStatus struct {
	Answer
	Kind   Kind  // empty if NeverSeen, or Cancelled and the transfer never came
	Amount int64 // as asked for; 0 where Kind is empty
}

// ReversalStatus is how a reversal stands at the partner. ReversedAmount is the
// sum as it was answered then.
type ReversalStatus struct {
	Answer
	TransferID ID    // zero if NeverSeen
	Amount     int64 // as asked for; 0 if NeverSeen
}

// MemberStatus says whether a membership may take part.
type MemberStatus string

// The member statuses.
const (
	MemberActive  MemberStatus = "active"
	MemberUnknown MemberStatus = "unknown"
	MemberClosed  MemberStatus = "closed"
	MemberBlocked MemberStatus = "blocked"
)

// Known reports whether the status is one of the contract.
func (s MemberStatus) Known() bool {
	switch s {
	case MemberActive, MemberUnknown, MemberClosed, MemberBlocked:
		return true
	}
	return false
}

// outcome makes the results of all calls countable alike.
func (a Answer) outcome() Outcome { return a.Outcome }

func (s MemberStatus) outcome() Outcome { return Done }
