package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/web/session"
	"github.com/pointgrid/pointgrid/web/session/sessiontest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watched keeps what was stored.
type watched struct {
	*sessiontest.Memory
	stored []session.Session
}

func (w *watched) CreateMemberSession(ctx context.Context, s *session.Session) error {
	w.stored = append(w.stored, *s)
	return w.Memory.CreateMemberSession(ctx, s)
}

func newService(t testing.TB, now *time.Time) (*session.Service, *watched) {
	t.Helper()
	store := &watched{Memory: sessiontest.NewMemory()}
	s, err := session.New(session.Options{Store: store, Now: func() time.Time { return *now }, Random: rand.Reader})
	must(t, err)
	return s, store
}

func TestTheDatabaseAloneIsNobody(t *testing.T) {
	now, ctx := time.Now(), context.Background()
	s, store := newService(t, &now)
	v, err := s.Open(ctx, "M-1", session.Person{Name: "李晓明", IDToken: "eyJ.secret"}, "")
	must(t, err)
	row := store.stored[0]
	for _, secret := range []string{v.Token, "李晓明", "eyJ.secret"} {
		if bytes.Contains(row.Sealed, []byte(secret)) || bytes.Contains(row.Hash[:], []byte(secret)) {
			t.Errorf("the row has %q", secret)
		}
	}
	again, err := s.Resume(ctx, v.Token)
	must(t, err)
	if again.Name != "李晓明" || again.IDToken != "eyJ.secret" || again.Member != "M-1" {
		t.Errorf("resumed is %+v", again)
	}
	row.Sealed = bytes.Clone(row.Sealed)
	row.Sealed[0] ^= 1
	must(t, store.CreateMemberSession(ctx, &row))
	if _, err := s.Resume(ctx, v.Token); err == nil {
		t.Error("a row that was changed opens")
	}
}

func TestEachSessionHasATokenOfItsOwn(t *testing.T) {
	now, ctx := time.Now(), context.Background()
	s, _ := newService(t, &now)
	first, err := s.Open(ctx, "M-1", session.Person{}, "")
	must(t, err)
	second, err := s.Open(ctx, "M-1", session.Person{}, first.Token)
	must(t, err)
	if first.Token == second.Token || first.FormToken() == second.FormToken() || first.FormToken() == first.Token {
		t.Error("tokens are the same")
	}
	if _, err := s.Resume(ctx, first.Token); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("the session before: %v", err)
	}
	for _, token := range []string{"", "short", first.FormToken(), second.Token + "x"} {
		if _, err := s.Resume(ctx, token); !errors.Is(err, session.ErrNoSession) {
			t.Errorf("token %q: %v", token, err)
		}
	}
	must(t, s.EndOf(ctx, "M-1"))
	if _, err := s.Resume(ctx, second.Token); !errors.Is(err, session.ErrNoSession) {
		t.Errorf("after all were ended: %v", err)
	}
}
