package partners

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// Bounds of a connector's figures, and what stands in for zero.
const (
	ConnectorTimeout     = 5 * time.Second
	ConnectorTimeoutMax  = time.Minute
	ConnectorMaxInFlight = 64
	ConnectorMaxQueue    = 1024
)

const (
	nameMax       = 100
	mspMax        = 64
	clientIDMax   = 64
	connectorsMax = 1 << 16 // calls under way, and waiting
)

func (c Connector) withDefaults() Connector {
	if c.Timeout == 0 {
		c.Timeout = ConnectorTimeout
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = ConnectorMaxInFlight
	}
	if c.MaxQueue == 0 {
		c.MaxQueue = ConnectorMaxQueue
	}
	return c
}

func (p *Partner) check() (problems []error) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !ledger.ValidPartner(p.Code) {
		wrong("code must be 2 to 16 of a-z, 0-9 and -, starting with a letter")
	}
	if !ledger.ValidProgramme(p.Programme) {
		wrong("programme %q must be 2 to 8 of A-Z and 0-9, starting with a letter", p.Programme)
	}
	if p.Name == "" || len(p.Name) > nameMax || len(p.NameZH) > nameMax {
		wrong("name must have 1 to %d bytes, and its Chinese form at most as many", nameMax)
	}
	if p.Scale > ledger.ScaleMax {
		wrong("scale is %d, at most %d", p.Scale, ledger.ScaleMax)
	}
	if !connector.Visible(p.MSP, mspMax) {
		wrong("msp %q must be 1 to %d visible ASCII characters", p.MSP, mspMax)
	}
	for _, m := range []Mode{p.In, p.Out} {
		if m != Callback && m != Push {
			wrong("mode %q must be %q or %q", m, Callback, Push)
		}
	}
	if p.Connector.URL == "" && (p.In == Callback || p.Out == Callback) {
		wrong("connector URL is missing; mode %q needs one", Callback)
	}
	return append(problems, p.Connector.check()...)
}

func (c *Connector) check() (problems []error) {
	if c.URL != "" {
		if err := checkBaseURL(c.URL); err != nil {
			problems = append(problems, fmt.Errorf("connector URL: %w", err))
		}
	}
	if c.Timeout < 0 || c.Timeout > ConnectorTimeoutMax {
		problems = append(problems, fmt.Errorf("connector timeout is %s, must be up to %s", c.Timeout, ConnectorTimeoutMax))
	}
	if c.MaxInFlight < 0 || c.MaxInFlight > connectorsMax || c.MaxQueue < 0 || c.MaxQueue > connectorsMax {
		problems = append(problems, fmt.Errorf("connector calls under way and waiting are %d and %d, must be 1 to %d", c.MaxInFlight, c.MaxQueue, connectorsMax))
	}
	return problems
}

func checkBaseURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return errors.New("does not parse") // the parser's message would repeat a password
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("scheme %q must be https, or http inside a sandbox", u.Scheme)
	case u.Hostname() == "":
		return errors.New("names no host")
	case u.User != nil:
		return errors.New("must not carry a user or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("must have neither query nor fragment")
	}
	return nil
}

var scopes = []Scope{ScopeQuotes, ScopeConversions, ScopeAgreements, ScopeLinks, ScopeSettlements, ScopeWebhooks, ScopeSandbox,
	ScopeOperator, ScopeCredentials, ScopeAccessLog, ScopeRewards, ScopeMall, ScopeSupport}

// Scopes returns all scopes there are.
func Scopes() []Scope { return slices.Clone(scopes) }

// PartnerScopes returns the scopes that a partner may give to its clients unless
// the configuration says otherwise: all but those of the utility and of the
// sandbox.
func PartnerScopes() []Scope {
	return slices.DeleteFunc(Scopes(), func(s Scope) bool { return ofUtility(s) || s == ScopeSandbox })
}

// ofUtility reports whether a scope is for the utility's clients only.
func ofUtility(s Scope) bool {
	return s == ScopeOperator || s == ScopeRewards || s == ScopeMall || s == ScopeSupport
}

func (c *Client) check() (problems []error) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !connector.Visible(c.ID, clientIDMax) {
		wrong("ID must be 1 to %d visible ASCII characters", clientIDMax)
	}
	if len(c.Scopes) == 0 {
		wrong("has no scope; there are %v", scopes)
	}
	for i, s := range c.Scopes {
		switch {
		case !slices.Contains(scopes, s):
			wrong("scope %q is unknown; there are %v", s, scopes)
		case slices.Contains(c.Scopes[:i], s):
			wrong("scope %q is there twice", s)
		case ofUtility(s) && c.Partner != "":
			wrong("scope %q is for the utility's clients, this one is of partner %q", s, c.Partner)
		}
	}
	return append(problems, c.checkKeys()...)
}

func (c *Client) checkKeys() (problems []error) {
	if len(c.Keys) == 0 {
		return []error{errors.New("has no key; it needs at least one public key")}
	}
	seen := make(map[string]bool, len(c.Keys))
	for _, k := range c.Keys {
		if seen[k.ID] {
			problems = append(problems, fmt.Errorf("key %q: ID is there twice", k.ID))
		}
		seen[k.ID] = true
		if err := k.Check(); err != nil {
			problems = append(problems, fmt.Errorf("key %q: %w", k.ID, err))
		}
	}
	return problems
}
