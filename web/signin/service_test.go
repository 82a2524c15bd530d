package signin_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/signintest"
)

const (
	login    = "anna@sky"
	password = "correct horse battery"
	address  = "198.51.100.7"
)

// office is a service over a store in memory, with a clock that stands still.
type office struct {
	*signin.Service
	t     *testing.T
	store *signintest.Memory
	clock *testclock.Clock
	log   bytes.Buffer
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, store: signintest.NewMemory(), clock: testclock.At(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))}
	o.Service = o.open([]byte("the key that seals, of 32 bytes."))
	_, _, err := o.AddUser(t.Context(), signin.NewUser{Login: login, Name: "Anna", Company: "sky", Roles: []signin.Role{signin.Engineer}, Password: password, KeepPassword: true})
	must(t, err)
	return o
}

func (o *office) open(key []byte) *signin.Service {
	o.t.Helper()
	s, err := signin.New(signin.Options{Store: o.store, Key: key, Cost: signin.Cost{Time: 1, Memory: 64}, Now: o.clock.Now, Random: rand.Reader,
		Logger: slog.New(slog.NewTextHandler(&o.log, nil))})
	must(o.t, err)
	return s
}

func (o *office) wait(d time.Duration) { o.clock.Advance(d) }

func (o *office) signIn() *signin.Visit {
	o.t.Helper()
	v, err := o.SignIn(o.t.Context(), login, password, address, "")
	must(o.t, err)
	return v
}

func (o *office) code(secret string) string {
	o.t.Helper()
	code, err := totp.GenerateCode(secret, o.clock.Now())
	must(o.t, err)
	return code
}

