package session

import (
	"context"
	"errors"
)

// ErrNotFound: no such session in the store.
var ErrNotFound = errors.New("session: not found")

// Session is what a browser's cookie stands for. Times are milliseconds since 1970.
type Session struct {
	Hash   [32]byte // SHA-256 of the token in the cookie
	Member string   // the utility's number of the member
	// Sealed is what the provider said besides; only the token opens it.
	Sealed    []byte
	CreatedAt int64
	SeenAt    int64 // when it was used, to the minute
	ExpiresAt int64 // the end of its whole life
}

// Store keeps sessions of members. Writes are durable when a method returns. What
// is handed out is a copy.
type Store interface {
	CreateMemberSession(ctx context.Context, s *Session) error
	// MemberSession returns a session, or [ErrNotFound].
	MemberSession(ctx context.Context, hash [32]byte) (*Session, error)
	// TouchMemberSession sets SeenAt; a session that is not there is none of its
	// business.
	TouchMemberSession(ctx context.Context, hash [32]byte, seenAt int64) error
	// EndMemberSession removes a session; one that is not there is removed already.
	EndMemberSession(ctx context.Context, hash [32]byte) error
	// EndSessionsOf removes all sessions of a member.
	EndSessionsOf(ctx context.Context, member string) error
	// ForgetMemberSessions removes those that expired before an instant.
	ForgetMemberSessions(ctx context.Context, before int64) error
}
