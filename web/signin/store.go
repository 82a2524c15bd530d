package signin

import (
	"context"
	"errors"
)

// Errors of [Store].
var (
	// ErrNotFound: no such user or session.
	ErrNotFound = errors.New("signin: not found")
	// ErrTaken: the login is another user's.
	ErrTaken = errors.New("signin: login is taken")
	// ErrChanged: what was to be replaced has changed meanwhile; read it again.
	ErrChanged = errors.New("signin: changed meanwhile")
)

// Session is what a browser's cookie stands for.
type Session struct {
	Hash [32]byte // SHA-256 of the token in the cookie
	User ID
	// Pending says that the password was right and the second factor is missing.
	Pending   bool
	CreatedAt int64
	SeenAt    int64 // when it was used, to the minute
	ExpiresAt int64 // the end of its whole life
}

// Attempts counts wrong guesses in a row.
type Attempts struct {
	Count int64
	Until int64 // no guess is looked at before
	At    int64 // of the last
}

// Store keeps users, sessions and attempts. Writes are durable when a method
// returns. What is handed out is a copy.
type Store interface {
	// CreateUser stores a new one with Version 1, or returns [ErrTaken].
	CreateUser(ctx context.Context, u *User) error
	// UpdateUser stores everything but ID, Login, Company and CreatedAt if Version
	// is the stored one, and makes both one more; otherwise it returns [ErrChanged].
	UpdateUser(ctx context.Context, u *User) error
	User(ctx context.Context, id ID) (*User, error)
	UserByLogin(ctx context.Context, login string) (*User, error)
	// Users returns those of a company, by login.
	Users(ctx context.Context, company string) ([]*User, error)

	CreateSession(ctx context.Context, s *Session) error
	Session(ctx context.Context, hash [32]byte) (*Session, error)
	// TouchSession sets SeenAt; a session that is not there is none of its business.
	TouchSession(ctx context.Context, hash [32]byte, seenAt int64) error
	// EndSession removes a session; one that is not there is removed already.
	EndSession(ctx context.Context, hash [32]byte) error
	// EndSessions removes the sessions of a user but the one with the hash except.
	EndSessions(ctx context.Context, user ID, except [32]byte) error

	// Attempts returns a counter; one that was never stored is zero.
	Attempts(ctx context.Context, key [32]byte) (Attempts, error)
	// SwapAttempts replaces a counter if it is still the old one, or returns
	// [ErrChanged].
	SwapAttempts(ctx context.Context, key [32]byte, old, new Attempts) error
	ClearAttempts(ctx context.Context, key [32]byte) error

	// ForgetSignins removes sessions that expired before an instant and counters
	// whose last attempt was before another.
	ForgetSignins(ctx context.Context, sessionsBefore, attemptsBefore int64) error
}
