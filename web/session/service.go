package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrNoSession: the token is of no session, or of one that has ended.
var ErrNoSession = errors.New("session: no session")

// Options configure a [Service]. Without a default a field is required.
type Options struct {
	Store Store
	// Now is the machine's clock: sessions do not end because a sandbox's is moved.
	Now    func() time.Time
	Random io.Reader
	Life   time.Duration // default 8 h
	Idle   time.Duration // default 30 min
}

// Service opens and ends sessions. It may be used by many goroutines.
type Service struct{ o Options }

// New returns a service, or an error that says which option is missing.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Now == nil || o.Random == nil {
		return nil, errors.New("session: store, clock and randomness are required")
	}
	if o.Life == 0 {
		o.Life = 8 * time.Hour
	}
	if o.Idle == 0 {
		o.Idle = 30 * time.Minute
	}
	return &Service{o}, nil
}

// Visit is a session, what was sealed in it, and the token by which the browser
// names it.
type Visit struct {
	Token string
	Session
	Person
}

// FormToken is what a form of this session carries, so that no other site can send
// one. It follows from the session's token and doesn't give that away.
func (v *Visit) FormToken() string {
	sum := sha256.Sum256([]byte("form\x00" + v.Token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

const (
	tokenBytes = 32
	// seenEvery is how exact SeenAt is.
	seenEvery = time.Minute
)

// Open opens a session of a member in place of the one that the browser had
// (previous, may be empty).
func (s *Service) Open(ctx context.Context, member string, p Person, previous string) (*Visit, error) {
	b := make([]byte, tokenBytes)
	if _, err := io.ReadFull(s.o.Random, b); err != nil {
		return nil, fmt.Errorf("session: randomness: %w", err)
	}
	if err := s.End(ctx, previous); err != nil {
		return nil, err
	}
	v := &Visit{Token: base64.RawURLEncoding.EncodeToString(b), Person: p}
	sealed, err := seal(v.Token, p)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	v.Session = Session{Hash: sha256.Sum256([]byte(v.Token)), Member: member, Sealed: sealed,
		CreatedAt: now.UnixMilli(), SeenAt: now.UnixMilli(), ExpiresAt: now.Add(s.o.Life).UnixMilli()}
	return v, s.o.Store.CreateMemberSession(ctx, &v.Session)
}

// Resume returns the visit of a token, or [ErrNoSession].
func (s *Service) Resume(ctx context.Context, token string) (*Visit, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return nil, ErrNoSession
	}
	found, err := s.o.Store.MemberSession(ctx, sha256.Sum256([]byte(token)))
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNoSession
	}
	if err != nil {
		return nil, err
	}
	now := s.o.Now().UnixMilli()
	if now >= found.ExpiresAt || now-found.SeenAt >= s.o.Idle.Milliseconds() {
		return nil, errors.Join(ErrNoSession, s.o.Store.EndMemberSession(ctx, found.Hash))
	}
	v := &Visit{Token: token, Session: *found}
	if v.Person, err = unseal(token, found.Sealed); err != nil {
		return nil, err
	}
	if now-found.SeenAt >= seenEvery.Milliseconds() {
		v.SeenAt = now
		err = s.o.Store.TouchMemberSession(ctx, found.Hash, now)
	}
	return v, err
}

// End ends the session of a token; of one that is not there nothing is left to end.
func (s *Service) End(ctx context.Context, token string) error {
	if token == "" {
		return nil
	}
	return s.o.Store.EndMemberSession(ctx, sha256.Sum256([]byte(token)))
}

// EndOf ends all sessions of a member.
func (s *Service) EndOf(ctx context.Context, member string) error {
	return s.o.Store.EndSessionsOf(ctx, member)
}

// Forget drops sessions that have expired.
func (s *Service) Forget(ctx context.Context) error {
	return s.o.Store.ForgetMemberSessions(ctx, s.o.Now().UnixMilli())
}
