package conformance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/openapi"
)

// Check checks a host and tells progress, which may be nil, of each rule as it
// comes out. It returns an error only for a target that cannot be used; what is
// wrong with the host stands in the report. It ends soon after ctx ends; what
// is left is then not run.
func Check(ctx context.Context, target Target, progress func(Result)) (*Report, error) {
	s, err := newSuite(target)
	if err != nil {
		return nil, err
	}
	defer s.tap.CloseIdleConnections()
	if err := target.knowOnly(); err != nil {
		return nil, err
	}
	r := &run{suite: s, ctx: ctx, report: &Report{Format: ReportFormat, Host: target.BaseURL, At: target.Clock().UTC()}}
	if err := r.name(); err != nil {
		return nil, err
	}
	for _, rule := range Rules() {
		result, err := r.result(rule)
		if err != nil {
			return nil, err
		}
		r.report.add(result)
		if progress != nil {
			progress(result)
		}
	}
	r.report.TookMS = target.Clock().Sub(r.report.At).Milliseconds()
	return r.report, nil
}

// knowOnly returns an error for a selection that selects nothing.
func (t *Target) knowOnly() error {
	for _, only := range t.Only {
		if !slices.ContainsFunc(Rules(), func(r Rule) bool { return strings.HasPrefix(r.ID, only) }) {
			return fmt.Errorf("conformance: no rule's identifier begins with %q", only)
		}
	}
	return nil
}

// run is a check under way.
type run struct {
	suite    *suite
	ctx      context.Context
	report   *Report
	contract contract
	// lost says why nothing more can be checked, if so.
	lost string
}

// name names the document that the rules are of.
func (r *run) name() (err error) {
	if r.contract, err = readContract(); err != nil {
		return err
	}
	raw, err := openapi.Document(openapi.Connector)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(raw)
	r.report.Digest = hex.EncodeToString(digest[:])
	version := "1"
	for _, line := range r.contract {
		if v, ok := strings.CutPrefix(line, "  version: "); ok {
			version = v
			break
		}
	}
	r.report.Contract = "PointGrid Connector API " + version
	return nil
}

func (r *run) result(rule Rule) (Result, error) {
	says, err := r.contract.cite(rule.anchor)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", rule.ID, err)
	}
	result := Result{ID: rule.ID, Title: rule.Title, Level: rule.Level, Says: says}
	switch {
	case r.ctx.Err() != nil:
		result.Verdict, result.Reason = NotRun, "the run was ended before"
	case !rule.base && !r.suite.wanted(rule.ID):
		result.Verdict, result.Reason = Skipped, "it was not asked for"
	case r.lost != "":
		result.Verdict, result.Reason = NotRun, r.lost
	default:
		r.try(rule, &result)
	}
	return result, nil
}

// try runs a rule and whatever must follow it.
func (r *run) try(rule Rule, result *Result) {
	began := r.suite.Clock()
	t, end := r.suite.trial(r.ctx)
	r.suite.tap.begin(rule.ID)
	t.run(func() { rule.check(r.suite, t) })
	if !rule.base && !t.failed() && t.skipped == "" {
		r.suite.tap.begin(afterRule)
		t.run(func() { r.suite.checkBalance(t) })
	}
	end()
	result.TookMS = r.suite.Clock().Sub(began).Milliseconds()
	switch {
	case t.failed():
		result.Verdict, result.Problems, result.Fix = Failed, t.problems, rule.Fix
		r.goOn(rule)
	case t.skipped != "":
		result.Verdict, result.Reason = Skipped, t.skipped
	default:
		result.Verdict = Passed
	}
}

// afterRule stands for a rule's identifier in what is sent between two rules.
const afterRule = "between rules"

// goOn makes sure, after a rule that failed, that the next one begins with what
// it expects: a host that answers, a balance that is known, a day without lines.
func (r *run) goOn(rule Rule) {
	t, end := r.suite.trial(r.ctx)
	defer end()
	r.suite.tap.begin(afterRule)
	t.run(func() { r.suite.ping(t) })
	if !t.failed() {
		t.run(func() { r.suite.restock(t) })
	}
	if t.failed() {
		r.lost = "the host could not be checked further after " + rule.ID + ": " + t.problems[0].Text
		return
	}
	r.suite.nextDay()
}

// trial begins a run of a rule, with its time limit.
func (s *suite) trial(ctx context.Context) (*trial, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, s.RuleTime)
	return &trial{ctx: ctx, tap: s.tap}, cancel
}

// wanted reports whether a rule was asked for.
func (s *suite) wanted(id string) bool {
	return len(s.Only) == 0 || slices.ContainsFunc(s.Only, func(only string) bool { return strings.HasPrefix(id, only) })
}

// timeLimits of a run that does not say.
const (
	callTime = 10 * time.Second
	ruleTime = time.Minute
)
