package memberstest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// RunStore checks that a store keeps the promises of [members.Store]. open returns an
// empty store and cleans up after itself.
func RunStore(t *testing.T, open func(t *testing.T) members.Store) {
	suite.Run(t, open, suite.Promises[members.Store]{
		{"a member is taken in once", once},
		{"of many that take the same in at once all see the same", racing},
		{"members come in pages", everybody},
		{"an account is worked out once", worked},
		{"an account has one erasure until it is withdrawn", begun},
		{"an erasure is changed by one at a time", revisions},
		{"the end of an erasure deletes its member and nobody else", ended},
		{"what is not there is not found", missing},
	})
}

// number and account of the n-th member of the tests.
func number(n int) string { return fmt.Sprintf("M-%06d", n) }

func sample(n int) members.Member {
	salt := make([]byte, members.SaltSize)
	salt[0] = byte(n)
	return members.Member{Number: number(n), Salt: salt, Account: ledger.Account{byte(n + 1), 7}, RegisteredAt: int64(1000 + n)}
}

func erasure(n int, of members.Member) *members.Erasure {
	return &members.Erasure{ID: ledger.ID{5: byte(n), 6: 0x70, 8: 0x80}, Account: of.Account, Token: fmt.Sprintf("erased-%016x", n), Points: 12, By: "utility",
		RequestedAt: 5, Step: members.StepHold, Revision: 1}
}

func add(t *testing.T, s members.Store, n int) members.Member {
	t.Helper()
	m := sample(n)
	suite.Must(t, s.AddMembers(context.Background(), []members.Member{m}))
	return m
}

func with(t *testing.T, s members.Store, a ledger.Account) *members.Member {
	t.Helper()
	m, err := s.MemberWith(context.Background(), a)
	suite.Must(t, err)
	return m
}

func once(t *testing.T, s members.Store) {
	ctx := context.Background()
	first := add(t, s, 1)
	again := sample(1)
	again.Salt[1], again.Account[1], again.RegisteredAt = 9, 9, 9
	bare := members.Member{Number: "old", Account: ledger.Account{99}}
	suite.Must(t, s.AddMembers(ctx, []members.Member{again, sample(2), bare}))
	suite.WantEqual(t, "the first", with(t, s, first.Account), &first)
	suite.WantEqual(t, "one without a salt", with(t, s, bare.Account), &bare)
	found, err := s.Members(ctx, []string{number(2), number(3), number(2)})
	suite.Must(t, err)
	second := sample(2)
	suite.WantEqual(t, "those of some numbers", found, []*members.Member{&second})
}

func racing(t *testing.T, s members.Store) {
	ctx := context.Background()
	const many = 32
	seen := make([]ledger.Account, many)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() {
			m := sample(1)
			m.Account[1], m.Salt[1] = byte(i), byte(i)
			err := s.AddMembers(ctx, []members.Member{m})
			found, wrong := s.Members(ctx, []string{m.Number})
			if err != nil || wrong != nil || len(found) != 1 {
				t.Errorf("taking in: %v, %v, %d found", err, wrong, len(found))
				return
			}
			seen[i] = found[0].Account
		})
	}
	wg.Wait()
	for _, a := range seen {
		suite.WantEqual(t, "the account that one sees", a, seen[0])
	}
}

func everybody(t *testing.T, s members.Store) {
	for _, n := range []int{4, 2, 3, 1} {
		add(t, s, n)
	}
	page, err := s.Everybody(context.Background(), number(1), 2)
	suite.Must(t, err)
	two, three := sample(2), sample(3)
	suite.WantEqual(t, "the page", page, []*members.Member{&two, &three})
}

