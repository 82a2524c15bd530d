package ledger_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"pgregory.net/rapid"
)

var someID = ledger.NewID(time.UnixMilli(1768003200000), [10]byte{9: 0x70})

func TestAnIDCarriesItsTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, 1<<48-1).Draw(t, "ms")
		var random [10]byte
		copy(random[:], rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(t, "random"))
		id := ledger.NewID(time.UnixMilli(ms), random)
		later := ledger.NewID(time.UnixMilli(ms+1), [10]byte{})
		if !id.Valid() || id.Milli() != ms || ms < 1<<48-1 && bytes.Compare(id[:], later[:]) >= 0 {
			t.Fatalf("ID of %d is %s of %d, the next %s", ms, id, id.Milli(), later)
		}
		parsed, err := ledger.ParseID(id.String())
		if err != nil || parsed != id {
			t.Fatalf("%s is read as %s, %v", id, parsed, err)
		}
	})
	if id := ledger.NewID(time.UnixMilli(-5), [10]byte{}); id.Milli() != 0 || !id.Valid() {
		t.Errorf("an ID from before 1970 is %s", id)
	}
}

func TestTheStepsOfAnIDBelongTogether(t *testing.T) {
	seen := map[ledger.ID]bool{}
	for n := range 16 {
		step := someID.Step(n)
		if !step.Valid() || step.Root() != someID || step.Milli() != someID.Milli() || seen[step] {
			t.Errorf("step %d is %s", n, step)
		}
		seen[step] = true
	}
	if someID.Step(0) != someID {
		t.Error("step 0 is another ID")
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{someID.String(), "", strings.ToUpper(someID.String()), "00000000-0000-0000-0000-000000000000",
		"019ba533-e400-4000-8000-000000000000", "019ba533-e400-7000-c000-000000000000", "019ba533e-400-7000-8000-000000000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ledger.ParseID(s)
		if err == nil && (id.String() != s || !id.Valid()) || err != nil && err != ledger.ErrBadID {
			t.Errorf("%q is read as %s, %v", s, id, err)
		}
	})
}

func TestTheZeroIDAndAccountHaveNoText(t *testing.T) {
	var id ledger.ID
	var account ledger.Account
	for _, v := range []interface {
		MarshalText() ([]byte, error)
		UnmarshalText([]byte) error
	}{&id, &account} {
		if text, err := v.MarshalText(); err != nil || len(text) != 0 || v.UnmarshalText(text) != nil {
			t.Errorf("the text of a zero %T is %q, %v", v, text, err)
		}
		for _, wrong := range []string{"x", strings.Repeat("g", 32), strings.Repeat("g", 36)} {
			if v.UnmarshalText([]byte(wrong)) == nil {
				t.Errorf("a %T is read from %q", v, wrong)
			}
		}
	}
}

func TestAnAccountTellsNothingOfItsMember(t *testing.T) {
	key, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	a, err := ledger.MemberAccount(key, "4711")
	if err != nil || a.IsZero() {
		t.Fatalf("account is %s, %v", a, err)
	}
	again, _ := ledger.MemberAccount(key, "4711")
	neighbour, _ := ledger.MemberAccount(key, "4712")
	elsewhere, _ := ledger.MemberAccount(other, "4711")
	if again != a || neighbour == a || elsewhere == a {
		t.Error("an account depends on something else than key and member")
	}
	for _, c := range []struct {
		key    []byte
		member string
	}{{key[:31], "4711"}, {key, ""}} {
		if _, err := ledger.MemberAccount(c.key, c.member); err == nil {
			t.Errorf("an account from %d bytes of key and member %q", len(c.key), c.member)
		}
	}
}
