package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/web/problem"
)

const statementsPath = "/v1/statements/"

// The media types of statements. The charset of a CSV file is found out from the
// file: what a program says of it is too often wrong.
const (
	csvType       = "text/csv"
	xlsxType      = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	multipartType = "multipart/form-data"
)

func (a *API) sendStatement(r *request) (reply, error) {
	query, err := r.query("date", "name", "partner")
	if err != nil {
		return reply{}, err
	}
	d := statements.Delivery{Name: query.Get("name"), Source: statements.API, By: r.party.Client, Size: max(r.c.Request.ContentLength, 0)}
	var wrong []problem.Field
	if d.Partner, wrong = r.whose(query); wrong == nil && r.party.Utility() && d.Partner == "" {
		wrong = []problem.Field{problem.Parameter("partner", "required", "must say whose statement it is")}
	}
	if query.Has("date") {
		var bad []problem.Field
		d.Day, bad = day(query, "date")
		wrong = append(wrong, bad...)
	}
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	from, err := a.statementBody(r, &d)
	if err != nil {
		return reply{}, err
	}
	receipt, err := a.o.Received.Receive(r.context(), d, from)
	if err != nil {
		r.c.Writer.Header().Set("Connection", "close") // the rest of the body is not read
		return reply{}, brokenOff(err)
	}
	return a.received(r, receipt)
}

// whose returns the partner that a request is about: the caller's own or, for the
// utility, the one it names, if any.
func (r *request) whose(query url.Values) (string, []problem.Field) {
	if !r.party.Utility() {
		if query.Has("partner") && query.Get("partner") != r.party.Partner {
			return "", []problem.Field{problem.Parameter("partner", "not_allowed", "must be your own, or left out")}
		}
		return r.party.Partner, nil
	}
	if query.Has("partner") && !ledger.ValidPartner(query.Get("partner")) {
		return "", []problem.Field{problem.Parameter("partner", "pattern", "must be a partner's code, for example sky")}
	}
	return query.Get("partner"), nil
}

func day(query url.Values, name string) (ledger.Date, []problem.Field) {
	if !query.Has(name) {
		return 0, nil
	}
	d, err := ledger.ParseDate(query.Get(name))
	if err != nil || d <= 0 {
		return 0, []problem.Field{problem.Parameter(name, "date", "must be a date, for example 2026-03-01")}
	}
	return d, nil
}

// statementBody finds the file in the body.
func (a *API) statementBody(r *request, d *statements.Delivery) (io.Reader, error) {
	h := r.c.Request.Header
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err != nil || h.Get("Content-Encoding") != "" || media != csvType && media != xlsxType && media != multipartType:
		return nil, problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "send Content-Type: text/csv, "+xlsxType+" or multipart/form-data, without a content encoding")
	case media == multipartType:
		d.Size = 0 // it has more in it than the file
		return a.multipartFile(multipart.NewReader(a.unhurried(r.c), parameters["boundary"]), d)
	case d.Day == 0:
		return nil, problem.Invalid(problem.Parameter("date", "required", "must be the business day, for example 2026-03-01"))
	}
	return a.unhurried(r.c), nil
}

// multipartFile reads the fields that stand before the file.
func (a *API) multipartFile(parts *multipart.Reader, d *statements.Delivery) (io.Reader, error) {
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, problem.Invalid(problem.At("/file", "required", "must be there, as the last field of a well-formed multipart body"))
		}
		switch part.FormName() {
		case "date":
			text, err := io.ReadAll(io.LimitReader(part, 11))
			if err == nil {
				d.Day, err = ledger.ParseDate(string(text))
			}
			if err != nil || d.Day <= 0 {
				return nil, problem.Invalid(problem.At("/date", "date", "must be a date, for example 2026-03-01"))
			}
		case "file":
			if d.Day == 0 {
				return nil, problem.Invalid(problem.At("/date", "required", "must stand before the file, or in the query"))
			}
			if d.Name == "" {
				d.Name = part.FileName()
			}
			return part, nil
		default:
			return nil, problem.Invalid(problem.At("", "unknown_field", "there are the fields date and file"))
		}
	}
}

// brokenOff is what is wrong with a file that could not be read to its end.
func brokenOff(err error) error {
	switch {
	case !errors.Is(err, statements.ErrContent):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem.New(http.StatusRequestTimeout, "body_timeout", "the file came too slowly; nothing was kept")
	}
	return problem.Invalid(problem.At("", "body_incomplete", "the body ended before it was complete; nothing was kept"))
}

// shownProblems is how many problems of a file a refusal has in it.
const shownProblems = 20

