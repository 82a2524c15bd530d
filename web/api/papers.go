package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/paper"
	"github.com/pointgrid/pointgrid/settlement/papers"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Papers makes files on demand; [papers.Service] does, and says which errors the
// methods return.
type Papers interface {
	Sheet(ctx context.Context, s *settlement.Settlement) (io.ReadCloser, ledger.Hash, error)
	Page(ctx context.Context, s *settlement.Settlement, who func(ledger.Identity) string) ([]byte, error)
	Journal(ctx context.Context, s *settlement.Settlement) ([]byte, error)
	Liability(ctx context.Context, from, to ledger.Date) (*papers.Report, error)
	Behind(ctx context.Context, expiry ledger.Month, from, to ledger.Date) ([]settlement.WindowMovements, error)
}

// Formats of a statement.
const (
	formatCSV  = "csv"
	formatXLSX = "xlsx"
	formatHTML = "html"

	mediaCSV  = "text/csv"
	mediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	mediaHTML = "text/html"
)

// statementFormat is what was asked for by the query or, without it, by Accept; of
// several the first there is.
func statementFormat(query url.Values, h http.Header) (string, error) {
	if query.Has("format") {
		f := query.Get("format")
		if f != formatCSV && f != formatXLSX && f != formatHTML {
			return "", problem.Invalid(problem.Parameter("format", "enum", "must be csv, xlsx or html"))
		}
		return f, nil
	}
	for _, accept := range strings.Split(strings.Join(h.Values("Accept"), ","), ",") {
		media, _, _ := strings.Cut(accept, ";")
		switch strings.ToLower(strings.TrimSpace(media)) {
		case mediaCSV:
			return formatCSV, nil
		case mediaXLSX:
			return formatXLSX, nil
		case mediaHTML:
			return formatHTML, nil
		}
	}
	return formatCSV, nil
}

func (a *API) spreadsheet(r *request, s *settlement.Settlement) (reply, error) {
	file, digest, err := a.o.Papers.Sheet(r.context(), s)
	if err != nil {
		return reply{}, err
	}
	return reply{stream: func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Type", mediaXLSX)
		h.Set("Content-Disposition", `attachment; filename="`+s.ID+`.xlsx"`)
		h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(digest[:])+":")
		a.stream(c, file, "settlement", s.ID)
	}}, nil
}

func (a *API) statementPage(r *request, s *settlement.Settlement) (reply, error) {
	page, err := a.o.Papers.Page(r.context(), s, nil)
	if err != nil {
		return reply{}, err
	}
	return reply{stream: func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src "+papers.StyleHash()+"; frame-ancestors 'none'")
		h.Set("Repr-Digest", reprDigest(page))
		c.Data(http.StatusOK, mediaHTML+"; charset=utf-8", page)
	}}, nil
}

func (a *API) getJournal(r *request) (reply, error) {
	s, err := a.settlement(r)
	if err != nil {
		return reply{}, err
	}
	file, err := a.o.Papers.Journal(r.context(), s)
	if err != nil {
		return reply{}, err
	}
	return attachment(mediaCSV+"; charset=utf-8", "journal-"+s.ID+".csv", file), nil
}

const liabilityPath = "/v1/liability"

func (a *API) getLiability(r *request) (reply, error) {
	query, err := r.query("from", "to", "expiry", "format")
	if err != nil {
		return reply{}, err
	}
	from, to, wrong := windows(query)
	if f := query.Get("format"); query.Has("format") && f != "json" && f != formatCSV {
		wrong = append(wrong, problem.Parameter("format", "enum", "must be json or csv"))
	}
	expiry, err := ledger.ParseMonth(query.Get("expiry"))
	if query.Has("expiry") && err != nil {
		wrong = append(wrong, problem.Parameter("expiry", "month", "must be a month, for example 2028-03"))
	}
	if len(wrong) > 0 {
		return reply{}, problem.Invalid(wrong...)
	}
	report, err := a.o.Papers.Liability(r.context(), from, to)
	if err != nil {
		return reply{}, err
	}
	switch {
	case query.Has("expiry"):
		return a.behindLiability(r, report, expiry)
	case query.Get("format") == formatCSV:
		var out bytes.Buffer
		if err := report.WriteCSV(&out); err != nil {
			return reply{}, err
		}
		return attachment(mediaCSV+"; charset=utf-8", "liability-"+from.String()+"-"+to.String()+".csv", out.Bytes()), nil
	}
	return ok(renderLiability(report)), nil
}

// windows reads the first and the last one.
func windows(query url.Values) (from, to ledger.Date, wrong []problem.Field) {
	for _, bound := range []struct {
		name string
		date *ledger.Date
	}{{"from", &from}, {"to", &to}} {
		var err error
		if *bound.date, err = ledger.ParseDate(query.Get(bound.name)); err != nil {
			wrong = append(wrong, problem.Parameter(bound.name, "date", "must be a date, for example 2026-03-01"))
		}
	}
	return from, to, wrong
}

// behindLiability shows the windows behind the figures of one month.
func (a *API) behindLiability(r *request, report *papers.Report, expiry ledger.Month) (reply, error) {
	rows, err := a.o.Papers.Behind(r.context(), expiry, report.From, report.To)
	if err != nil {
		return reply{}, err
	}
	out := renderLiability(report)
	all := out.Months
	out.Months = nil
	for i := range all {
		if all[i].Expiry == expiry.String() {
			out.Months = all[i : i+1]
		}
	}
	for i := range rows {
		m, window := &rows[i].Movements, rows[i].Window.String()
		out.Windows = append(out.Windows, LiabilityWindow{Window: window, Earned: signed(m.Earned), ConvertedIn: signed(m.ConvertedIn), ConvertedOut: signed(m.ConvertedOut),
			Redeemed: signed(m.Redeemed), Expired: signed(m.Expired),
			Links: LiabilityWindowLinks{Self: liabilityPath + "?from=" + window + "&to=" + window, Positions: "/v1/positions?window=" + window}})
	}
	return ok(out), nil
}

func renderLiability(r *papers.Report) *LiabilityReport {
	from, to := r.From.String(), r.To.String()
	out := &LiabilityReport{From: from, To: to, Breakage: LiabilityBreakage{Expired: signed(r.Expired), Ended: signed(r.Ended)}}
	for i := range r.Months {
		out.Months = append(out.Months, renderMonth(&r.Months[i], liabilityPath+"?from="+from+"&to="+to))
	}
	return out
}

func renderMonth(m *paper.Month, self string) LiabilityMonth {
	return LiabilityMonth{Expiry: m.Expiry.String(), Opening: signed(m.Opening), Earned: signed(m.Earned), ConvertedIn: signed(m.ConvertedIn),
		ConvertedOut: signed(m.ConvertedOut), Redeemed: signed(m.Redeemed), Expired: signed(m.Expired), Closing: signed(m.Closing),
		Links: LiabilityMonthLinks{Windows: self + "&expiry=" + m.Expiry.String()}}
}

func signed(n int64) string { return strconv.FormatInt(n, 10) }
