package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/pointgrid/pointgrid/partners/connector/conformance"
)

// indented is JSON as people read it.
func indented(b []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return string(b)
	}
	return out.String()
}

type conformanceBody struct {
	Report *conformance.Report // the last one that was handed in; nil before
	By     string              // who did
	At     int64
	URL    string // of the company's connector
	Wrong  bool   // what was handed in is no report
	Trials []conformance.Result

	Programme string // the company's
}

// Level is the colour of a verdict.
func (b *conformanceBody) Level(r conformance.Result) string {
	switch {
	case r.Verdict == conformance.Passed:
		return "ok"
	case r.Verdict == conformance.Failed && r.Level == conformance.Must:
		return "bad"
	case r.Verdict == conformance.Failed:
		return "warn"
	}
	return "mute"
}

func (p *Portal) showConformance(v *visit) error { return p.conformancePage(v, http.StatusOK, false) }

func (p *Portal) conformancePage(v *visit, status int, wrong bool) error {
	b := conformanceBody{Wrong: wrong, URL: v.company.Connector.URL, Programme: v.company.Programme}
	kept, err := p.o.Reports.Report(v.r.Context(), v.company.Code)
	if err != nil && !errors.Is(err, ErrNoReport) {
		return err
	}
	if err == nil {
		if b.Report, err = conformance.ReadReport(bytes.NewReader(kept.JSON)); err != nil {
			return err
		}
		b.By, b.At = kept.By, kept.At
		b.Trials = failedFirst(b.Report.Results)
	}
	return p.showStatus(v, status, "conformance", &b)
}

// failedFirst puts what failed before the rest, in the order of the report.
func failedFirst(all []conformance.Result) []conformance.Result {
	var failed, rest []conformance.Result
	for _, r := range all {
		if r.Verdict == conformance.Failed {
			failed = append(failed, r)
		} else {
			rest = append(rest, r)
		}
	}
	return append(failed, rest...)
}

// handIn keeps a report that the company's engineer made with
// `pointgrid partner check --report`.
func (p *Portal) handIn(v *visit) error {
	text := v.r.PostForm.Get("report")
	if file, _, err := v.r.FormFile("file"); err == nil {
		defer file.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(file); err != nil {
			return err
		}
		text = b.String()
	}
	report, err := conformance.ReadReport(bytes.NewReader([]byte(text)))
	if err != nil {
		return p.conformancePage(v, http.StatusUnprocessableEntity, true)
	}
	var clean bytes.Buffer
	if err := report.WriteJSON(&clean); err != nil {
		return err
	}
	err = p.o.Reports.SaveReport(v.r.Context(), v.company.Code, Kept{JSON: clean.Bytes(), By: v.User.Name, At: p.o.Machine().UnixMilli()})
	if err != nil {
		return err
	}
	return p.done(v, "/conformance", "flash.report_kept")
}
