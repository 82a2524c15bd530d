package sessiontest

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/web/session"
)

// RunStore checks that a store keeps the promises of [session.Store]. open returns
// an empty store and cleans up after itself.
func RunStore(t *testing.T, open func(t *testing.T) session.Store) {
	suite.Run(t, open, suite.Promises[session.Store]{
		{"a session comes back as it was, until it is ended", roundTrip},
		{"a visit is noted and nothing else changes", touch},
		{"a member's sessions end together, and nobody else's", endOf},
		{"what has expired is forgotten and nothing else", forget},
	})
}

func sample(n byte, member string, expiresAt int64) *session.Session {
	return &session.Session{Hash: [32]byte{n, 31: 7}, Member: member, Sealed: []byte{0, n, 255}, CreatedAt: 1, SeenAt: 2, ExpiresAt: expiresAt}
}

func roundTrip(t *testing.T, s session.Store) {
	ctx := context.Background()
	want := sample(1, "户号-001", 10)
	suite.Must(t, s.CreateMemberSession(ctx, want))
	got, err := s.MemberSession(ctx, want.Hash)
	suite.Must(t, err)
	suite.WantEqual(t, "the session", got, want)
	got.Sealed[0] = 9
	got, err = s.MemberSession(ctx, want.Hash)
	suite.Must(t, err)
	suite.WantEqual(t, "after the copy was changed", got, want)
	suite.Must(t, s.EndMemberSession(ctx, want.Hash))
	suite.Must(t, s.EndMemberSession(ctx, want.Hash))
	_, err = s.MemberSession(ctx, want.Hash)
	suite.WantErr(t, "an ended one", err, session.ErrNotFound)
}

func touch(t *testing.T, s session.Store) {
	ctx := context.Background()
	want := sample(1, "M-1", 10)
	suite.Must(t, s.CreateMemberSession(ctx, want))
	suite.Must(t, s.TouchMemberSession(ctx, want.Hash, 5))
	suite.Must(t, s.TouchMemberSession(ctx, [32]byte{99}, 5))
	want.SeenAt = 5
	got, err := s.MemberSession(ctx, want.Hash)
	suite.Must(t, err)
	suite.WantEqual(t, "the session", got, want)
	_, err = s.MemberSession(ctx, [32]byte{99})
	suite.WantErr(t, "one that never was", err, session.ErrNotFound)
}

// left fails the test unless just those sessions are there.
func left(t *testing.T, s session.Store, all []*session.Session, want ...bool) {
	t.Helper()
	for i, one := range all {
		_, err := s.MemberSession(context.Background(), one.Hash)
		if got := err == nil; got != want[i] {
			t.Errorf("session %d of %s is there: %v, want %v", i, one.Member, got, want[i])
		}
	}
}

func endOf(t *testing.T, s session.Store) {
	ctx := context.Background()
	all := []*session.Session{sample(1, "M-1", 10), sample(2, "M-1", 10), sample(3, "M-10", 10)}
	for _, one := range all {
		suite.Must(t, s.CreateMemberSession(ctx, one))
	}
	suite.Must(t, s.EndSessionsOf(ctx, "M-1"))
	left(t, s, all, false, false, true)
}

func forget(t *testing.T, s session.Store) {
	ctx := context.Background()
	all := []*session.Session{sample(1, "M-1", 9), sample(2, "M-1", 10), sample(3, "M-2", 11)}
	for _, one := range all {
		suite.Must(t, s.CreateMemberSession(ctx, one))
	}
	suite.Must(t, s.ForgetMemberSessions(ctx, 10))
	left(t, s, all, false, true, true)
}
