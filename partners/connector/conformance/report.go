package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Verdict is how a rule came out.
type Verdict string

// The verdicts.
const (
	Passed  Verdict = "passed"
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped" // a fixture is missing, or it was not asked for
	NotRun  Verdict = "not_run" // the host did not get that far
)

// Problem is one thing that is wrong, with the exchange that showed it.
type Problem struct {
	Text     string    `json:"text"`
	Exchange *Exchange `json:"exchange,omitempty"`
}

// Result is a rule and how it came out.
type Result struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Level    Level     `json:"level"`
	Verdict  Verdict   `json:"verdict"`
	Reason   string    `json:"reason,omitempty"` // of Skipped and NotRun
	Problems []Problem `json:"problems,omitempty"`
	Says     Citation  `json:"says"`
	Fix      string    `json:"fix,omitempty"` // if it failed
	TookMS   int64     `json:"took_ms"`
}

// ReportFormat is the version of the report's form.
const ReportFormat = 1

// Report is a run. It holds the membership numbers of the test members, and no
// key.
type Report struct {
	Format   int       `json:"format"`
	Host     string    `json:"host"`     // base URL
	Contract string    `json:"contract"` // title and version of the document
	Digest   string    `json:"digest"`   // SHA-256 of the document, hexadecimal
	At       time.Time `json:"at"`
	TookMS   int64     `json:"took_ms"`
	// Conforms: every rule that must hold was checked or skipped, and none failed.
	Conforms bool     `json:"conforms"`
	Counts   Counts   `json:"counts"`
	Results  []Result `json:"results"`
}

// Counts counts verdicts. A rule of level should that does not hold is a warning.
type Counts struct {
	Passed   int `json:"passed"`
	Failed   int `json:"failed"`
	Warnings int `json:"warnings"`
	Skipped  int `json:"skipped"`
	NotRun   int `json:"not_run"`
}

func (r *Report) add(result Result) {
	r.Results = append(r.Results, result)
	switch {
	case result.Verdict == Passed:
		r.Counts.Passed++
	case result.Verdict == Failed && result.Level == Must:
		r.Counts.Failed++
	case result.Verdict == Failed:
		r.Counts.Warnings++
	case result.Verdict == Skipped:
		r.Counts.Skipped++
	default:
		r.Counts.NotRun++
	}
	r.Conforms = r.Counts.Failed == 0 && r.Counts.NotRun == 0
}

// WriteJSON writes the report in the form that [ReadReport] reads.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// ReportBytesMax bounds a report.
const ReportBytesMax = 1 << 20

// ErrReport is returned by [ReadReport] for what is no report.
var ErrReport = errors.New("conformance: not a report of this program")

// ReadReport reads what [Report.WriteJSON] wrote. It refuses, with [ErrReport],
// other formats, unknown verdicts, and counts that are not those of the results;
// its texts are a host's words and are to be escaped where they are shown.
func ReadReport(from io.Reader) (*Report, error) {
	raw, err := io.ReadAll(io.LimitReader(from, ReportBytesMax+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > ReportBytesMax {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrReport, ReportBytesMax)
	}
	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReport, err)
	}
	if r.Format != ReportFormat {
		return nil, fmt.Errorf("%w: format %d, want %d", ErrReport, r.Format, ReportFormat)
	}
	return &r, r.verify()
}

// verify counts again.
func (r *Report) verify() error {
	var again Report
	for _, result := range r.Results {
		switch result.Verdict {
		case Passed, Failed, Skipped, NotRun:
		default:
			return fmt.Errorf("%w: verdict %q of %s", ErrReport, result.Verdict, result.ID)
		}
		again.add(result)
	}
	if again.Counts != r.Counts || again.Conforms != r.Conforms {
		return fmt.Errorf("%w: the counts are not those of the results", ErrReport)
	}
	return nil
}
