package partners

import (
	"crypto"
	"time"
)

// Mode says who moves the partner's side of a conversion.
type Mode string

const (
	// Callback: we call the partner's Connector API.
	Callback Mode = "callback"
	// Push: the partner has moved its side already and says so with a reference.
	Push Mode = "push"
)

// Partner is a company of the alliance.
type Partner struct {
	Code      string // see ledger.ValidPartner
	Name      string
	NameZH    string
	Programme string // see ledger.ValidProgramme
	Scale     uint8  // decimal places of the programme
	MSP       string // its identity on the ledger
	// In is the mode for partner points into electricity points, Out for the
	// other way.
	In, Out   Mode
	Connector Connector
}

// Connector says how the partner's Connector API is reached. It is needed when
// one of the modes is Callback, and for validating members.
type Connector struct {
	URL         string
	Timeout     time.Duration // of one call; default 5 s
	MaxInFlight int           // calls under way; default 64
	MaxQueue    int           // calls waiting; default 1,024
}

// Scope is what an access token allows.
type Scope string

// The scopes. A client has those it was registered with, and may ask for fewer.
const (
	ScopeQuotes      Scope = "quotes"
	ScopeConversions Scope = "conversions"
	ScopeAgreements  Scope = "agreements"
	ScopeLinks       Scope = "links"
	ScopeSettlements Scope = "settlements"
	ScopeWebhooks    Scope = "webhooks"
	ScopeSandbox     Scope = "sandbox"  // move the sandbox's clock
	ScopeOperator    Scope = "operator" // the utility's staff: everything of everybody
)

// Client is a program that calls our API: one of a partner, or, with an empty
// Partner, one of the utility.
type Client struct {
	ID      string
	Partner string
	Scopes  []Scope
	Keys    []Key
}

// Key is a public key with which a client signs its assertions.
type Key struct {
	ID        string
	Algorithm string // EdDSA, ES256, RS256 or PS256: the only one accepted with this key
	Public    crypto.PublicKey
}
