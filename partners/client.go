package partners

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Bounds of what one client, and one partner, may have.
const (
	KeysMax     = 16  // keys of a client that are not retired
	keysKeptMax = 256 // with those that are: they verify what was signed once
	ClientsMax  = 64  // clients of a partner
	NetworksMax = 64  // networks of a client
)

// KeyState says where a key stands in its life.
type KeyState string

// The states of a key.
const (
	KeyPending KeyState = "pending" // NotBefore has not come
	KeyActive  KeyState = "active"
	KeyExpired KeyState = "expired" // NotAfter has passed
	KeyRetired KeyState = "retired"
)

// State returns where a key stands.
func (k *Key) State(now time.Time) KeyState {
	switch {
	case !k.RetiredAt.IsZero():
		return KeyRetired
	case !k.NotAfter.IsZero() && !now.Before(k.NotAfter):
		return KeyExpired
	case now.Before(k.NotBefore):
		return KeyPending
	}
	return KeyActive
}

// Signs reports whether requests may be signed with the key, see
// [ledger.Evidence].
func (k *Key) Signs() bool { return k.Algorithm == algEdDSA || k.Algorithm == algES256 }

// Key returns the key with an ID.
func (c *Client) Key(id string) (*Key, bool) {
	i := slices.IndexFunc(c.Keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return nil, false
	}
	return &c.Keys[i], true
}

// Allows reports whether the client may call from an address.
func (c *Client) Allows(from netip.Addr) bool {
	if len(c.Networks) == 0 {
		return true
	}
	from = from.Unmap()
	return slices.ContainsFunc(c.Networks, func(p netip.Prefix) bool { return p.Contains(from) })
}

// Clone returns a copy that shares nothing that changes with c.
func (c *Client) Clone() *Client {
	n := *c
	n.Scopes, n.Keys, n.Networks = slices.Clone(c.Scopes), slices.Clone(c.Keys), slices.Clone(c.Networks)
	return &n
}

// live is how many keys are not retired.
func (c *Client) live() (n int) {
	for i := range c.Keys {
		if c.Keys[i].RetiredAt.IsZero() {
			n++
		}
	}
	return n
}

// leftWithout reports whether, from an instant on, the client has a key that can
// be used, other than the one with an ID.
func (c *Client) leftWithout(id string, from time.Time) bool {
	return slices.ContainsFunc(c.Keys, func(k Key) bool { return k.ID != id && k.State(from) == KeyActive })
}

// thumbprintOf names a public key whatever its ID is.
func thumbprintOf(k *Key) string {
	id, err := Thumbprint(k.Public)
	if err != nil {
		return ""
	}
	return id
}

func byID(a, b *Client) int { return cmp.Compare(a.ID, b.ID) }
