package bulkfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What encoding/csv writes is read back, and what is read encoding/csv reads the
// same.
func TestALineOfACSVIsReadAsEncodingCSVReadsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringMatching(`[a",; é\\]{1,12}`).Draw(t, "line")
		r := csv.NewReader(strings.NewReader(line + "\n"))
		want, err := r.Read()
		got, ok := splitCSV(nil, []byte(line))
		if ok != (err == nil) || ok && !slices.Equal(got, want) {
			t.Fatalf("%q: %q, %t; encoding/csv says %q, %v", line, got, ok, want, err)
		}
		values := rapid.SliceOfN(rapid.StringMatching(`[a",; é]{1,4}`), 1, 4).Draw(t, "values")
		var written []byte
		for i, v := range values {
			if i > 0 {
				written = append(written, ',')
			}
			written = appendCSV(written, v)
		}
		if got, ok := splitCSV(nil, written); !ok || !slices.Equal(got, values) {
			t.Fatalf("%q was written %q and is read %q", values, written, got)
		}
	})
}

// A line of a file has no line end in it, and is not empty.
func FuzzALineOfACSVIsReadAsEncodingCSVReadsIt(f *testing.F) {
	for _, seed := range []string{`019b76da-a800-736b-b900-000000000010,1000,ref-1`, `"a","b""c",d`, `a"b`, `"a"b`, `"`, `""`, `,`, `"a,b",`, "\xff,\"\xfe\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(line) == 0 || bytes.ContainsAny(line, "\r\n") {
			return
		}
		want, err := csv.NewReader(bytes.NewReader(append(bytes.Clone(line), '\n'))).Read()
		got, ok := splitCSV(nil, line)
		if ok != (err == nil) || ok && !slices.Equal(got, want) {
			t.Errorf("%q: %q, %t; encoding/csv says %q, %v", line, got, ok, want, err)
		}
	})
}

func FuzzALineOfNDJSONIsReadAsJSONReadsIt(f *testing.F) {
	for _, seed := range []string{`{"link_id":"a","amount":"1","reference":"b"}`, `{"link_id":"a","amount":"1","reference":"\u0062"} `, `{"link_id":"a"}`, `{}`, `[]`,
		`{"amount":"1","link_id":"a","reference":"b","reference":"c"}`, `{"LINK_ID":"a","amount":"1","reference":"b"}`, `"`, "\xff", `{"link_id":{"link_id":"a"}}`, `{"a":}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		got, wrong := parseNDJSON(line)
		if wrong != nil {
			if wrong.code == "" || wrong.detail == "" {
				t.Fatalf("%q is refused without a reason", line)
			}
			return
		}
		var want map[string]string
		if err := json.Unmarshal(line, &want); err != nil || len(want) != len(columns) {
			t.Fatalf("%q is read as %q, and is %v, %v", line, got, want, err)
		}
		for i, name := range columns {
			if got[i] != want[name] {
				t.Fatalf("%q: %s is read as %q, want %q", line, name, got[i], want[name])
			}
		}
	})
}

func TestLinesAreThoseOfTheContentWhereverReadingBegins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.StringMatching(`[ab\r]{0,12}`), 1, 20).Draw(t, "lines")
		text := []byte(strings.Join(all, "\n") + "\n")
		type mark struct{ position, number int64 }
		marks := []mark{{}}
		l := newLines(bytes.NewReader(text), 0, 0, 8)
		var read []string
		for {
			line, err := l.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, string(line))
			if want := strings.TrimSuffix(all[len(read)-1], "\r"); len(want) <= 8 && string(line) != want || (line == nil) != (len(want) > 8) {
				t.Fatalf("line %d is %q, want %q", len(read), line, want)
			}
			marks = append(marks, mark{l.position, l.number})
		}
		if len(read) != len(all) || l.position != int64(len(text)) {
			t.Fatalf("%d lines to %d, want %d to %d", len(read), l.position, len(all), len(text))
		}
		from := rapid.SampledFrom(marks[:len(marks)-1]).Draw(t, "from")
		again := newLines(bytes.NewReader(text[from.position:]), from.position, from.number, 8)
		if line, err := again.next(); err != nil || string(line) != read[from.number] || again.number != from.number+1 {
			t.Fatalf("from %+v: %q, %v; want %q", from, line, err, read[from.number])
		}
	})
}
