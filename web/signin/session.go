package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Errors of [Service].
var (
	// ErrWrong: login, password or code is wrong; which of them is not said.
	ErrWrong = errors.New("signin: wrong login, password or code")
	// ErrNoSession: the token is of no session, or of one that has ended.
	ErrNoSession = errors.New("signin: no session")
)

// Visit is a session with its user, and the token by which the browser names it.
type Visit struct {
	Token   string
	Session Session
	User    *User
}

// FormToken is what a form of this session carries, so that no other site can
// send one. It follows from the session's token and doesn't give that away.
func (v *Visit) FormToken() string {
	sum := sha256.Sum256([]byte("form\x00" + v.Token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

const (
	tokenBytes = 32
	// pendingLife is how long the second factor may take.
	pendingLife = 5 * time.Minute
	// seenEvery is how exact SeenAt is.
	seenEvery = time.Minute
)

// SignIn checks a password and opens a session in place of the one that the
// browser had (previous, may be empty). Where the user has a second factor the
// session is pending until [Service.Confirm]. It returns [ErrWrong] or
// [*Locked]. The address is the browser's, as far as wrong guesses from it are to
// be counted together.
func (s *Service) SignIn(ctx context.Context, login, password, address, previous string) (*Visit, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if len(login) > loginMax || len(password) > 4*PasswordMax {
		return nil, ErrWrong
	}
	if err := s.count(ctx, login, address); err != nil {
		s.o.Logger.WarnContext(ctx, "sign-in refused", "factor", "password", "address", address, "reason", err)
		return nil, err
	}
	u, err := s.checkPassword(ctx, login, password)
	if err != nil {
		s.refused(ctx, "password", login, address, err)
		return nil, err
	}
	if u.SecondFactor() {
		return s.open(ctx, u, previous, true)
	}
	return s.admit(ctx, u, address, previous)
}

// checkPassword takes as long for a login that is not there.
func (s *Service) checkPassword(ctx context.Context, login, password string) (*User, error) {
	u, err := s.o.Store.UserByLogin(ctx, login)
	if errors.Is(err, ErrNotFound) {
		u, err = &User{Password: s.hasher.dummy, DisabledAt: 1}, nil
	}
	if err != nil {
		return nil, err
	}
	ok, err := s.hasher.verify(ctx, u.Password, password)
	if err != nil {
		return nil, err
	}
	if !ok || u.DisabledAt != 0 || u.PasswordUntil != 0 && s.o.Now().UnixMilli() >= u.PasswordUntil {
		return nil, ErrWrong
	}
	return u, nil
}

// refused notes a wrong guess. What was typed as a login is not noted, because people
// type passwords there; of an account that is there its ID is.
func (s *Service) refused(ctx context.Context, factor, login, address string, err error) {
	user := "unknown"
	if u, unknown := s.o.Store.UserByLogin(ctx, login); unknown == nil {
		user = u.ID.String()
	}
	s.o.Logger.WarnContext(ctx, "sign-in refused", "factor", factor, "user", user, "address", address, "reason", err)
}

// Confirm checks a code of the second factor, or a recovery code, and opens the
// session in place of the pending one. It returns [ErrNoSession], [ErrWrong] or
// [*Locked].
func (s *Service) Confirm(ctx context.Context, token, code, address string) (*Visit, error) {
	v, err := s.find(ctx, token)
	if err != nil {
		return nil, err
	}
	if !v.Session.Pending {
		return nil, ErrNoSession
	}
	if err := s.count(ctx, v.User.Login, address); err != nil {
		return nil, err
	}
	ok, err := s.useCode(ctx, v.User, code)
	switch {
	case err != nil && !errors.Is(err, ErrChanged):
		return nil, err
	case !ok || err != nil: // with ErrChanged the same code came twice at once
		s.refused(ctx, "code", v.User.Login, address, ErrWrong)
		return nil, ErrWrong
	}
	return s.admit(ctx, v.User, address, token)
}

// admit opens a session for a user who has proved everything.
func (s *Service) admit(ctx context.Context, u *User, address, previous string) (*Visit, error) {
	if err := s.forgive(ctx, u.Login, address); err != nil {
		return nil, err
	}
	v, err := s.open(ctx, u, previous, false)
	if err == nil {
		s.o.Logger.InfoContext(ctx, "signed in", "user", u.ID.String(), "address", address, "second_factor", u.SecondFactor())
	}
	return v, err
}

func (s *Service) open(ctx context.Context, u *User, previous string, pending bool) (*Visit, error) {
	b := make([]byte, tokenBytes)
	if _, err := io.ReadFull(s.o.Random, b); err != nil {
		return nil, fmt.Errorf("signin: randomness: %w", err)
	}
	if previous != "" {
		if err := s.o.Store.EndSession(ctx, sha256.Sum256([]byte(previous))); err != nil {
			return nil, err
		}
	}
	now, life := s.o.Now(), s.o.Life
	if pending {
		life = pendingLife
	}
	v := &Visit{Token: base64.RawURLEncoding.EncodeToString(b), User: u}
	v.Session = Session{Hash: sha256.Sum256([]byte(v.Token)), User: u.ID, Pending: pending,
		CreatedAt: now.UnixMilli(), SeenAt: now.UnixMilli(), ExpiresAt: now.Add(life).UnixMilli()}
	return v, s.o.Store.CreateSession(ctx, &v.Session)
}

// Resume returns the visit of a token, or [ErrNoSession]. A pending one is not
// yet a visit of the user's.
func (s *Service) Resume(ctx context.Context, token string) (*Visit, error) {
	v, err := s.find(ctx, token)
	if err != nil {
		return nil, err
	}
	now := s.o.Now().UnixMilli()
	if now-v.Session.SeenAt >= seenEvery.Milliseconds() {
		v.Session.SeenAt = now
		err = s.o.Store.TouchSession(ctx, v.Session.Hash, now)
	}
	return v, err
}

func (s *Service) find(ctx context.Context, token string) (*Visit, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return nil, ErrNoSession
	}
	session, err := s.o.Store.Session(ctx, sha256.Sum256([]byte(token)))
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNoSession
	}
	if err != nil {
		return nil, err
	}
	now := s.o.Now().UnixMilli()
	if now >= session.ExpiresAt || now-session.SeenAt >= s.o.Idle.Milliseconds() {
		return nil, errors.Join(ErrNoSession, s.o.Store.EndSession(ctx, session.Hash))
	}
	u, err := s.o.Store.User(ctx, session.User)
	if err != nil {
		return nil, err
	}
	if u.DisabledAt != 0 {
		return nil, ErrNoSession
	}
	return &Visit{Token: token, Session: *session, User: u}, nil
}

// SignOut ends the session of a token.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.o.Store.EndSession(ctx, sha256.Sum256([]byte(token)))
}
