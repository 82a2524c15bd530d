package rewards

import (
	"regexp"
	"slices"
	"time"
)

// Kind says what a member did, or what happened to them.
type Kind string

// The kinds of events.
const (
	Prepayment  Kind = "prepayment"   // a single prepayment; Amount is what was paid
	BillOnTime  Kind = "bill_on_time" // a bill paid before it was due; Amount is the bill
	Feedback    Kind = "feedback"     // a survey answered, a reading given
	Goodwill    Kind = "goodwill"     // a service incident that deserves an apology
	Campaign    Kind = "campaign"     // whatever a campaign counts
	amountMax        = 10_000_000_000 // fen: a hundred million yuan
	eventIDMax       = 64
	ageMax           = 400 * 24 * time.Hour
	futureLimit      = 5 * time.Minute // clocks of two systems differ
)

// Kinds returns all kinds of events.
func Kinds() []Kind { return []Kind{Prepayment, BillOnTime, Feedback, Goodwill, Campaign} }

// Channel is where an event came about, such as "app" or "counter".
type Channel string

// DefaultChannels returns the channels of a utility that names no others.
func DefaultChannels() []Channel {
	return []Channel{"app", "mini_program", "website", "bank", "agent", "counter"}
}

// Event is what a source system reports. Its ID is the source's and identifies it
// for ever, in all source systems together; it must not lead to a person, for it
// stands on the ledger.
type Event struct {
	ID         string
	Member     string // the utility's number of the member
	Contract   string // contract account, or empty
	Kind       Kind
	Channel    Channel
	Segment    string // such as "residential"; empty when the source knows none
	OccurredAt int64  // milliseconds since 1970
	Amount     int64  // fen, from zero
}

var (
	eventIDForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)
	numberForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
	wordForm    = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
)

// ValidEventID reports whether s can be the ID of an event: 1 to 64 of A-Z, a-z,
// 0-9 and . _ : -, beginning with a letter or digit.
func ValidEventID(s string) bool { return eventIDForm.MatchString(s) }

// ValidMember reports whether s can be a member's number.
func ValidMember(s string) bool { return numberForm.MatchString(s) }

// ValidWord reports whether s can be a channel or a segment: 1 to 32 of a-z, 0-9, _
// and -, beginning with a letter.
func ValidWord(s string) bool { return wordForm.MatchString(s) }

// check reports what is wrong with an event at an instant, or nil.
func (e *Event) check(now time.Time, channels []Channel) *Refusal {
	at := time.UnixMilli(e.OccurredAt)
	switch {
	case !ValidEventID(e.ID):
		return refuse(CodeInvalid, "id", "the ID must be 1 to %d of A-Z, a-z, 0-9 and . _ : -", eventIDMax)
	case !ValidMember(e.Member):
		return refuse(CodeInvalid, "member", "the member must be 1 to 32 of A-Z, a-z, 0-9 and . _ -")
	case e.Contract != "" && !numberForm.MatchString(e.Contract):
		return refuse(CodeInvalid, "contract_account", "the contract account must be 1 to 32 of A-Z, a-z, 0-9 and . _ -")
	case e.Segment != "" && !wordForm.MatchString(e.Segment):
		return refuse(CodeInvalid, "segment", "the segment must be 1 to 32 of a-z, 0-9, _ and -")
	case !slices.Contains(Kinds(), e.Kind):
		return refuse(CodeKindUnknown, "kind", "the kind is none of %v", Kinds())
	case !slices.Contains(channels, e.Channel):
		return refuse(CodeChannelUnknown, "channel", "the channel is none of %v", channels)
	case e.Amount < 0 || e.Amount > amountMax:
		return refuse(CodeInvalid, "amount", "the amount is %d fen, must be 0 to %d", e.Amount, int64(amountMax))
	case at.After(now.Add(futureLimit)):
		return refuse(CodeFuture, "occurred_at", "the event occurred %s from now; send it when it has happened", at.Sub(now).Round(time.Second))
	case at.Before(now.Add(-ageMax)):
		return refuse(CodeTooOld, "occurred_at", "the event occurred more than %d days ago", int(ageMax.Hours()/24))
	}
	return nil
}
