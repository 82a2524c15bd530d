package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// TokenKeeper gets access tokens as each company's program does, and keeps a
// fresh one of each in a file, so that commands can be pasted at any time.
type TokenKeeper struct {
	site *Site
	url  string
	now  func() time.Time
	all  map[string]*client.Client
}

// NewTokenKeeper returns a keeper for the gateway at a URL.
func NewTokenKeeper(s *Site, url string, now func() time.Time) *TokenKeeper {
	return &TokenKeeper{site: s, url: url, now: now, all: map[string]*client.Client{}}
}

// Clients are the API clients of a sandbox.
func Clients() []string {
	ids := []string{UtilityClient, MakerClient, CheckerClient}
	for _, c := range Companies() {
		ids = append(ids, ClientID(c.Code))
	}
	return ids
}

// TokenFile holds a fresh access token of a client.
func (s *Site) TokenFile(client string) string { return filepath.Join(s.Dir, "tokens", client) }

// Refresh writes the files.
func (k *TokenKeeper) Refresh(ctx context.Context) error {
	for _, id := range Clients() {
		if err := k.refresh(ctx, id); err != nil {
			return fmt.Errorf("token of %s: %w", id, err)
		}
	}
	return nil
}

func (k *TokenKeeper) refresh(ctx context.Context, id string) error {
	c, err := k.Client(id)
	if err != nil {
		return err
	}
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	return replaceFile(k.site.TokenFile(id), token)
}

// Client returns the API client with an ID.
func (k *TokenKeeper) Client(id string) (*client.Client, error) {
	if c, ok := k.all[id]; ok {
		return c, nil
	}
	c, err := k.site.client(k.url, id, k.now)
	if err != nil {
		return nil, err
	}
	k.all[id] = c
	return c, nil
}

// replaceFile changes a file in one step, so that nobody reads half of it.
func replaceFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// refreshEvery is less than the half minute for which a client's token is still
// good when it is replaced.
const refreshEvery = 10 * time.Second

// Run refreshes the files until the context ends. A failure leaves the old
// token; the next try comes soon.
func (k *TokenKeeper) Run(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := k.Refresh(ctx); err != nil && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "sandbox:", err)
			}
		}
	}
}
