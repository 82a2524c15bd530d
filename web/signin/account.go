package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// NewUser is what there is to say of a user who is to be added.
type NewUser struct {
	Login, Name, Company string
	Roles                []Role
	// Password, or empty for one that is made up and must be changed at the first
	// sign-in.
	Password string
	// KeepPassword says that the password need not be changed, as in a sandbox.
	KeepPassword bool
}

// AddUser adds an account and returns it with its password. It returns
// [ErrTaken], [*WeakPassword], or an error that says what would be right.
func (s *Service) AddUser(ctx context.Context, n NewUser) (*User, string, error) {
	u := &User{Login: strings.ToLower(strings.TrimSpace(n.Login)), Name: strings.TrimSpace(n.Name), Company: n.Company, Roles: n.Roles,
		MustChange: !n.KeepPassword, CreatedAt: s.o.Now().UnixMilli(), Version: 1}
	if err := u.check(); err != nil {
		return nil, "", fmt.Errorf("signin: %w", err)
	}
	password := n.Password
	if password == "" {
		var err error
		if password, err = s.makeUp(); err != nil {
			return nil, "", err
		}
		u.PasswordUntil = s.madeUpUntil()
	} else if err := s.judge(u.Login, password); err != nil {
		return nil, "", err
	}
	if _, err := io.ReadFull(s.o.Random, u.ID[:]); err != nil {
		return nil, "", fmt.Errorf("signin: randomness: %w", err)
	}
	var err error
	if u.Password, err = s.hasher.hash(ctx, password); err != nil {
		return nil, "", err
	}
	return u, password, s.o.Store.CreateUser(ctx, u)
}

// MadeUpLife is how long a password that was made up can be used.
const MadeUpLife = 7 * 24 * time.Hour

func (s *Service) madeUpUntil() int64 { return s.o.Now().Add(MadeUpLife).UnixMilli() }

// judge refuses a password that could be guessed, or that was stolen elsewhere.
func (s *Service) judge(login, password string) error {
	if err := checkPassword(login, password); err != nil || s.o.Breached == nil {
		return err
	}
	stolen, err := s.o.Breached(password)
	if err == nil && stolen {
		err = &WeakPassword{"breached"}
	}
	return err
}

// makeUp makes a password of 128 bits in groups that people can type.
func (s *Service) makeUp() (string, error) {
	codes, _, err := s.newRecovery()
	if err != nil {
		return "", err
	}
	return codes[0], nil
}

// UserByLogin returns a user, or [ErrNotFound].
func (s *Service) UserByLogin(ctx context.Context, login string) (*User, error) {
	return s.o.Store.UserByLogin(ctx, strings.ToLower(strings.TrimSpace(login)))
}

// Users returns the accounts of a company, by login.
func (s *Service) Users(ctx context.Context, company string) ([]*User, error) {
	return s.o.Store.Users(ctx, company)
}

// ResetUser gives a user a new password that must be changed, drops the second
// factor and ends all sessions. It is for an administrator who has made sure who
// asks.
func (s *Service) ResetUser(ctx context.Context, login string) (password string, err error) {
	u, err := s.UserByLogin(ctx, login)
	if err != nil {
		return "", err
	}
	if password, err = s.makeUp(); err != nil {
		return "", err
	}
	if u.Password, err = s.hasher.hash(ctx, password); err != nil {
		return "", err
	}
	u.MustChange, u.PasswordUntil, u.Secret, u.Recovery, u.LastStep, u.DisabledAt = true, s.madeUpUntil(), nil, nil, 0, 0
	if err := s.o.Store.UpdateUser(ctx, u); err != nil {
		return "", err
	}
	return password, s.o.Store.EndSessions(ctx, u.ID, [32]byte{})
}

// DisableUser ends all sessions of a user for ever, until the account is reset.
func (s *Service) DisableUser(ctx context.Context, login string) error {
	u, err := s.UserByLogin(ctx, login)
	if err != nil {
		return err
	}
	u.DisabledAt = s.o.Now().UnixMilli()
	if err := s.o.Store.UpdateUser(ctx, u); err != nil {
		return err
	}
	return s.o.Store.EndSessions(ctx, u.ID, [32]byte{})
}

// SetRoles gives a user other roles and ends all sessions, so that nothing goes on
// with the old ones. It returns [ErrNotFound], or an error that says what would be
// right.
func (s *Service) SetRoles(ctx context.Context, login string, roles []Role) error {
	u, err := s.UserByLogin(ctx, login)
	if err != nil {
		return err
	}
	u.Roles = roles
	if err := u.check(); err != nil {
		return fmt.Errorf("signin: %w", err)
	}
	if err := s.o.Store.UpdateUser(ctx, u); err != nil {
		return err
	}
	return s.o.Store.EndSessions(ctx, u.ID, [32]byte{})
}