// withFactor sets a second factor up, and returns its secret and the recovery
// codes.
func (o *office) withFactor() (secret string, recovery []string) {
	o.t.Helper()
	v := o.signIn()
	f, err := o.BeginFactor(v)
	must(o.t, err)
	recovery, err = o.SetFactor(o.t.Context(), v, f.Secret, o.code(f.Secret), password, address)
	must(o.t, err)
	return f.Secret, recovery
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func TestTheRightPasswordOpensASession(t *testing.T) {
	o := newOffice(t)
	for _, typed := range []string{login, " Anna@SKY "} {
		v, err := o.SignIn(t.Context(), typed, password, address, "")
		must(t, err)
		again, err := o.Resume(t.Context(), v.Token)
		if err != nil || again.User.Login != login || again.Session.Pending {
			t.Errorf("resumed %+v, %v", again, err)
		}
	}
	for _, wrong := range [][2]string{{login, "correct horse"}, {login, ""}, {"bob@sky", password}, {"", ""}, {strings.Repeat("a", 1000), password}, {login, strings.Repeat("a", 10_000)}} {
		_, err := o.SignIn(t.Context(), wrong[0], wrong[1], "other", "")
		wantErr(t, "a wrong guess", err, signin.ErrWrong)
	}
	_, err := o.Resume(t.Context(), "")
	wantErr(t, "no token", err, signin.ErrNoSession)
}

func TestPasswordsAreTheSameHoweverTheyAreTyped(t *testing.T) {
	o := newOffice(t)
	_, _, err := o.AddUser(t.Context(), signin.NewUser{Login: "zoe", Name: "Zoë", Company: "sky", Roles: []signin.Role{signin.Finance}, Password: "Zo\u00eb's pass phrase", KeepPassword: true})
	must(t, err)
	_, err = o.SignIn(t.Context(), "zoe", "Zoe\u0308's pass phrase", address, "")
	must(t, err)
}

func TestWeakPasswordsAndForeignRolesAreRefused(t *testing.T) {
	o := newOffice(t)
	for weak, rule := range map[string]string{"short": "length", strings.Repeat("a1", 70): "length", "aaaabbbbcccc": "variety", "my new.user password": "login", "Admin-Password-2026!": "guessable", "qwertyuiop123456": "guessable", "\xff\xfe123456789012": "length"} {
		_, _, err := o.AddUser(t.Context(), signin.NewUser{Login: "new.user", Name: "N", Company: "sky", Roles: []signin.Role{signin.Finance}, Password: weak})
		var w *signin.WeakPassword
		if !errors.As(err, &w) || w.Rule != rule {
			t.Errorf("%q: error %v, want rule %s", weak, err, rule)
		}
	}
	for name, n := range map[string]signin.NewUser{
		"a role of the utility's": {Login: "x.y", Name: "X", Company: "sky", Roles: []signin.Role{signin.Checker}},
		"a role of a partner's":   {Login: "x.y", Name: "X", Roles: []signin.Role{signin.Engineer}},
		"no role":                 {Login: "x.y", Name: "X", Company: "sky"},
		"a role twice":            {Login: "x.y", Name: "X", Company: "sky", Roles: []signin.Role{signin.Finance, signin.Finance}},
		"a login with a space":    {Login: "x y", Name: "X", Company: "sky", Roles: []signin.Role{signin.Finance}},
		"no name":                 {Login: "x.y", Company: "sky", Roles: []signin.Role{signin.Finance}},
		"a name with a line":      {Login: "x.y", Name: "X\nY", Company: "sky", Roles: []signin.Role{signin.Finance}},
	} {
		if _, _, err := o.AddUser(t.Context(), n); err == nil {
			t.Errorf("%s: added", name)
		}
	}
	_, _, err := o.AddUser(t.Context(), signin.NewUser{Login: login, Name: "Other", Company: "mart", Roles: []signin.Role{signin.Finance}})
	wantErr(t, "a login that is taken", err, signin.ErrTaken)
}

func TestAMadeUpPasswordMustBeChanged(t *testing.T) {
	o := newOffice(t)
	_, made, err := o.AddUser(t.Context(), signin.NewUser{Login: "new.one", Name: "New", Roles: []signin.Role{signin.Admin}})
	must(t, err)
	v, err := o.SignIn(t.Context(), "new.one", made, address, "")
	must(t, err)
	if !v.User.MustChange {
		t.Error("it need not be changed")
	}
	_, err = o.ChangePassword(t.Context(), v, made, made, address)
	var weak *signin.WeakPassword
	if !errors.As(err, &weak) || weak.Rule != "same" {
		t.Errorf("changed into itself: %v", err)
	}
	other, err := o.SignIn(t.Context(), "new.one", made, address, "")
	must(t, err)
	next, err := o.ChangePassword(t.Context(), v, made, "another pass phrase", address)
	must(t, err)
	if next.Token == v.Token || next.User.MustChange {
		t.Error("the session is the one before, or the password must still be changed")
	}
	for _, token := range []string{v.Token, other.Token} {
		_, err = o.Resume(t.Context(), token)
		wantErr(t, "a session from before", err, signin.ErrNoSession)
	}
	_, err = o.ChangePassword(t.Context(), next, made, "yet another phrase", address)
	wantErr(t, "with the old password", err, signin.ErrWrong)
}

func TestASecondFactorIsAskedForAndItsCodesAreGoodOnce(t *testing.T) {
	o := newOffice(t)
	secret, recovery := o.withFactor()
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes, want 10", len(recovery))
	}
	o.wait(time.Minute)
	v := o.signIn()
	if !v.Session.Pending {
		t.Fatal("the password alone opened a session")
	}
	_, err := o.Confirm(t.Context(), v.Token, "000000", address)
	wantErr(t, "a wrong code", err, signin.ErrWrong)
	code := o.code(secret)
	done, err := o.Confirm(t.Context(), v.Token, code[:3]+" "+code[3:], address)
	must(t, err)
	if done.Session.Pending || done.Token == v.Token {
		t.Error("the session is still the pending one")
	}
	_, err = o.Resume(t.Context(), v.Token)
	wantErr(t, "the pending session", err, signin.ErrNoSession)
	_, err = o.Confirm(t.Context(), done.Token, code, address)
	wantErr(t, "confirming twice", err, signin.ErrNoSession)
	_, err = o.Confirm(t.Context(), o.signIn().Token, code, address)
	wantErr(t, "the code again", err, signin.ErrWrong)
	o.wait(time.Hour)
	_, err = o.Confirm(t.Context(), o.signIn().Token, strings.ToUpper(recovery[3]), address)
	must(t, err)
	_, err = o.Confirm(t.Context(), o.signIn().Token, recovery[3], address)
	wantErr(t, "the recovery code again", err, signin.ErrWrong)
	pending := o.signIn()
	o.wait(6 * time.Minute)
	_, err = o.Confirm(t.Context(), pending.Token, o.code(secret), address)
	wantErr(t, "a code that came late", err, signin.ErrNoSession)
}

