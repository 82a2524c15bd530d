package webhooks

import (
	"cmp"
	"context"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Revealed is a secret as the receiver needs it.
type Revealed struct {
	Scheme    Scheme
	Secret    string // whsec_… of [HMAC], the public key whpk_… of [Ed25519]
	CreatedAt int64  // milliseconds since 1970
	ExpiresAt int64  // 0: not before it is replaced
}

// Secrets returns those with which messages are signed now, newest first.
func (s *Service) Secrets(ctx context.Context, partner string, id ledger.ID) ([]Revealed, error) {
	e, err := s.Endpoint(ctx, partner, id)
	if err != nil {
		return nil, err
	}
	return s.reveal(e)
}

func (s *Service) reveal(e *Endpoint) ([]Revealed, error) {
	var all []Revealed
	for _, kept := range valid(e.Secrets, s.o.Now().UnixMilli()) {
		secret, err := s.o.Sealer.open(e.ID, kept.Sealed)
		if err != nil {
			return nil, err
		}
		all = append(all, Revealed{kept.Scheme, kept.Scheme.reveal(secret), kept.CreatedAt, kept.ExpiresAt})
	}
	return all, nil
}

// OverlapMax is the longest time that a replaced secret goes on signing.
const OverlapMax = 7 * 24 * time.Hour

// Rotate makes a new secret. Those before it go on signing, beside the new one,
// for the overlap, 0 to [OverlapMax]: a receiver that has one of them verifies.
// An empty scheme keeps that of the newest.
func (s *Service) Rotate(ctx context.Context, partner string, id ledger.ID, scheme Scheme, overlap time.Duration) ([]Revealed, error) {
	e, err := s.Endpoint(ctx, partner, id)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	until := now.Add(min(max(overlap, 0), OverlapMax)).UnixMilli()
	for i := range e.Secrets {
		if kept := &e.Secrets[i]; kept.ExpiresAt == 0 || kept.ExpiresAt > until {
			kept.ExpiresAt = until
		}
	}
	scheme = cmp.Or(scheme, e.Secrets[0].Scheme)
	if e.Secrets = valid(e.Secrets, now.UnixMilli()); len(e.Secrets) >= SecretsMax {
		return nil, refuse(CodeSecretsMax, "%d secrets are valid already; wait for one to expire, or rotate with an overlap of 0s", len(e.Secrets))
	}
	if err := s.addSecret(e, scheme, now); err != nil {
		return nil, err
	}
	e.UpdatedAt = now.UnixMilli()
	if e, err = s.store(ctx, e); err != nil {
		return nil, err
	}
	return s.reveal(e)
}

// addSecret puts a new secret before those of an endpoint.
func (s *Service) addSecret(e *Endpoint, scheme Scheme, now time.Time) error {
	secret, err := newSecret(s.o.Random)
	if err != nil {
		return err
	}
	sealed, err := s.o.Sealer.seal(e.ID, secret)
	if err != nil {
		return err
	}
	e.Secrets = append([]Secret{{Scheme: cmp.Or(scheme, HMAC), Sealed: sealed, CreatedAt: now.UnixMilli()}}, e.Secrets...)
	return nil
}
