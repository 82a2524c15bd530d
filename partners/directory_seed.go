package partners

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// seed stores what the configuration says and the store does not.
func (d *Directory) seed(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, configured := range d.o.Registry.Clients() {
		stored := d.clients.Load().byID[configured.ID]
		if err := d.seedClient(ctx, configured, stored); err != nil {
			return err
		}
	}
	for _, c := range d.Everybody() {
		if _, still := d.o.Registry.Client(c.ID); c.Configured && !still && !c.Disabled {
			gone := c.Clone()
			gone.Disabled = true
			if err := d.save(ctx, gone, seedNote(gone, "the client is no longer configured and was disabled")); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Directory) seedClient(ctx context.Context, configured, stored *Client) error {
	next := &Client{ID: configured.ID, Partner: configured.Partner, Name: cmp.Or(configured.Name, configured.ID), Configured: true}
	if stored != nil {
		next = stored.Clone()
		if stored.Partner != configured.Partner {
			return wrongCredential(CodeClientConfigured, "client %q is that of %q in the store, of %q in the configuration; choose another ID", stored.ID, stored.Partner, configured.Partner)
		}
	}
	next.Configured, next.Disabled, next.Scopes = true, false, slices.Clone(configured.Scopes)
	changed := stored == nil || stored.Disabled || !stored.Configured || !slices.Equal(stored.Scopes, next.Scopes)
	if seedKeys(next, configured, d.o.Now().UTC().Truncate(time.Millisecond)) || changed {
		return d.save(ctx, next, seedNote(next, "set as configured"))
	}
	return nil
}

// seedKeys adds the configured keys that the client never had and retires those
// that are no longer configured. One that was retired stays so.
func seedKeys(c, configured *Client, now time.Time) (changed bool) {
	for _, k := range configured.Keys {
		if _, had := c.Key(k.ID); !had {
			k.Configured, k.AddedAt = true, now
			c.Keys = append(c.Keys, k)
			changed = true
		}
	}
	for i := range c.Keys {
		k := &c.Keys[i]
		if _, still := configured.Key(k.ID); k.Configured && !still && k.RetiredAt.IsZero() {
			k.RetiredAt, changed = now, true
		}
	}
	return changed
}

func seedNote(c *Client, what string) Access {
	return Access{Partner: c.Partner, Client: c.ID, Detail: "client " + c.ID + ": " + what}
}