func TestASecondFactorIsSealed(t *testing.T) {
	o := newOffice(t)
	secret, _ := o.withFactor()
	u, err := o.UserByLogin(t.Context(), login)
	must(t, err)
	if bytes.Contains(u.Secret, []byte(secret)) {
		t.Error("the secret is stored as it is")
	}
	o.wait(time.Minute)
	other := o.open([]byte("another key that seals, 32 bytes"))
	v, err := other.SignIn(t.Context(), login, password, address, "")
	must(t, err)
	if _, err = other.Confirm(t.Context(), v.Token, o.code(secret), address); err == nil || errors.Is(err, signin.ErrWrong) {
		t.Errorf("with another key: error %v, want one of ours", err)
	}
}

func TestASecondFactorIsRemovedByPassword(t *testing.T) {
	o := newOffice(t)
	secret, _ := o.withFactor()
	o.wait(time.Minute)
	v, err := o.Confirm(t.Context(), o.signIn().Token, o.code(secret), address)
	must(t, err)
	wantErr(t, "with a wrong password", o.DropFactor(t.Context(), v, "guess", o.code(secret), address), signin.ErrWrong)
	wantErr(t, "with a code that was used", o.DropFactor(t.Context(), v, password, o.code(secret), address), signin.ErrWrong)
	_, err = o.SetFactor(t.Context(), v, secret, o.code(secret), password, address)
	wantErr(t, "another one beside it", err, signin.ErrWrong)
	o.wait(time.Minute)
	v, err = o.Resume(t.Context(), v.Token)
	must(t, err)
	must(t, o.DropFactor(t.Context(), v, password, o.code(secret), address))
	if o.signIn().Session.Pending {
		t.Error("a code is still asked for")
	}
}

func TestWrongGuessesCostMoreAndMoreTime(t *testing.T) {
	o := newOffice(t)
	guess := func(from string) error {
		_, err := o.SignIn(t.Context(), login, "guess", from, "")
		return err
	}
	for range 5 {
		wantErr(t, "a free guess", guess(address), signin.ErrWrong)
	}
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
		var locked *signin.Locked
		if err := guess(address); !errors.As(err, &locked) || locked.RetryAfter != want {
			t.Fatalf("got %v, want to wait %s", err, want)
		}
		o.wait(want)
		wantErr(t, "after waiting", guess(address), signin.ErrWrong)
	}
	o.wait(time.Hour)
	_, err := o.SignIn(t.Context(), login, password, address, "")
	must(t, err)
	wantErr(t, "after the right one", guess(address), signin.ErrWrong)
}

func TestAStrangerDoesNotLockAUserOut(t *testing.T) {
	o := newOffice(t)
	for range 200 {
		_, _ = o.SignIn(t.Context(), login, "guess", "stranger", "") // all are refused
	}
	o.signIn()
}

func TestManyAddressesTogetherAreSlowedDown(t *testing.T) {
	o := newOffice(t)
	var looked int
	for i := range 300 {
		_, err := o.SignIn(t.Context(), login, "guess", "from "+string(rune('a'+i%26))+string(rune('a'+i/26)), "")
		if errors.Is(err, signin.ErrWrong) {
			looked++
		}
	}
	if looked > 50 {
		t.Errorf("%d guesses were looked at, at most 50", looked)
	}
}

// swaps counts the counters that are written.
type swaps struct {
	signin.Store
	n int
}

func (s *swaps) SwapAttempts(ctx context.Context, key [32]byte, old, next signin.Attempts) error {
	s.n++
	return s.Store.SwapAttempts(ctx, key, old, next)
}

