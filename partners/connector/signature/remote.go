package signature

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	keySetBytesMax = 64 << 10
	keySetFresh    = 10 * time.Minute // after that it is fetched again
	keySetPause    = 5 * time.Second  // between two fetches
	keySetTimeout  = 5 * time.Second
)

// RemoteKeysOptions configure [RemoteKeys].
type RemoteKeysOptions struct {
	URL    string           // of the JSON Web Key Set, required
	Client *http.Client     // required
	Clock  func() time.Time // required
	Logger *slog.Logger     // required
}

// RemoteKeys is a [KeySource] over the gateway's /.well-known/jwks.json. It
// keeps the set for ten minutes and fetches it again when an unknown ID turns
// up, at most once in five seconds, whatever callers ask for. If a fetch fails,
// the old keys keep working.
type RemoteKeys struct {
	o       RemoteKeysOptions
	current atomic.Pointer[fetched]
	flight  singleflight.Group
}

// fetched is one fetch: what is known and when we last tried.
type fetched struct {
	keys StaticKeys // nil until a first fetch worked
	at   time.Time  // of the fetch that brought the keys
	last time.Time  // of the last attempt
	err  error      // of the last attempt
}

// NewRemoteKeys returns a source that fetches on first use.
func NewRemoteKeys(o RemoteKeysOptions) (*RemoteKeys, error) {
	if o.URL == "" || o.Client == nil || o.Clock == nil || o.Logger == nil {
		return nil, errors.New("signature: URL, client, clock and logger are required")
	}
	k := &RemoteKeys{o: o}
	k.current.Store(&fetched{})
	return k, nil
}

// Key implements [KeySource].
func (k *RemoteKeys) Key(ctx context.Context, keyID string) (ed25519.PublicKey, error) {
	now := k.o.Clock()
	f := k.current.Load()
	key, known := f.keys[keyID]
	if known && within(now, f.at, keySetFresh) {
		return key, nil
	}
	if f.last.IsZero() || !within(now, f.last, keySetPause) {
		f = k.refresh(ctx)
		key, known = f.keys[keyID]
	}
	switch {
	case known:
		return key, nil
	case f.err != nil:
		return nil, f.err
	}
	return nil, ErrUnknownKey
}

// within is false also for a clock that was set back.
func within(now, since time.Time, d time.Duration) bool {
	age := now.Sub(since)
	return age >= 0 && age < d
}

// refresh fetches once for all who wait for it.
func (k *RemoteKeys) refresh(ctx context.Context) *fetched {
	result, _, _ := k.flight.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keySetTimeout)
		defer cancel()
		next := *k.current.Load()
		keys, err := k.fetch(ctx)
		next.last, next.err = k.o.Clock(), err
		if err != nil {
			k.o.Logger.Warn("key set not fetched", "url", k.o.URL, "error", err)
		} else {
			next.keys, next.at = keys, next.last
		}
		k.current.Store(&next)
		return &next, nil
	})
	return result.(*fetched)
}

func (k *RemoteKeys) fetch(ctx context.Context) (_ StaticKeys, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.o.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("signature: key set address: %w", err)
	}
	answer, err := k.o.Client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("signature: fetch key set: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("signature: fetch key set: status %d", answer.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, keySetBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("signature: read key set: %w", err)
	}
	if len(data) > keySetBytesMax {
		return nil, fmt.Errorf("signature: key set has more than %d bytes", keySetBytesMax)
	}
	return ParseKeySet(data)
}
