package conformance_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector/conformance"
)

// FuzzAReportIsReadOrRefused: a report that a partner uploads says what its results say,
// and is written again as it was read.
func FuzzAReportIsReadOrRefused(f *testing.F) {
	for _, seed := range []string{`{"format":1,"results":[{"id":"a","level":"must","verdict":"passed"}],"counts":{"passed":1},"conforms":true}`,
		`{"format":1,"results":[{"id":"a","level":"must","verdict":"failed"}],"counts":{"failed":1},"conforms":true}`,
		`{"format":1,"results":[{"id":"a","verdict":"excellent"}],"counts":{"not_run":1}}`, `{"format":2}`, `{"format":1,"conforms":true}`, "", "[]", `{"format":1,"counts":{"passed":9}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := conformance.ReadReport(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, conformance.ErrReport) || strings.TrimSpace(err.Error()) == conformance.ErrReport.Error() {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		c := r.Counts
		if c.Passed+c.Failed+c.Warnings+c.Skipped+c.NotRun != len(r.Results) || r.Conforms && c.Failed+c.NotRun > 0 {
			t.Fatalf("%q is read as %+v", text, r)
		}
		var first, second bytes.Buffer
		if err := r.WriteJSON(&first); err != nil {
			t.Fatal(err)
		}
		again, err := conformance.ReadReport(bytes.NewReader(first.Bytes()))
		if err == nil {
			err = again.WriteJSON(&second)
		}
		if len(first.Bytes()) <= conformance.ReportBytesMax && (err != nil || first.String() != second.String()) {
			t.Fatalf("%q, written and read again, is %q, %v", first.String(), second.String(), err)
		}
	})
}
