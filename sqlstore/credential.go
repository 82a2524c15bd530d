package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/pointgrid/pointgrid/partners"
)

var _ partners.ClientStore = (*Store)(nil)

const (
	selectClients = `SELECT document FROM clients ORDER BY id`
	clientsStamp  = `SELECT COALESCE(SUM(revision), 0) FROM clients`
	insertClient  = `INSERT INTO clients (id, revision, document) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	updateClient  = `UPDATE clients SET revision = $1, document = $2 WHERE id = $3 AND revision = $4`
)

// Clients implements [partners.ClientStore].
func (s *Store) Clients(ctx context.Context) ([]*partners.Client, error) {
	return list(ctx, s.reader, scanClient, selectClients)
}

// ClientsStamp implements [partners.ClientStore].
func (s *Store) ClientsStamp(ctx context.Context) (int64, error) {
	n, err := one(ctx, s.reader, scanSum, nil, clientsStamp)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

// scanSum reads a sum, which PostgreSQL gives as a decimal and SQLite as a whole
// number.
func scanSum(row scanner) (*int64, error) {
	var n int64
	err := row.Scan(&n)
	return &n, err
}

// SaveClient implements [partners.ClientStore]. The note is stored only if the
// client has the revision that was just written by this very change.
func (s *Store) SaveClient(ctx context.Context, c *partners.Client, note partners.Access) error {
	document, err := encodeClient(c)
	if err != nil {
		return err
	}
	change := stmt(updateClient, c.Revision, document, c.ID, c.Revision-1)
	if c.Revision == 1 {
		change = stmt(insertClient, c.ID, c.Revision, document)
	}
	args := append(accessArgs(make([]any, 0, accessWidth+3), &note), c.ID, c.Revision, document)
	done, err := s.writer.do(ctx, change, stmt(insertNote, args...))
	if err == nil && done[0].affected == 0 {
		return partners.ErrRevision
	}
	return err
}

// clientDocument is a client as it is stored.
type clientDocument struct {
	ID             string           `json:"id"`
	Partner        string           `json:"partner"`
	Name           string           `json:"name"`
	Scopes         []partners.Scope `json:"scopes"`
	Keys           []keyDocument    `json:"keys"`
	Configured     bool             `json:"configured"`
	Disabled       bool             `json:"disabled"`
	SignedRequests bool             `json:"signed_requests"`
	BoundTokens    bool             `json:"bound_tokens"`
	Networks       []netip.Prefix   `json:"networks"`
	Revision       int64            `json:"revision"`
	CreatedAt      int64            `json:"created_at"` // milliseconds since 1970, as all times here
	UpdatedAt      int64            `json:"updated_at"`
}

type keyDocument struct {
	Set        json.RawMessage `json:"jwks"` // a key set of this one key
	Configured bool            `json:"configured"`
	NotBefore  int64           `json:"not_before"`
	NotAfter   int64           `json:"not_after"`
	RetiredAt  int64           `json:"retired_at"`
	AddedAt    int64           `json:"added_at"`
}

func encodeClient(c *partners.Client) ([]byte, error) {
	d := clientDocument{ID: c.ID, Partner: c.Partner, Name: c.Name, Scopes: c.Scopes, Configured: c.Configured, Disabled: c.Disabled,
		SignedRequests: c.SignedRequests, BoundTokens: c.BoundTokens, Networks: c.Networks, Revision: c.Revision,
		CreatedAt: milli(c.CreatedAt), UpdatedAt: milli(c.UpdatedAt)}
	for i := range c.Keys {
		k := &c.Keys[i]
		set, err := partners.KeySet(*k)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: client %q: %w", c.ID, err)
		}
		d.Keys = append(d.Keys, keyDocument{Set: set, Configured: k.Configured, NotBefore: milli(k.NotBefore), NotAfter: milli(k.NotAfter),
			RetiredAt: milli(k.RetiredAt), AddedAt: milli(k.AddedAt)})
	}
	return json.Marshal(d)
}

func scanClient(row scanner) (*partners.Client, error) {
	var raw []byte
	var d clientDocument
	if err := row.Scan(&raw); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("sqlstore: client: %w", err)
	}
	c := &partners.Client{ID: d.ID, Partner: d.Partner, Name: d.Name, Scopes: d.Scopes, Configured: d.Configured, Disabled: d.Disabled,
		SignedRequests: d.SignedRequests, BoundTokens: d.BoundTokens, Networks: d.Networks, Revision: d.Revision,
		CreatedAt: instant(d.CreatedAt), UpdatedAt: instant(d.UpdatedAt)}
	for _, k := range d.Keys {
		set, err := partners.ParseKeys(k.Set)
		if err != nil || len(set) != 1 {
			return nil, fmt.Errorf("sqlstore: client %q: %d keys in place of one: %w", d.ID, len(set), err)
		}
		key := set[0]
		key.Configured, key.NotBefore, key.NotAfter = k.Configured, instant(k.NotBefore), instant(k.NotAfter)
		key.RetiredAt, key.AddedAt = instant(k.RetiredAt), instant(k.AddedAt)
		c.Keys = append(c.Keys, key)
	}
	return c, nil
}

// milli is an instant in milliseconds since 1970; 0 is none.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
