package statements_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

const named = "reference,kind,amount,membership,date\nR-1,debit,300,SKY-17,2026-11-21\nR-2,debit,200,SKY-170,2026-11-21\nR-3,debit,100,SKY-17,2026-11-21\n合计,3,600,,\n"

// wide is a text in UTF-16 with a mark of its order.
func wide(text string, big bool) string {
	var b strings.Builder
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		hi, lo := byte(u>>8), byte(u)
		if !big {
			hi, lo = lo, hi
		}
		b.WriteByte(hi)
		b.WriteByte(lo)
	}
	return b.String()
}

func (in *intake) memberships(st *statements.Statement) (all []string) {
	in.t.Helper()
	f, err := in.Open(context.Background(), st)
	must(in.t, err)
	must(in.t, f.Each(context.Background(), func(l *statementfile.Line) error { all = append(all, l.Membership); return nil }))
	must(in.t, f.Close())
	return all
}

func TestAnErasedMemberIsTakenOutOfStatements(t *testing.T) {
	for name, text := range map[string]string{"UTF-8": named, "UTF-16LE": wide(named, false), "UTF-16BE": wide(named, true)} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			in := newIntake(t)
			st := in.receive(text).Statement
			if st.Refused {
				t.Fatalf("%+v", st.Problems)
			}
			for range 2 { // doing it again changes nothing
				must(t, in.Erase(ctx, "sky", []string{"SKY-17"}, "erased-0011"))
			}
			now, err := in.Statement(ctx, "sky", st.ID)
			must(t, err)
			if got, want := in.memberships(now), []string{"erased-0011", "SKY-170", "erased-0011"}; !slices.Equal(got, want) {
				t.Errorf("the memberships are %q, want %q", got, want)
			}
			if now.Digest != st.Digest || now.Kept == (ledger.Hash{}) || now.Totals != st.Totals {
				t.Errorf("the statement is %+v", now)
			}
			if again := in.receive(text); again.Statement.ID != st.ID {
				t.Error("the same file is taken for a new one")
			}
			if got := in.files(); len(got) != 1 {
				t.Errorf("the folder has %q", got)
			}
		})
	}
}

// forgetful is a store that dies after it has stored what is to be kept.
type forgetful struct{ statements.Store }

func (f forgetful) KeepRedacted(ctx context.Context, digest, kept ledger.Hash, bytes int64) error {
	return errors.Join(f.Store.KeepRedacted(ctx, digest, kept, bytes), errors.New("died"))
}

func TestErasingFromStatementsGoesOnAfterADeath(t *testing.T) {
	ctx := context.Background()
	in := newIntake(t)
	st := in.receive(named).Statement
	whole := in.options.Store
	in.options.Store = forgetful{whole}
	in.open()
	if err := in.Erase(ctx, "sky", []string{"SKY-17"}, "erased-0011"); err == nil {
		t.Fatal("nobody died")
	}
	in.options.Store = whole
	in.open()
	must(t, in.Erase(ctx, "sky", []string{"SKY-17"}, "erased-0011"))
	now, err := in.Statement(ctx, "sky", st.ID)
	must(t, err)
	if got := in.memberships(now); slices.Contains(got, "SKY-17") {
		t.Errorf("the memberships are %q", got)
	}
}