func worked(t *testing.T, s members.Store) {
	ctx := context.Background()
	add(t, s, 1)
	suite.Must(t, s.AddMembers(ctx, []members.Member{{Number: "old-2"}, {Number: "old-1"}}))
	page, err := s.Unknown(ctx, 10)
	suite.Must(t, err)
	suite.WantEqual(t, "those without an account", page, []*members.Member{{Number: "old-1"}, {Number: "old-2"}})
	with, err := s.MembersWith(ctx, []ledger.Account{{}, {99}})
	suite.Must(t, err)
	suite.WantEqual(t, "how many have no account, or one that is nobody's", len(with), 0)
	_, err = s.MemberWith(ctx, ledger.Account{})
	suite.WantErr(t, "who has no account", err, members.ErrNotFound)
	suite.Must(t, s.SetAccount(ctx, "old-1", ledger.Account{55}))
	suite.WantErr(t, "another account", s.SetAccount(ctx, "old-1", ledger.Account{56}), members.ErrNotFound)
	one := &members.Member{Number: "old-1", Account: ledger.Account{55}}
	with, err = s.MembersWith(ctx, []ledger.Account{{55}, {56}})
	suite.Must(t, err)
	suite.WantEqual(t, "those with an account", with, []*members.Member{one})
	got, err := s.MemberWith(ctx, ledger.Account{55})
	suite.Must(t, err)
	suite.WantEqual(t, "the member", got, one)
}

func begun(t *testing.T, s members.Store) {
	ctx := context.Background()
	m := add(t, s, 1)
	first := erasure(1, m)
	begin := func(e *members.Erasure) *members.Erasure {
		t.Helper()
		existing, err := s.BeginErasure(ctx, e)
		suite.Must(t, err)
		return existing
	}
	suite.WantEqual(t, "the first", begin(first), (*members.Erasure)(nil))
	suite.WantEqual(t, "a second", begin(erasure(2, m)), first)
	first.Step, first.Code, first.Detail, first.FinishedAt, first.Revision = members.StepWithdrawn, members.CodeMoved, "moved", 9, 2
	suite.Must(t, s.SaveErasure(ctx, first))
	third := erasure(3, m)
	suite.WantEqual(t, "one after it was withdrawn", begin(third), (*members.Erasure)(nil))
	latest, err := s.ErasureOf(ctx, m.Account)
	suite.Must(t, err)
	suite.WantEqual(t, "the latest", latest, third)
	open, err := s.UnfinishedErasures(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "those unfinished", open, []*members.Erasure{third})
}

func revisions(t *testing.T, s members.Store) {
	ctx := context.Background()
	e := erasure(1, add(t, s, 1))
	_, err := s.BeginErasure(ctx, e)
	suite.Must(t, err)
	e.Step, e.Revision = members.StepFreeze, 2
	suite.Must(t, s.SaveErasure(ctx, e))
	suite.WantErr(t, "the same again", s.SaveErasure(ctx, e), members.ErrChanged)
	suite.WantErr(t, "an end out of turn", s.EndErasure(ctx, e), members.ErrChanged)
	with(t, s, e.Account)
	got, err := s.ErasureOf(ctx, e.Account)
	suite.Must(t, err)
	suite.WantEqual(t, "what is stored", got, e)
}

func ended(t *testing.T, s members.Store) {
	ctx := context.Background()
	m, other := add(t, s, 1), add(t, s, 2)
	e := erasure(1, m)
	_, err := s.BeginErasure(ctx, e)
	suite.Must(t, err)
	e.Step, e.FinishedAt, e.Revision = members.StepDone, 77, 2
	suite.Must(t, s.EndErasure(ctx, e))
	_, err = s.MemberWith(ctx, m.Account)
	suite.WantErr(t, "the member", err, members.ErrNotFound)
	suite.WantEqual(t, "somebody else", with(t, s, other.Account), &other)
	got, err := s.ErasureOf(ctx, m.Account)
	suite.Must(t, err)
	suite.WantEqual(t, "the record of it", got, e)
	existing, err := s.BeginErasure(ctx, erasure(2, m))
	suite.Must(t, err)
	suite.WantEqual(t, "the same account again", existing, e)
}

func missing(t *testing.T, s members.Store) {
	ctx := context.Background()
	_, err := s.MemberWith(ctx, ledger.Account{1})
	suite.WantErr(t, "a member", err, members.ErrNotFound)
	_, err = s.ErasureOf(ctx, ledger.Account{1})
	suite.WantErr(t, "an erasure", err, members.ErrNotFound)
	suite.WantErr(t, "an account", s.SetAccount(ctx, "M-1", ledger.Account{1}), members.ErrNotFound)
	suite.WantErr(t, "a change", s.SaveErasure(ctx, erasure(1, sample(1))), members.ErrChanged)
}
