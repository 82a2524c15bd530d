package partners

import (
	"crypto"
	"net/netip"
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
	// Scopes bound what the partner may give to its own clients; empty is
	// [PartnerScopes].
	Scopes []Scope
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
	ScopeCredentials Scope = "credentials" // clients and keys of the company: its administrator
	ScopeAccessLog   Scope = "access_log"  // read who called, and how it went
	ScopeRewards     Scope = "rewards"     // the utility's systems: events that earn points, rules, tiers
	ScopeSandbox     Scope = "sandbox"     // move the sandbox's clock
	ScopeOperator    Scope = "operator"    // the utility's staff: everything of everybody
	ScopeSupport     Scope = "support"     // the utility's staff systems: disputes, goodwill, frozen accounts, reviews
	ScopeMall        Scope = "mall"        // the utility's shop: catalogue, stock and members' orders
)

// Client is a program that calls our API: one of a partner, or, with an empty
// Partner, one of the utility.
type Client struct {
	ID      string
	Partner string
	Name    string // for people
	Scopes  []Scope
	Keys    []Key

	// Configured says that the client is in the gateway's configuration, which alone
	// decides on its scopes and whether it may call.
	Configured bool
	Disabled   bool // it may not call
	// SignedRequests: requests that move points must carry a signature, see
	// [ledger.Evidence].
	SignedRequests bool
	// BoundTokens: access tokens are given, and good, only together with the client's
	// TLS certificate (RFC 8705).
	BoundTokens bool
	// Networks are the addresses it may call from; empty is any.
	Networks []netip.Prefix

	// Revision counts the changes, from 1; 0 is a client that is not stored.
	Revision             int64
	CreatedAt, UpdatedAt time.Time
}

// Key is a public key with which a client signs its assertions, and its requests
// if it is EdDSA or ES256.
type Key struct {
	ID        string
	Algorithm string // EdDSA, ES256, RS256 or PS256: the only one accepted with this key
	Public    crypto.PublicKey

	Configured bool // it is in the gateway's configuration
	// NotBefore and NotAfter bound its use, the second excluded; zero is no bound.
	NotBefore, NotAfter time.Time
	RetiredAt           time.Time // zero while it is not retired
	AddedAt             time.Time
}
