package api

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// FuzzACursorIsOneOfThisList: a cursor says where a page of this list ended, in its one
// writing, or is none; that of another list, company or filter never is.
func FuzzACursorIsOneOfThisList(f *testing.F) {
	ours, other := page{bound: []byte("ours")}, page{bound: []byte("other")}
	good := ours.cursor([]byte("2026-03-01"))
	for _, seed := range []string{good, good + "=", good + "\n", other.cursor([]byte("2026-03-01")), ours.cursor(nil), ours.cursor([]byte{0}), "", "AAAAAAAAAAAA",
		ours.cursor(bytes.Repeat([]byte("x"), 180)), ours.cursor(bytes.Repeat([]byte("x"), 300)), strings.ToLower(good), base64.RawURLEncoding.EncodeToString([]byte("2026-03-01"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		after, ok := ours.open(cursor)
		if _, foreign := other.open(cursor); ok && foreign {
			t.Fatalf("%q is of two lists", cursor)
		}
		if ok && (len(after) == 0 || len(cursor) > cursorMax || ours.cursor(after) != cursor) {
			t.Fatalf("%q is read as %q", cursor, after)
		}
		if next := ours.cursor([]byte(cursor)); len(next) <= cursorMax && cursor != "" {
			if back, ok := ours.open(next); !ok || string(back) != cursor {
				t.Fatalf("the place %q comes back as %q", cursor, back)
			}
		}
	})
}