// Somebody who makes logins up must not fill the store with counters of them.
func TestAnAddressThatMustWaitLeavesNothingBehind(t *testing.T) {
	o := newOffice(t)
	counted := &swaps{Store: o.store}
	s, err := signin.New(signin.Options{Store: counted, Key: []byte("the key that seals, of 32 bytes."), Cost: signin.Cost{Time: 1, Memory: 64}, Now: o.clock.Now, Random: rand.Reader,
		Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	for i := range 500 {
		_, _ = s.SignIn(t.Context(), "made.up"+strconv.Itoa(i), "guess", address, "") // all are refused
	}
	if counted.n > 3*101 {
		t.Errorf("%d counters were written for 500 guesses", counted.n)
	}
}

// Guesses that come at once must not get around the count.
func TestGuessesAtOnceAreCountedOneByOne(t *testing.T) {
	o := newOffice(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 64 {
		wg.Go(func() {
			_, err := o.SignIn(t.Context(), login, "guess", address, "")
			if errors.Is(err, signin.ErrWrong) {
				mu.Lock()
				looked++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if looked > 5 {
		t.Errorf("%d of 64 guesses were looked at, want 5 at most", looked)
	}
}

func TestWhatHasEndedIsForgotten(t *testing.T) {
	o := newOffice(t)
	v := o.signIn()
	_, _ = o.SignIn(t.Context(), login, "guess", address, "")
	o.wait(25 * time.Hour)
	must(t, o.Forget(t.Context()))
	_, err := o.store.Session(t.Context(), v.Session.Hash)
	wantErr(t, "the session", err, signin.ErrNotFound)
}

func TestNothingSecretIsLogged(t *testing.T) {
	o := newOffice(t)
	v := o.signIn()
	secret, recovery := o.withFactor()
	_, _ = o.SignIn(t.Context(), login, "a wrong guess", address, "")
	for _, s := range []string{password, "a wrong guess", v.Token, secret, recovery[0], login} {
		if strings.Contains(o.log.String(), s) {
			t.Errorf("the log has %q:\n%s", s, o.log.String())
		}
	}
}

func FuzzAPasswordHashIsReadOrRefused(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=1$c2FsdA$a2V5")
	f.Fuzz(func(t *testing.T, phc string) {
		cost, salt, key, err := signin.ParsePHC(phc)
		if err == nil && (cost.Memory > 256*1024 || cost.Time > 16 || len(salt) < 8 || len(key) < 16) {
			t.Errorf("%q is read as %+v", phc, cost)
		}
	})
}

func TestAMadeUpPasswordEndsAfterAWeek(t *testing.T) {
	o := newOffice(t)
	_, made, err := o.AddUser(t.Context(), signin.NewUser{Login: "new.one", Name: "New", Roles: []signin.Role{signin.Admin}})
	must(t, err)
	o.wait(signin.MadeUpLife - time.Second)
	_, err = o.SignIn(t.Context(), "new.one", made, address, "")
	must(t, err)
	o.wait(time.Second)
	_, err = o.SignIn(t.Context(), "new.one", made, address, "")
	wantErr(t, "after a week", err, signin.ErrWrong)
	again, err := o.ResetUser(t.Context(), "new.one")
	must(t, err)
	v, err := o.SignIn(t.Context(), "new.one", again, address, "")
	must(t, err)
	_, err = o.ChangePassword(t.Context(), v, again, "another pass phrase", address)
	must(t, err)
	o.wait(365 * 24 * time.Hour)
	_, err = o.SignIn(t.Context(), "new.one", "another pass phrase", address, "")
	must(t, err)
}

// ASVS 5.0, 6.5.2 and 11.5.1: with 112 bits a plain hash will do, and what must not be
// guessed has 128.
func TestRecoveryCodesCannotBeGuessed(t *testing.T) {
	o := newOffice(t)
	_, recovery := o.withFactor()
	seen := map[string]bool{}
	for _, code := range recovery {
		plain := strings.ReplaceAll(code, "-", "")
		if len(plain) != 26 || strings.Trim(plain, "abcdefghijklmnopqrstuvwxyz234567") != "" || seen[code] {
			t.Errorf("a code is %q", code)
		}
		seen[code] = true
	}
	u, err := o.UserByLogin(t.Context(), login)
	must(t, err)
	for _, hash := range u.Recovery {
		if strings.Contains(strings.Join(recovery, " "), string(hash[:])) {
			t.Error("a code is stored as it is")
		}
	}
}

func TestSignInsAreWrittenDown(t *testing.T) {
	o := newOffice(t)
	secret, _ := o.withFactor()
	o.wait(time.Minute)
	u, err := o.UserByLogin(t.Context(), login)
	must(t, err)
	o.log.Reset()
	_, _ = o.SignIn(t.Context(), "nobody", "a wrong guess", address, "")
	_, _ = o.SignIn(t.Context(), login, "a wrong guess", address, "")
	pending := o.signIn()
	_, _ = o.Confirm(t.Context(), pending.Token, "000000", address)
	v, err := o.Confirm(t.Context(), pending.Token, o.code(secret), address)
	must(t, err)
	o.wait(time.Minute)
	must(t, o.DropFactor(t.Context(), v, password, o.code(secret), address))
	log := o.log.String()
	for _, want := range []string{"factor=password user=unknown", "factor=password user=" + u.ID.String(), "factor=code user=" + u.ID.String(), "signed in", "second factor removed", "address=" + address} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %q:\n%s", want, log)
		}
	}
}
