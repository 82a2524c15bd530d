package webhooks

import (
	"encoding/json"
	"slices"
	"strings"
)

// Type says what happened.
type Type string

// The types. Those of settlements end in the state that was reached, so a new
// state is a new type; see [SettlementType].
const (
	ConversionCompleted Type = "conversion.completed"
	ConversionFailed    Type = "conversion.failed"
	// ConversionReversed: it was taken back in full, by the workflow itself or by
	// the reversal that took the rest.
	ConversionReversed Type = "conversion.reversed"
	ReversalCompleted  Type = "reversal.completed"
	ReversalFailed     Type = "reversal.failed"
	AgreementProposed  Type = "agreement.proposed"
	AgreementAccepted  Type = "agreement.accepted"
	AgreementRejected  Type = "agreement.rejected"
	SettlementNetted   Type = "settlement.netted"
	ExposureWarning    Type = "exposure.warning"
	// PointsExpiring: a member's points of a month expire in 30 or in 7 days. It is
	// the utility's alone.
	PointsExpiring Type = "points.expiring"
	// Those of the mall are the utility's alone. OrderRefunded: all of it was returned.
	OrderFulfilled   Type = "order.fulfilled"
	OrderCancelled   Type = "order.cancelled"
	OrderRefunded    Type = "order.refunded"
	ReturnCompleted  Type = "return.completed"
	EndpointEnabled  Type = "webhook_endpoint.enabled"
	EndpointDisabled Type = "webhook_endpoint.disabled"
	// EndpointTest is sent on request, whatever the endpoint asked for.
	EndpointTest Type = "webhook_endpoint.test"
)

// SettlementType is the type of the event that a settlement reached a state.
func SettlementType(state string) Type { return Type("settlement." + state) }

// Everything is the subscription to all types, those to come included.
const Everything = "*"

// groups are the parts before the point of the types there are.
var groups = []string{"agreement", "conversion", "exposure", "order", "points", "return", "reversal", "settlement", "webhook_endpoint"}

// ValidSubscription reports whether a word says which events an endpoint asks
// for: a type, all of a group such as "conversion.*", or [Everything].
func ValidSubscription(word string) bool {
	if word == Everything {
		return true
	}
	group, rest, found := strings.Cut(word, ".")
	if !found || !slices.Contains(groups, group) {
		return false
	}
	return rest == "*" || len(rest) <= 32 && rest != "" && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// Subscribed reports whether one of the words asks for a type.
func Subscribed(words []string, t Type) bool {
	group, _, _ := strings.Cut(string(t), ".")
	for _, w := range words {
		if w == Everything || w == string(t) || w == group+".*" {
			return true
		}
	}
	return false
}

// Event is something that happened, before it is a message to an endpoint.
type Event struct {
	Type Type
	// Partners are those that it concerns; the utility is told of everything.
	Partners []string
	At       int64 // when it happened by the alliance's clock, in milliseconds since 1970
	Data     any   // one of the structs of this package; marshals to a JSON object
}

// Concerns reports whether a partner, "" being the utility, is told of it.
func (e *Event) Concerns(partner string) bool {
	return partner == "" || slices.Contains(e.Partners, partner)
}

// Encode returns the data as it is stored and sent, without the sequence.
func (e *Event) Encode() (string, error) {
	b, err := json.Marshal(e.Data)
	return string(b), err
}

// Conversion is the data of conversion.*: what a receiver needs to find the
// conversion and to know whether to fetch it.
type Conversion struct {
	ConversionID      string `json:"conversion_id"`
	Source            string `json:"source"`
	Destination       string `json:"destination"`
	Amount            string `json:"amount"`
	DestinationAmount string `json:"destination_amount"`
	FailureCode       string `json:"failure_code,omitempty"`
}

// Reversal is the data of reversal.*.
type Reversal struct {
	ReversalID   string `json:"reversal_id"`
	ConversionID string `json:"conversion_id"`
	Source       string `json:"source"`
	Amount       string `json:"amount"`
	FailureCode  string `json:"failure_code,omitempty"`
}

// Agreement is the data of agreement.*.
type Agreement struct {
	AgreementID string `json:"agreement_id"`
	Partner     string `json:"partner"`
	Direction   string `json:"direction"`
	Version     int64  `json:"version"`
	Hash        string `json:"hash"`
}

// Settlement is the data of settlement.*.
type Settlement struct {
	SettlementID string `json:"settlement_id"`
	Partner      string `json:"partner"`
	Window       string `json:"window"`
}

// Exposure is the data of exposure.warning. Owed and Cap are in yuan.
type Exposure struct {
	Partner   string `json:"partner"`
	Direction string `json:"direction"`
	Percent   int64  `json:"percent"` // the mark that was reached: 80 or 95
	Owed      string `json:"owed"`
	Cap       string `json:"cap"`
}

// Expiring is the data of points.expiring. The account is the member's pseudonym
// on the ledger; only the utility can tell whose it is.
type Expiring struct {
	Account string `json:"account"`
	Expiry  string `json:"expiry"` // month at the end of which they expire
	Days    int64  `json:"days"`   // before its end: 30 or 7
	Amount  string `json:"amount"` // as it stood then
}

// Order is the data of order.*. The account is the member's pseudonym on the ledger;
// neither address nor contract nor code is told.
type Order struct {
	OrderID     string `json:"order_id"`
	Account     string `json:"account"`
	Product     string `json:"product"`
	Kind        string `json:"kind"`
	Quantity    int64  `json:"quantity"`
	Points      string `json:"points"` // in all
	Fen         string `json:"fen"`
	FailureCode string `json:"failure_code,omitempty"`
}

// Return is the data of return.completed: what was given back.
type Return struct {
	ReturnID string `json:"return_id"`
	OrderID  string `json:"order_id"`
	Account  string `json:"account"`
	Quantity int64  `json:"quantity"`
	Points   string `json:"points"`
	Fen      string `json:"fen"`
}

// EndpointChange is the data of webhook_endpoint.enabled and .disabled. What
// happened from DisabledAt until the endpoint was enabled again is in no message
// to it.
type EndpointChange struct {
	EndpointID string `json:"endpoint_id"`
	Reason     string `json:"reason"`
	DisabledAt string `json:"disabled_at"` // RFC 3339, by the gateway's own clock
}

// Test is the data of webhook_endpoint.test.
type Test struct {
	EndpointID string `json:"endpoint_id"`
}
