package conformance

import (
	"fmt"
	"io"
	"strings"
)

// WriteResult writes a result for people: a line, and if it failed what is
// wrong, who says so, and how to put it right.
func WriteResult(w io.Writer, r Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %-16s %s\n", mark(r), r.ID, r.Title)
	if r.Reason != "" {
		fmt.Fprintf(&b, "         %s\n", r.Reason)
	}
	if r.Verdict != Failed {
		_, err := io.WriteString(w, b.String())
		return err
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "  wrong: %s\n", indented(p.Text))
		writeExchange(&b, p.Exchange)
	}
	fmt.Fprintf(&b, "  rule:  %s\n", r.Says)
	fmt.Fprintf(&b, "         “%s”\n", r.Says.Text)
	fmt.Fprintf(&b, "  fix:   %s\n\n", r.Fix)
	_, err := io.WriteString(w, b.String())
	return err
}

func mark(r Result) string {
	switch r.Verdict {
	case Passed:
		return "ok"
	case Failed:
		if r.Level == Should {
			return "WARN"
		}
		return "FAIL"
	case Skipped:
		return "skipped"
	}
	return "not run"
}

func writeExchange(b *strings.Builder, x *Exchange) {
	if x == nil {
		return
	}
	fmt.Fprintf(b, "  sent:  %s %s\n", x.Request, indented(x.Sent))
	switch {
	case x.Error != "":
		fmt.Fprintf(b, "  got:   %s\n", indented(x.Error))
	case x.Status != 0:
		fmt.Fprintf(b, "  got:   %d %s %s\n", x.Status, x.Media, indented(x.Got))
	}
}

// indented keeps what follows the first line under it.
func indented(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n         ")
}

// WriteSummary writes how a run came out.
func (r *Report) WriteSummary(w io.Writer) error {
	verdict := "The host conforms to the " + r.Contract + "."
	if !r.Conforms {
		verdict = "The host does not conform to the " + r.Contract + "."
	}
	tenths := (r.TookMS + 50) / 100
	_, err := fmt.Fprintf(w, "\n%d rules: %d hold, %d do not, %d warnings, %d skipped, %d not run (%d.%d s)\n%s\n",
		len(r.Results), r.Counts.Passed, r.Counts.Failed, r.Counts.Warnings, r.Counts.Skipped, r.Counts.NotRun,
		tenths/10, tenths%10, verdict)
	return err
}
