package partners

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Administrator is who changes credentials. A partner's changes those of the
// partner; an operator everybody's.
type Administrator struct {
	Partner  string
	Operator bool
	// Note is what is written down beside the change: who asked, from where.
	Note Access
}

// NewClient is a client to be made.
type NewClient struct {
	Partner  string // of an operator's request; otherwise the administrator's own
	Name     string // 1 to 100 bytes, for people
	Scopes   []Scope
	Settings Settings
}

// Settings are how carefully a client is treated.
type Settings struct {
	SignedRequests bool
	BoundTokens    bool
	Networks       []netip.Prefix
}

// ClientChange changes what is not nil.
type ClientChange struct {
	Name     *string
	Scopes   []Scope
	Disabled *bool

	SignedRequests, BoundTokens *bool
	Networks                    *[]netip.Prefix
}

// ErrNoClient is returned for a client or a key that is not there, or not the
// administrator's.
var ErrNoClient = errors.New("partners: there is no such client or key")

// Create makes a client without a key. The error is a [*CredentialError], or the
// store's.
func (d *Directory) Create(ctx context.Context, by Administrator, n NewClient) (*Client, error) {
	partner := by.Partner
	if by.Operator {
		partner = n.Partner
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.Clients(partner)) >= ClientsMax {
		return nil, wrongCredential(CodeClientsFull, "a company has at most %d clients", ClientsMax)
	}
	id, err := d.newClientID(partner)
	if err != nil {
		return nil, err
	}
	c := &Client{ID: id, Partner: partner, Name: n.Name, Scopes: slices.Clone(n.Scopes), SignedRequests: n.Settings.SignedRequests,
		BoundTokens: n.Settings.BoundTokens, Networks: slices.Clone(n.Settings.Networks)}
	if err := d.checkClient(by, c); err != nil {
		return nil, err
	}
	return d.done(ctx, c, by, "made with the scopes "+listed(c.Scopes))
}

// newClientID returns an ID that says whose it is.
func (d *Directory) newClientID(partner string) (string, error) {
	var random [10]byte
	if _, err := io.ReadFull(d.o.Random, random[:]); err != nil {
		return "", fmt.Errorf("partners: randomness: %w", err)
	}
	if partner == "" {
		partner = "utility"
	}
	return partner + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(random[:])), nil
}

// Change changes a client. The error is a [*CredentialError], [ErrNoClient], or
// the store's.
func (d *Directory) Change(ctx context.Context, by Administrator, id string, change ClientChange) (*Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	was, ok := d.Find(by, id)
	if !ok {
		return nil, ErrNoClient
	}
	c := was.Clone()
	if c.Configured && (change.Scopes != nil || change.Disabled != nil) {
		return nil, wrongCredential(CodeClientConfigured, "the utility's configuration decides on the client's scopes and whether it may call; ask the utility")
	}
	what := change.apply(c)
	if len(what) == 0 {
		return was, nil
	}
	if err := d.checkClient(by, c); err != nil {
		return nil, err
	}
	return d.done(ctx, c, by, strings.Join(what, ", "))
}

// apply changes a client and says what was changed.
func (h *ClientChange) apply(c *Client) (what []string) {
	if h.Name != nil {
		c.Name, what = *h.Name, append(what, "name")
	}
	if h.Scopes != nil {
		c.Scopes, what = slices.Clone(h.Scopes), append(what, "scopes now "+listed(h.Scopes))
	}
	for _, flag := range []struct {
		to   *bool
		of   *bool
		name string
	}{{h.Disabled, &c.Disabled, "disabled"}, {h.SignedRequests, &c.SignedRequests, "signed requests"}, {h.BoundTokens, &c.BoundTokens, "bound tokens"}} {
		if flag.to != nil {
			*flag.of, what = *flag.to, append(what, fmt.Sprintf("%s %t", flag.name, *flag.to))
		}
	}
	if h.Networks != nil {
		c.Networks, what = slices.Clone(*h.Networks), append(what, fmt.Sprintf("%d networks", len(*h.Networks)))
	}
	return what
}

func (d *Directory) checkClient(by Administrator, c *Client) error {
	if c.Name == "" || len(c.Name) > nameMax || !utf8.ValidString(c.Name) {
		return wrongCredential(CodeClientRefused, "name must have 1 to %d bytes", nameMax)
	}
	if len(c.Networks) > NetworksMax {
		return wrongCredential(CodeClientRefused, "a client has at most %d networks", NetworksMax)
	}
	if len(c.Scopes) == 0 {
		return wrongCredential(CodeClientRefused, "a client has at least one scope")
	}
	granted, err := d.grants(by, c.Partner)
	if err != nil {
		return err
	}
	for i, s := range c.Scopes {
		if slices.Contains(c.Scopes[:i], s) {
			return wrongCredential(CodeClientRefused, "scope %q is there twice", s)
		}
		if !c.Configured && !slices.Contains(granted, s) {
			return wrongCredential(CodeScopeNotGranted, "the company may not give the scope %q; it may give %s", s, listed(granted))
		}
	}
	return nil
}

