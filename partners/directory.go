package partners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// DirectoryOptions configure [OpenDirectory]. All are needed.
type DirectoryOptions struct {
	Registry *Registry // the companies, and the clients that are configured
	Store    ClientStore
	Now      func() time.Time
	Random   io.Reader // safe for concurrent use
}

// Directory is the clients as they are now: those of the configuration and those
// that companies made themselves. It answers from memory; a change through it
// counts at once, one by another process after the next [Directory.Refresh]. Its
// methods may be called from many goroutines.
type Directory struct {
	o       DirectoryOptions
	clients atomic.Pointer[snapshot]
	mu      sync.Mutex // held during a change
}

// snapshot is never changed once it is there.
type snapshot struct {
	stamp int64
	byID  map[string]*Client
}

// OpenDirectory brings the stored clients up to the configuration and reads them.
// What the configuration has and the store has not is stored; scopes of a
// configured client are those of the configuration; a key that is no longer in
// it is retired; everything else that was changed since stays. A client that is
// no longer in it is disabled.
func OpenDirectory(ctx context.Context, o DirectoryOptions) (*Directory, error) {
	if o.Registry == nil || o.Store == nil || o.Now == nil || o.Random == nil {
		return nil, errors.New("partners: a directory needs a registry, a store, a clock and randomness")
	}
	d := &Directory{o: o}
	if err := d.load(ctx); err != nil {
		return nil, err
	}
	if err := d.seed(ctx); err != nil {
		return nil, err
	}
	return d, d.load(ctx)
}

func (d *Directory) load(ctx context.Context) error {
	stamp, err := d.o.Store.ClientsStamp(ctx)
	if err != nil {
		return fmt.Errorf("partners: clients: %w", err)
	}
	all, err := d.o.Store.Clients(ctx)
	if err != nil {
		return fmt.Errorf("partners: clients: %w", err)
	}
	s := &snapshot{stamp: stamp, byID: make(map[string]*Client, len(all))}
	for _, c := range all {
		s.byID[c.ID] = c
	}
	d.clients.Store(s)
	return nil
}

// Refresh reads the clients again if another process has changed them.
func (d *Directory) Refresh(ctx context.Context) error {
	stamp, err := d.o.Store.ClientsStamp(ctx)
	if err != nil || stamp == d.clients.Load().stamp {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.load(ctx)
}

// Client returns a client that may call. The caller must not change it.
func (d *Directory) Client(id string) (*Client, bool) {
	c, ok := d.clients.Load().byID[id]
	if !ok || c.Disabled {
		return nil, false
	}
	return c, true
}

// Clients returns the clients of a partner, the empty one being the utility, in
// ascending order of ID. The caller must not change them.
func (d *Directory) Clients(partner string) []*Client {
	return d.all(func(c *Client) bool { return c.Partner == partner })
}

// Everybody returns the clients of all companies.
func (d *Directory) Everybody() []*Client { return d.all(func(*Client) bool { return true }) }

func (d *Directory) all(wanted func(*Client) bool) (all []*Client) {
	for _, c := range d.clients.Load().byID {
		if wanted(c) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, byID)
	return all
}

// Find returns a client, disabled or not, that an administrator may see.
func (d *Directory) Find(by Administrator, id string) (*Client, bool) {
	c, ok := d.clients.Load().byID[id]
	if !ok || !by.Operator && c.Partner != by.Partner {
		return nil, false
	}
	return c, true
}

// save stores a changed client and takes it up. The lock is held.
func (d *Directory) save(ctx context.Context, c *Client, note Access) error {
	c.Revision++
	c.UpdatedAt = d.o.Now().UTC().Truncate(time.Millisecond)
	if c.CreatedAt.IsZero() {
		c.CreatedAt = c.UpdatedAt
	}
	var random [10]byte
	if _, err := io.ReadFull(d.o.Random, random[:]); err != nil {
		return fmt.Errorf("partners: randomness: %w", err)
	}
	note.ID, note.At, note.Kind = ledger.NewID(c.UpdatedAt, random), c.UpdatedAt, AccessCredential
	err := d.o.Store.SaveClient(ctx, c, note)
	if errors.Is(err, ErrRevision) {
		return errors.Join(wrongCredential(CodeChanged, "somebody else changed the client meanwhile; look and try again"), d.load(ctx))
	}
	if err != nil {
		return fmt.Errorf("partners: store client %q: %w", c.ID, err)
	}
	return d.load(ctx)
}
