package signintest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/web/signin"
)

// RunStore checks that a store keeps the promises of [signin.Store]. open
// returns an empty store and cleans up after itself.
func RunStore(t *testing.T, open func(t *testing.T) signin.Store) {
	suite.Run(t, open, suite.Promises[signin.Store]{
		{"a user comes back as it was", userRoundTrip},
		{"a login is one user's", loginTaken},
		{"an update changes what can change, on the version that was read", userUpdate},
		{"of many updates of one version one is stored", racingUpdates},
		{"a company's users are listed by login", usersOfCompany},
		{"what is not there is not found", notFound},
		{"a session lives until it is ended", sessionRoundTrip},
		{"a user's other sessions are ended together", sessionsOfUser},
		{"a counter is swapped only as it was read", attemptsSwap},
		{"of many swaps of one counter one is stored", racingSwaps},
		{"what is old is forgotten and nothing else", forget},
	})
}

func user(n byte, login, company string) *signin.User {
	return &signin.User{ID: signin.ID{n, 15: 1}, Login: login, Name: "张伟 " + login, Company: company,
		Roles: []signin.Role{signin.Engineer, signin.Finance}, Password: "$argon2id$…", MustChange: true, PasswordUntil: 1_770_000_600_000,
		Secret: []byte{1, 0, 255}, LastStep: 59_000_000, Recovery: [][32]byte{{1}, {2, 31: 9}},
		CreatedAt: 1_770_000_000_000, DisabledAt: 1_770_000_000_001, Version: 1}
}

func userRoundTrip(t *testing.T, s signin.Store) {
	ctx := context.Background()
	full, bare := user(1, "li.wei@sky", "sky"), &signin.User{ID: signin.ID{2}, Login: "bare", Name: "B", Roles: []signin.Role{signin.Admin}, Version: 1}
	for _, want := range []*signin.User{full, bare} {
		suite.Must(t, s.CreateUser(ctx, want))
		got, err := s.User(ctx, want.ID)
		suite.Must(t, err)
		suite.WantEqual(t, "by ID", got, want)
		got, err = s.UserByLogin(ctx, want.Login)
		suite.Must(t, err)
		suite.WantEqual(t, "by login", got, want)
		got.Roles[0] = "changed"
	}
	got, err := s.User(ctx, full.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "after the copy was changed", got, full)
}

func loginTaken(t *testing.T, s signin.Store) {
	ctx := context.Background()
	suite.Must(t, s.CreateUser(ctx, user(1, "anna", "sky")))
	suite.WantErr(t, "of another company", s.CreateUser(ctx, user(2, "anna", "mart")), signin.ErrTaken)
	_, err := s.User(ctx, signin.ID{2, 15: 1})
	suite.WantErr(t, "the refused one", err, signin.ErrNotFound)
}

func userUpdate(t *testing.T, s signin.Store) {
	ctx := context.Background()
	u := user(1, "anna", "sky")
	suite.Must(t, s.CreateUser(ctx, u))
	n := &signin.User{ID: u.ID, Login: "other", Company: "mart", Name: "New", Roles: []signin.Role{signin.Finance}, Password: "p", Version: 1}
	suite.Must(t, s.UpdateUser(ctx, n))
	suite.WantEqual(t, "the caller's version", n.Version, int64(2))
	want := n.Clone()
	want.Login, want.Company, want.CreatedAt = u.Login, u.Company, u.CreatedAt
	got, err := s.User(ctx, u.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "the updated user", got, want)
	suite.WantErr(t, "on the old version", s.UpdateUser(ctx, u), signin.ErrChanged)
	suite.WantErr(t, "of nobody", s.UpdateUser(ctx, user(9, "x", "sky")), signin.ErrChanged)
}

func racingUpdates(t *testing.T, s signin.Store) {
	suite.Must(t, s.CreateUser(context.Background(), user(1, "anna", "sky")))
	suite.WantEqual(t, "stored", winners(t, func(int) error {
		return s.UpdateUser(context.Background(), user(1, "anna", "sky"))
	}), int32(1))
}