func (a *API) received(r *request, receipt statements.Receipt) (reply, error) {
	st := receipt.Statement
	self := statementsPath + st.ID.String()
	if st.Refused {
		p := problem.New(http.StatusUnprocessableEntity, "statement_refused", "nothing of the file was taken; it has "+strconv.FormatInt(int64(len(st.Problems))+st.More, 10)+" problems")
		for _, one := range st.Problems[:min(len(st.Problems), shownProblems)] {
			p.Errors = append(p.Errors, problem.Field{Code: string(one.Code), Detail: one.String()})
		}
		return reply{}, &endedWithout{p, reply{location: self}}
	}
	out, err := a.renderStatement(r.context(), r, st)
	if err != nil {
		return reply{}, err
	}
	if receipt.Repeated {
		return ok(out), nil
	}
	return created(self, out), nil
}

func (a *API) listStatements(r *request) (reply, error) {
	query, err := r.query("date", "state", "partner", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	var f statements.Filter
	var wrong, bad []problem.Field
	f.Partner, wrong = r.whose(query)
	f.Day, bad = day(query, "date")
	wrong = append(wrong, bad...)
	state, bad := oneOf(query, "state", "accepted", "refused")
	if wrong = append(wrong, bad...); wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	if state != "" {
		refused := state == "refused"
		f.Refused = &refused
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	found, err := a.o.Received.Statements(r.context(), f, page.afterID(), page.limit)
	if err != nil {
		return reply{}, err
	}
	return turned(r, page, found, func(st *statements.Statement) (Statement, ledger.ID) { return *renderReceived(r, st), st.ID },
		func(all []Statement, next string) any { return &StatementPage{Statements: all, NextCursor: next} }), nil
}

func (a *API) getReceivedStatement(r *request) (reply, error) {
	id, err := r.only("id")
	if err != nil {
		return reply{}, err
	}
	st, err := a.o.Received.Statement(r.context(), r.party.Partner, id)
	if err != nil {
		return reply{}, err
	}
	out, err := a.renderStatement(r.context(), r, st)
	if err != nil {
		return reply{}, err
	}
	return ok(out), nil
}

// renderStatement says also whether the statement is the one that counts.
func (a *API) renderStatement(ctx context.Context, r *request, st *statements.Statement) (*Statement, error) {
	out := renderReceived(r, st)
	current, err := a.o.Received.Current(ctx, st.Partner, st.Day)
	if err != nil && !errors.Is(err, statements.ErrNotFound) {
		return nil, err
	}
	out.Current = err == nil && current.ID == st.ID
	return out, nil
}

func renderReceived(r *request, st *statements.Statement) *Statement {
	out := &Statement{ID: st.ID.String(), Partner: st.Partner, Day: st.Day.String(), State: "accepted", Digest: st.Digest.String(), Name: st.Name,
		Source: StatementSource(st.Source), ReceivedAt: at(st.At), Bytes: st.Bytes, Kind: st.Kind, MoreProblems: st.More,
		Problems: renderProblems(st.Problems), Notes: renderProblems(st.Notes), Links: StatementLinks{Self: statementsPath + st.ID.String()}}
	if st.Source == statements.API || r.party.Utility() {
		out.ReceivedBy = st.By
	}
	if st.Refused {
		out.State = "refused"
		return out
	}
	out.Lines = st.Totals.Lines
	sum := func(i int) StatementSum {
		return StatementSum{Count: st.Totals.Counts[i], Amount: points(st.Totals.Amounts[i])}
	}
	out.Debits, out.Credits, out.DebitReversals, out.CreditReversals = sum(0), sum(1), sum(2), sum(3)
	return out
}

func renderProblems(all []statementfile.Problem) []StatementProblem {
	out := make([]StatementProblem, 0, len(all))
	for _, p := range all {
		out = append(out, StatementProblem{Line: p.Line, Column: p.Column, Code: string(p.Code), Found: p.Found, Want: p.Want, Times: p.Times})
	}
	return out
}

// reconciliationProblem is what an error of statements and breaks is to a caller,
// or nil.
func reconciliationProblem(err error) *problem.Problem {
	var refusal *statements.Refusal
	var ledgers *desk.LedgerRefusal
	switch {
	case errors.As(err, &refusal) && refusal.Code == statements.CodeTooLarge:
		return problem.New(http.StatusRequestEntityTooLarge, refusal.Code, refusal.Detail)
	case errors.As(err, &refusal) && refusal.Code == statements.CodeSigned:
		return problem.New(http.StatusConflict, refusal.Code, refusal.Detail)
	case errors.As(err, &refusal):
		return problem.New(http.StatusUnprocessableEntity, refusal.Code, refusal.Detail)
	case errors.As(err, &ledgers):
		return problem.New(http.StatusUnprocessableEntity, string(ledgers.Code), ledgers.Message)
	case errors.Is(err, desk.ErrState):
		return problem.New(http.StatusConflict, "break_state", err.Error())
	case errors.Is(err, desk.ErrInvalid):
		return problem.New(http.StatusUnprocessableEntity, "break_invalid", err.Error())
	case errors.Is(err, desk.ErrForbidden):
		return problem.New(http.StatusUnprocessableEntity, "break_not_yours", "only the partner of the break may do this")
	}
	return nil
}
