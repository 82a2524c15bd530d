package connector

import "time"

// Verb names an operation of the Connector API, in logs and metrics.
type Verb string

// The verbs.
const (
	VerbValidate       Verb = "validate"
	VerbDebit          Verb = "debit"
	VerbCredit         Verb = "credit"
	VerbReverse        Verb = "reverse"
	VerbStatus         Verb = "status"
	VerbReversalStatus Verb = "reversal_status"
	VerbStatement      Verb = "statement"
)

// Result classifies one attempt, for metrics.
type Result string

// The results.
const (
	ResultDone     Result = "done"     // answered; for debit, credit and reverse: done
	ResultDeclined Result = "declined" // a business answer too
	ResultNotSent  Result = "not_sent"
	ResultBusy     Result = "busy"
	ResultRefused  Result = "refused"
	ResultUnknown  Result = "unknown"
)

// Observation is one attempt, after it ended. A call that is repeated makes
// several.
type Observation struct {
	Partner  string
	Verb     Verb
	Result   Result
	Duration time.Duration // with the time spent waiting for a free slot
}

func resultOf(err error, outcome Outcome) Result {
	if err == nil {
		if outcome == Declined {
			return ResultDeclined
		}
		return ResultDone
	}
	switch classOf(err) {
	case ErrNotSent:
		return ResultNotSent
	case ErrBusy:
		return ResultBusy
	case ErrRefused:
		return ResultRefused
	}
	return ResultUnknown
}
