package bench

import (
	"bytes"
	"compress/gzip"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// written is a profile with one sample for each stack, of functions from the innermost
// out, each of a millisecond.
func written(t *testing.T, stacks ...[]string) []byte {
	t.Helper()
	message := func(b []byte, n protowire.Number, body []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), body)
	}
	number := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
	}
	names := message(nil, fieldString, nil) // the first is always empty
	var b []byte
	id := uint64(0)
	for _, stack := range stacks {
		var locations []byte
		for _, f := range stack {
			id++
			names = message(names, fieldString, []byte(f))
			b = message(b, fieldFunction, number(number(nil, fieldID, id), fieldName, id))
			b = message(b, fieldLocation, message(number(nil, fieldID, id), fieldLine, number(nil, fieldFunctionID, id)))
			locations = protowire.AppendVarint(locations, id)
		}
		values := protowire.AppendVarint(protowire.AppendVarint(nil, 1), uint64(time.Millisecond))
		b = message(b, fieldSample, message(message(nil, fieldLocationID, locations), fieldValue, values))
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(append(b, names...)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTimeBelongsToWhoeverIsNearestToIt(t *testing.T) {
	got, err := stagesOf(written(t,
		[]string{"runtime.mallocgc", "github.com/pointgrid/pointgrid/exchange.(*Service).Convert", "github.com/pointgrid/pointgrid/web/api.(*API).serve", "net/http.(*conn).serve"},
		[]string{"syscall.Syscall", "modernc.org/sqlite/lib._sqlite3_step", "github.com/pointgrid/pointgrid/sqlstore.(*writer).run"},
		[]string{"modernc.org/sqlite/lib._other"},
		[]string{"runtime.futex", "runtime.findRunnable"}))
	want := map[string]time.Duration{"workflow": time.Millisecond, "SQLite": 2 * time.Millisecond, elsewhere: time.Millisecond}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v", got, err)
	}
	for stage, d := range want {
		if got[stage] != d {
			t.Errorf("%s took %s, want %s", stage, got[stage], d)
		}
	}
}

func TestWhatIsNoProfileIsRefused(t *testing.T) {
	var cut bytes.Buffer
	z := gzip.NewWriter(&cut)
	_, _ = z.Write([]byte{0x12, 0x7f, 1}) // a sample of 127 bytes that has one; to a buffer it cannot fail
	_ = z.Close()
	for name, b := range map[string][]byte{"no gzip": []byte("profile"), "cut off": cut.Bytes()} {
		if got, err := stagesOf(b); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
