package session_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/web/session"
)

// FuzzNothingButItsTokenResumesASession: a cookie is the session's token, or nobody's;
// none makes the pages fail.
func FuzzNothingButItsTokenResumesASession(f *testing.F) {
	now, ctx := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), context.Background()
	s, _ := newService(f, &now)
	v, err := s.Open(ctx, "M-1", session.Person{Name: "李晓明"}, "")
	must(f, err)
	// Another writing of the same bytes is another cookie.
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", v.Token[len(v.Token)-1])
	spare := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last|1]
	sum := sha256.Sum256([]byte(v.Token))
	for _, seed := range []string{v.Token, "", v.Token + "=", v.Token[:len(v.Token)-1] + string(spare), v.Token[1:] + "\n",
		v.FormToken(), base64.RawURLEncoding.EncodeToString(sum[:]), strings.Repeat("A", 43), strings.Repeat("\x00", 43), strings.ToLower(v.Token)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cookie string) {
		got, err := s.Resume(ctx, cookie)
		switch {
		case cookie == v.Token && (err != nil || got.Member != "M-1" || got.Name != "李晓明"):
			t.Fatalf("its own token: %+v, %v", got, err)
		case cookie != v.Token && !errors.Is(err, session.ErrNoSession):
			t.Fatalf("%q resumes %+v, %v", cookie, got, err)
		}
	})
}

// FuzzASealOpensAsItWasSealed: who can write the database cannot make the pages say
// something of a member that the provider didn't say.
func FuzzASealOpensAsItWasSealed(f *testing.F) {
	now, ctx := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), context.Background()
	s, store := newService(f, &now)
	v, err := s.Open(ctx, "M-1", session.Person{Name: "李晓明", IDToken: "eyJ"}, "")
	must(f, err)
	other, err := s.Open(ctx, "M-2", session.Person{Name: "王芳"}, "")
	must(f, err)
	row, foreign := store.stored[0], store.stored[1]
	for _, seed := range [][]byte{row.Sealed, foreign.Sealed, nil, {0}, row.Sealed[:len(row.Sealed)-1], append(bytes.Clone(row.Sealed), 0)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed []byte) {
		changed := row
		changed.Sealed = bytes.Clone(sealed)
		must(t, store.Memory.CreateMemberSession(ctx, &changed))
		got, err := s.Resume(ctx, v.Token)
		if bytes.Equal(sealed, row.Sealed) != (err == nil) {
			t.Fatalf("%x opens as %+v, %v", sealed, got, err)
		}
		if _, err := s.Resume(ctx, other.Token); err != nil {
			t.Fatalf("another's session: %v", err)
		}
	})
}