// ChangePassword takes the old password and a new one, ends the user's other
// sessions and gives this one a new token. It returns [ErrWrong], [*Locked] or
// [*WeakPassword].
func (s *Service) ChangePassword(ctx context.Context, v *Visit, old, new, address string) (*Visit, error) {
	if err := s.prove(ctx, v, old, address); err != nil {
		return nil, err
	}
	if err := s.judge(v.User.Login, new); err != nil {
		return nil, err
	}
	if old == new {
		return nil, &WeakPassword{"same"}
	}
	u := v.User.Clone()
	var err error
	if u.Password, err = s.hasher.hash(ctx, new); err != nil {
		return nil, err
	}
	u.MustChange, u.PasswordUntil = false, 0
	if err := s.o.Store.UpdateUser(ctx, u); err != nil {
		return nil, err
	}
	if err := s.o.Store.EndSessions(ctx, u.ID, v.Session.Hash); err != nil {
		return nil, err
	}
	s.o.Logger.InfoContext(ctx, "password changed", "user", u.ID.String())
	return s.open(ctx, u, v.Token, false)
}

// prove asks for the password again before something that matters.
func (s *Service) prove(ctx context.Context, v *Visit, password, address string) error {
	if len(password) > 4*PasswordMax {
		return ErrWrong
	}
	if err := s.count(ctx, v.User.Login, address); err != nil {
		return err
	}
	if _, err := s.checkPassword(ctx, v.User.Login, password); err != nil {
		return err
	}
	return s.forgive(ctx, v.User.Login, address)
}

// EndOthers ends the user's sessions but this one.
func (s *Service) EndOthers(ctx context.Context, v *Visit) error {
	return s.o.Store.EndSessions(ctx, v.User.ID, v.Session.Hash)
}

// BeginFactor returns a new second factor to be shown. Nothing is stored before
// [Service.SetFactor].
func (s *Service) BeginFactor(v *Visit) (*Factor, error) {
	secret, err := s.newSecret()
	if err != nil {
		return nil, err
	}
	return s.factorOf(v.User, secret)
}

// ShowFactor returns the second factor with a secret that [Service.BeginFactor]
// gave out, to be shown again after a wrong code.
func (s *Service) ShowFactor(v *Visit, secret string) (*Factor, error) {
	if b, err := encoding32.DecodeString(secret); err != nil || len(b) != secretBytes {
		return nil, ErrWrong
	}
	return s.factorOf(v.User, secret)
}

// SetFactor makes a second factor the user's once its first code is right, and
// returns the recovery codes, which are shown this once. It returns [ErrWrong] or
// [*Locked].
func (s *Service) SetFactor(ctx context.Context, v *Visit, secret, code, password, address string) ([]string, error) {
	if _, err := s.ShowFactor(v, secret); err != nil {
		return nil, err
	}
	if v.User.SecondFactor() {
		return nil, ErrWrong // the one there is removed first, which asks for its code
	}
	if err := s.prove(ctx, v, password, address); err != nil {
		return nil, err
	}
	step := matchStep(secret, strings.Map(dropFiller, code), s.o.Now(), 0)
	if step == 0 {
		return nil, ErrWrong
	}
	u := v.User.Clone()
	codes, hashes, err := s.newRecovery()
	if err != nil {
		return nil, err
	}
	if u.Secret, err = s.sealer.seal(u.ID, secret); err != nil {
		return nil, err
	}
	u.Recovery, u.LastStep = hashes, step
	s.o.Logger.InfoContext(ctx, "second factor set", "user", u.ID.String())
	err = s.o.Store.UpdateUser(ctx, u)
	return codes, errors.Join(err, s.o.Store.EndSessions(ctx, u.ID, v.Session.Hash))
}

// DropFactor removes the second factor, by the password and a code of it, or a recovery
// code: a session that somebody left open and a password are not enough. It returns
// [ErrWrong] or [*Locked].
func (s *Service) DropFactor(ctx context.Context, v *Visit, password, code, address string) error {
	if err := s.prove(ctx, v, password, address); err != nil {
		return err
	}
	if err := s.count(ctx, v.User.Login, address); err != nil {
		return err
	}
	u := v.User.Clone()
	ok, err := s.useCode(ctx, u, code)
	if err != nil && !errors.Is(err, ErrChanged) {
		return err
	}
	if !ok || err != nil {
		return ErrWrong
	}
	u.Secret, u.Recovery, u.LastStep = nil, nil, 0
	if err := s.o.Store.UpdateUser(ctx, u); err != nil {
		return err
	}
	s.o.Logger.InfoContext(ctx, "second factor removed", "user", u.ID.String())
	return s.forgive(ctx, u.Login, address)
}

// FactorMissing reports whether a visit must set a second factor up before anything
// else.
func (s *Service) FactorMissing(v *Visit) bool { return s.o.FactorNeeded && !v.User.SecondFactor() }
