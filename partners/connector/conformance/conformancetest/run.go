// Package conformancetest runs the rules of package conformance as Go tests, one
// subtest to a rule:
//
//	func TestOurHost(t *testing.T) {
//		conformancetest.Run(t, conformance.Target{BaseURL: "https://staging.example/pointgrid", …})
//	}
//
// It is a package of its own so that programs do not link package testing.
package conformancetest

import (
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector/conformance"
)

// Run checks the target and fails the test for each rule that does not hold.
func Run(t *testing.T, target conformance.Target) *conformance.Report {
	t.Helper()
	report, err := conformance.Check(t.Context(), target, func(r conformance.Result) {
		t.Run(r.ID+" "+r.Title, func(t *testing.T) { tell(t, r) })
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func tell(t *testing.T, r conformance.Result) {
	t.Helper()
	var text strings.Builder
	if err := conformance.WriteResult(&text, r); err != nil {
		t.Fatal(err)
	}
	switch r.Verdict {
	case conformance.Passed:
	case conformance.Skipped:
		t.Skip(r.Reason)
	default:
		t.Error("\n" + text.String())
	}
}