// grants are the scopes that clients of a company may have.
func (d *Directory) grants(by Administrator, partner string) ([]Scope, error) {
	if partner == "" && by.Operator {
		return Scopes(), nil
	}
	p, ok := d.o.Registry.Partner(partner)
	if !ok {
		return nil, wrongCredential(CodeClientRefused, "partner %q is not registered", partner)
	}
	if len(p.Scopes) == 0 {
		return PartnerScopes(), nil
	}
	return p.Scopes, nil
}

// AddKey adds a public key, JWK or PEM, to a client. NotBefore and notAfter bound
// its use; zero is no bound. The error is a [*CredentialError], [ErrNoClient], or
// the store's.
func (d *Directory) AddKey(ctx context.Context, by Administrator, id, text string, notBefore, notAfter time.Time) (*Client, *Key, error) {
	k, err := ParseKey(text)
	if err != nil {
		return nil, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	was, ok := d.Find(by, id)
	if !ok {
		return nil, nil, ErrNoClient
	}
	now := d.o.Now().UTC().Truncate(time.Millisecond)
	k.NotBefore, k.NotAfter, k.AddedAt = notBefore, notAfter, now
	c := was.Clone()
	if err := d.checkNewKey(c, &k, now); err != nil {
		return nil, nil, err
	}
	c.Keys = append(c.Keys, k)
	c, err = d.done(ctx, c, by, fmt.Sprintf("key %s (%s) added", k.ID, k.Algorithm))
	return c, &k, err
}

func (d *Directory) checkNewKey(c *Client, k *Key, now time.Time) error {
	switch {
	case c.live() >= KeysMax:
		return wrongCredential(CodeKeysFull, "a client has at most %d keys that are not retired; retire one first", KeysMax)
	case len(c.Keys) >= keysKeptMax:
		return wrongCredential(CodeKeysFull, "a client has at most %d keys in its life; make a new client", keysKeptMax)
	case !k.NotAfter.IsZero() && (!k.NotAfter.After(now) || !k.NotAfter.After(k.NotBefore)):
		return wrongCredential(CodeKeyTimes, "not_after must lie ahead, and after not_before")
	}
	for _, other := range d.Everybody() {
		for i := range other.Keys {
			if other.ID == c.ID && other.Keys[i].ID == k.ID {
				return wrongCredential(CodeKeyExists, "the client has, or had, a key with the ID %q; a new key needs a new one", k.ID)
			}
			if thumbprintOf(&other.Keys[i]) == thumbprintOf(k) {
				return wrongCredential(CodeKeyExists, "the key is, or was, registered already; make a new pair")
			}
		}
	}
	return nil
}

// RetireKey ends the use of a key, now or, with a later time, then. Tokens that
// were got with it end with it. It refuses with [CodeLastKey] to leave the client
// without a key, unless allowLast.
func (d *Directory) RetireKey(ctx context.Context, by Administrator, id, key string, at time.Time, allowLast bool) (*Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	was, ok := d.Find(by, id)
	if !ok {
		return nil, ErrNoClient
	}
	c := was.Clone()
	k, ok := c.Key(key)
	if !ok {
		return nil, ErrNoClient
	}
	now := d.o.Now().UTC().Truncate(time.Millisecond)
	later := at.After(now)
	if !later {
		at = now
	}
	switch {
	case !k.RetiredAt.IsZero():
		return nil, wrongCredential(CodeKeyRetired, "the key was retired at %s", k.RetiredAt.Format(time.RFC3339))
	case !allowLast && !c.leftWithout(key, at):
		return nil, wrongCredential(CodeLastKey, "the client would have no key that is valid at %s; add one first, or say allow_last", at.Format(time.RFC3339))
	case later && !k.NotAfter.IsZero() && at.After(k.NotAfter):
		return nil, wrongCredential(CodeKeyTimes, "the key expires before, at %s", k.NotAfter.Format(time.RFC3339))
	}
	what := "key " + key + " retired"
	if later {
		k.NotAfter, what = at, "key "+key+" to be retired at "+at.Format(time.RFC3339)
	} else {
		k.RetiredAt = at
	}
	return d.done(ctx, c, by, what)
}

// done stores a change with its note and returns the client as it is now.
func (d *Directory) done(ctx context.Context, c *Client, by Administrator, what string) (*Client, error) {
	note := by.Note
	note.Partner, note.Detail = c.Partner, "client "+c.ID+": "+what
	if err := d.save(ctx, c, note); err != nil {
		return nil, err
	}
	return d.clients.Load().byID[c.ID], nil
}

func listed(scopes []Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, " ")
}
