package statementstest

import (
	"context"
	"encoding/binary"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

// Run checks that a store keeps the promises of [statements.Store]. open returns
// an empty store and cleans up after itself.
func Run(t *testing.T, open func(t *testing.T) statements.Store) {
	suite.Run(t, open, suite.Promises[statements.Store]{
		{"a statement comes back as it was", roundTrip},
		{"the same file is known", known},
		{"the last accepted one is current", current},
		{"statements are filtered and paged", pages},
		{"what is kept of a file is said by all that it was sent as", redacted},
		{"what is not there is not found", missing},
	})
}

// Sample returns the n-th statement, accepted or refused, with every field set
// that such a one has.
func Sample(n int, refused bool) *statements.Statement {
	var random [10]byte
	binary.BigEndian.PutUint32(random[4:], uint32(n))
	s := &statements.Statement{ID: ledger.NewID(time.UnixMilli(1_770_000_000_000+int64(n)), random), Partner: "sky", Day: 20_000,
		Digest: ledger.Hash{byte(n), 1}, Name: "对账单.csv", Source: statements.Folder, By: "sky/in", At: 1_770_000_000_000, Bytes: 512}
	if refused {
		s.Refused, s.More = true, 3
		s.Problems = []statementfile.Problem{{Line: 7, Column: "金额 (D)", Code: statementfile.BadAmount, Found: `"x"`, Want: "a number"}}
		return s
	}
	s.Kind, s.Totals = "csv, gb18030", statementfile.Totals{Lines: 3, Counts: [4]int64{1, 2}, Amounts: [4]int64{10, 20}}
	s.Notes = []statementfile.Problem{{Line: 2, Code: statementfile.Grouped, Found: `"1,000"`, Want: "1000", Times: 3}}
	return s
}

func wantEqual(t *testing.T, what string, got, want *statements.Statement) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is\n%+v, want\n%+v", what, got, want)
	}
}

func roundTrip(t *testing.T, s statements.Store) {
	ctx := context.Background()
	for n, refused := range []bool{false, true} {
		want := Sample(n+1, refused)
		suite.Must(t, s.SaveStatement(ctx, want))
		got, err := s.Statement(ctx, want.ID)
		suite.Must(t, err)
		wantEqual(t, "by ID", got, want)
		got, err = s.StatementOf(ctx, want.Partner, want.Day, want.Digest, refused)
		suite.Must(t, err)
		wantEqual(t, "by digest", got, want)
	}
}

func known(t *testing.T, s statements.Store) {
	ctx := context.Background()
	first := Sample(1, true)
	suite.Must(t, s.SaveStatement(ctx, first))
	again := Sample(2, true)
	again.Digest = first.Digest
	if err := s.SaveStatement(ctx, again); !errors.Is(err, statements.ErrKnown) {
		t.Errorf("the same refused file: %v, want ErrKnown", err)
	}
	for _, other := range []func(*statements.Statement){
		func(o *statements.Statement) { o.Partner = "tel" },
		func(o *statements.Statement) { o.Day++ },
	} {
		o := Sample(3, true)
		o.Digest = first.Digest
		other(o)
		o.ID[15] = byte(o.Day) ^ o.Partner[0]
		suite.Must(t, s.SaveStatement(ctx, o))
	}
	accepted := Sample(5, false) // as when the layout was put right meanwhile
	accepted.Digest = first.Digest
	suite.Must(t, s.SaveStatement(ctx, accepted))
}

func current(t *testing.T, s statements.Store) {
	ctx := context.Background()
	for n, refused := range []bool{false, true, false, true} {
		suite.Must(t, s.SaveStatement(ctx, Sample(n+1, refused)))
	}
	got, err := s.CurrentStatement(ctx, "sky", 20_000)
	suite.Must(t, err)
	wantEqual(t, "current", got, Sample(3, false))
	for _, p := range []string{"tel", ""} {
		if _, err := s.CurrentStatement(ctx, p, 20_000); !errors.Is(err, statements.ErrNotFound) {
			t.Errorf("of partner %q: %v, want ErrNotFound", p, err)
		}
	}
	if _, err := s.CurrentStatement(ctx, "sky", 20_001); !errors.Is(err, statements.ErrNotFound) {
		t.Errorf("of the next day: %v, want ErrNotFound", err)
	}
}

func pages(t *testing.T, s statements.Store) {
	ctx := context.Background()
	for n := range 6 {
		one := Sample(n, n%2 == 1)
		if n >= 4 {
			one.Day = 20_001
		}
		if n == 0 {
			one.Partner = "tel"
		}
		suite.Must(t, s.SaveStatement(ctx, one))
	}
	yes, no := true, false
	for _, c := range []struct {
		filter statements.Filter
		before ledger.ID
		limit  int
		want   []int
	}{
		{statements.Filter{}, ledger.ID{}, 10, []int{5, 4, 3, 2, 1, 0}},
		{statements.Filter{}, ledger.ID{}, 2, []int{5, 4}},
		{statements.Filter{}, Sample(4, false).ID, 2, []int{3, 2}},
		{statements.Filter{Partner: "sky"}, ledger.ID{}, 10, []int{5, 4, 3, 2, 1}},
		{statements.Filter{Day: 20_000, Partner: "sky"}, ledger.ID{}, 10, []int{3, 2, 1}},
		{statements.Filter{Refused: &yes}, ledger.ID{}, 10, []int{5, 3, 1}},
		{statements.Filter{Refused: &no, Day: 20_001}, ledger.ID{}, 10, []int{4}},
	} {
		got, err := s.Statements(ctx, c.filter, c.before, c.limit)
		suite.Must(t, err)
		var ids []int
		for _, g := range got {
			ids = append(ids, int(g.Digest[0]))
		}
		if !reflect.DeepEqual(ids, c.want) {
			t.Errorf("%+v after %s, %d: got %v, want %v", c.filter, c.before, c.limit, ids, c.want)
		}
	}
}

func missing(t *testing.T, s statements.Store) {
	ctx := context.Background()
	if _, err := s.Statement(ctx, Sample(1, false).ID); !errors.Is(err, statements.ErrNotFound) {
		t.Errorf("by ID: %v", err)
	}
	if _, err := s.StatementOf(ctx, "sky", 20_000, ledger.Hash{1}, false); !errors.Is(err, statements.ErrNotFound) {
		t.Errorf("by digest: %v", err)
	}
	if all, err := s.Statements(ctx, statements.Filter{}, ledger.ID{}, 10); err != nil || len(all) != 0 {
		t.Errorf("all: %v, %v", all, err)
	}
}

func redacted(t *testing.T, s statements.Store) {
	ctx := context.Background()
	first, again, other := Sample(1, false), Sample(2, false), Sample(3, false)
	again.Day, again.Digest = 20_001, first.Digest
	for _, st := range []*statements.Statement{first, again, other} {
		suite.Must(t, s.SaveStatement(ctx, st))
	}
	suite.Must(t, s.KeepRedacted(ctx, first.Digest, ledger.Hash{9}, 600))
	for _, st := range []*statements.Statement{first, again} {
		st.Kept, st.KeptBytes = ledger.Hash{9}, 600
	}
	for _, want := range []*statements.Statement{first, again, other} {
		got, err := s.Statement(ctx, want.ID)
		suite.Must(t, err)
		wantEqual(t, "the statement", got, want)
	}
}