// winners runs a write 16 times at once and counts those that were not too late.
func winners(t *testing.T, write func(n int) error) int32 {
	var wg sync.WaitGroup
	var stored atomic.Int32
	for n := range 16 {
		wg.Go(func() {
			err := write(n)
			if err == nil {
				stored.Add(1)
			} else if !errors.Is(err, signin.ErrChanged) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return stored.Load()
}

func usersOfCompany(t *testing.T, s signin.Store) {
	ctx := context.Background()
	for i, login := range []string{"carl", "anna", "berta"} {
		suite.Must(t, s.CreateUser(ctx, user(byte(i+1), login, "sky")))
	}
	suite.Must(t, s.CreateUser(ctx, user(9, "dora", "")))
	for company, want := range map[string]string{"sky": "[anna berta carl]", "": "[dora]", "mart": "[]"} {
		all, err := s.Users(ctx, company)
		suite.Must(t, err)
		logins := []string{}
		for _, u := range all {
			logins = append(logins, u.Login)
		}
		suite.WantEqual(t, "users of "+company, fmt.Sprint(logins), want)
	}
}

func notFound(t *testing.T, s signin.Store) {
	ctx := context.Background()
	_, err := s.User(ctx, signin.ID{1})
	suite.WantErr(t, "user", err, signin.ErrNotFound)
	_, err = s.UserByLogin(ctx, "anna")
	suite.WantErr(t, "login", err, signin.ErrNotFound)
	_, err = s.Session(ctx, [32]byte{1})
	suite.WantErr(t, "session", err, signin.ErrNotFound)
	suite.Must(t, s.TouchSession(ctx, [32]byte{1}, 5))
	suite.Must(t, s.EndSession(ctx, [32]byte{1}))
	suite.Must(t, s.EndSessions(ctx, signin.ID{1}, [32]byte{}))
	suite.Must(t, s.ClearAttempts(ctx, [32]byte{1}))
}

func session(n byte, owner signin.ID) *signin.Session {
	return &signin.Session{Hash: [32]byte{n, 31: 1}, User: owner, Pending: n%2 == 1, CreatedAt: 1, SeenAt: 2, ExpiresAt: 1000 + int64(n)}
}

func sessionRoundTrip(t *testing.T, s signin.Store) {
	ctx := context.Background()
	for _, want := range []*signin.Session{session(1, signin.ID{1}), session(2, signin.ID{1})} {
		suite.Must(t, s.CreateSession(ctx, want))
		got, err := s.Session(ctx, want.Hash)
		suite.Must(t, err)
		suite.WantEqual(t, "session", got, want)
		suite.Must(t, s.TouchSession(ctx, want.Hash, 77))
		got, err = s.Session(ctx, want.Hash)
		suite.Must(t, err)
		want.SeenAt = 77
		suite.WantEqual(t, "touched", got, want)
		suite.Must(t, s.EndSession(ctx, want.Hash))
		_, err = s.Session(ctx, want.Hash)
		suite.WantErr(t, "ended", err, signin.ErrNotFound)
	}
}

func sessionsOfUser(t *testing.T, s signin.Store) {
	ctx := context.Background()
	for n, owner := range map[byte]byte{1: 1, 2: 1, 3: 1, 4: 2} {
		suite.Must(t, s.CreateSession(ctx, session(n, signin.ID{owner})))
	}
	suite.Must(t, s.EndSessions(ctx, signin.ID{1}, [32]byte{2, 31: 1}))
	for n, there := range map[byte]bool{1: false, 2: true, 3: false, 4: true} {
		_, err := s.Session(ctx, [32]byte{n, 31: 1})
		suite.WantEqual(t, fmt.Sprintf("session %d is there", n), err == nil, there)
	}
}

func attemptsSwap(t *testing.T, s signin.Store) {
	ctx := context.Background()
	key := [32]byte{7}
	first, second := signin.Attempts{Count: 1, Until: 0, At: 9}, signin.Attempts{Count: 2, Until: 50, At: 10}
	wantCounter(t, s, key, signin.Attempts{})
	suite.WantErr(t, "of one that was not there", s.SwapAttempts(ctx, key, first, second), signin.ErrChanged)
	suite.Must(t, s.SwapAttempts(ctx, key, signin.Attempts{}, first))
	suite.WantErr(t, "the first again", s.SwapAttempts(ctx, key, signin.Attempts{}, first), signin.ErrChanged)
	suite.Must(t, s.SwapAttempts(ctx, key, first, second))
	suite.WantErr(t, "of the one before", s.SwapAttempts(ctx, key, first, second), signin.ErrChanged)
	wantCounter(t, s, key, second)
	suite.Must(t, s.ClearAttempts(ctx, key))
	wantCounter(t, s, key, signin.Attempts{})
}

func wantCounter(t *testing.T, s signin.Store, key [32]byte, want signin.Attempts) {
	t.Helper()
	got, err := s.Attempts(context.Background(), key)
	suite.Must(t, err)
	suite.WantEqual(t, "counter", got, want)
}

func racingSwaps(t *testing.T, s signin.Store) {
	for _, old := range []signin.Attempts{{}, {Count: 1, At: 5}} {
		suite.WantEqual(t, "stored", winners(t, func(int) error {
			return s.SwapAttempts(context.Background(), [32]byte{7}, old, signin.Attempts{Count: old.Count + 1, At: 5})
		}), int32(1))
	}
}

func forget(t *testing.T, s signin.Store) {
	ctx := context.Background()
	for n := byte(1); n <= 3; n++ {
		suite.Must(t, s.CreateSession(ctx, session(n, signin.ID{1})))
		suite.Must(t, s.SwapAttempts(ctx, [32]byte{n}, signin.Attempts{}, signin.Attempts{Count: 1, At: int64(n)}))
	}
	suite.Must(t, s.ForgetSignins(ctx, 1002, 3))
	for n := byte(1); n <= 3; n++ {
		_, err := s.Session(ctx, [32]byte{n, 31: 1})
		suite.WantEqual(t, fmt.Sprintf("session %d is there", n), err == nil, n >= 2)
		a, err := s.Attempts(ctx, [32]byte{n})
		suite.Must(t, err)
		suite.WantEqual(t, fmt.Sprintf("counter %d is there", n), a.Count == 1, n == 3)
	}
}
