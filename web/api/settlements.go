package api

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) listPositions(r *request) (reply, error) {
	query, err := r.query("window")
	if err != nil {
		return reply{}, err
	}
	var window *ledger.Date
	if query.Has("window") {
		date, err := ledger.ParseDate(query.Get("window"))
		if err != nil {
			return reply{}, problem.Invalid(problem.Parameter("window", "date", "must be a date, for example 2026-03-01"))
		}
		window = &date
	}
	found, err := a.o.Exchange.Positions(r.context(), r.party, window)
	if err != nil {
		return reply{}, err
	}
	out := PositionList{Positions: make([]Position, 0, len(found))}
	for i := range found {
		out.Positions = append(out.Positions, renderPosition(&found[i]))
	}
	return ok(&out), nil
}

func (a *API) listSettlements(r *request) (reply, error) {
	query, err := r.query("limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	// Nobody but us makes cursors, but anybody could.
	if day, _, ok := strings.Cut(string(page.after), "."); len(page.after) > 0 {
		if _, err := ledger.ParseDate(day); err != nil || !ok {
			return reply{}, problem.Invalid(cursorInvalid())
		}
	}
	found, err := a.o.Settlements.Settlements(r.context(), r.party.Partner, string(page.after), page.limit)
	if err != nil {
		return reply{}, err
	}
	out := SettlementPage{Settlements: make([]Settlement, 0, len(found))}
	last := ""
	for _, s := range found {
		out.Settlements = append(out.Settlements, renderSettlement(s))
		last = s.ID
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), []byte(last))
	return answer, nil
}

// settleDue does what the night does.
func (a *API) settleDue(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	// Not the caller's context: who hangs up does not interrupt the night.
	made, err := a.o.SettleDue(context.WithoutCancel(r.context()))
	if err != nil {
		return reply{}, err
	}
	out := SettlementPage{Settlements: make([]Settlement, 0, len(made))}
	for i := range made {
		out.Settlements = append(out.Settlements, renderSettlement(&made[i]))
	}
	return ok(&out), nil
}

func (a *API) getSettlement(r *request) (reply, error) {
	s, err := a.settlement(r)
	if err != nil {
		return reply{}, err
	}
	return ok(renderSettlement(s)), nil
}

// settlement finds the one in the path; another partner's is not there.
func (a *API) settlement(r *request) (*settlement.Settlement, error) {
	if _, err := r.query(); err != nil {
		return nil, err
	}
	return a.visibleSettlement(r)
}

func (a *API) visibleSettlement(r *request) (*settlement.Settlement, error) {
	s, err := a.o.Settlements.Settlement(r.context(), r.c.Param("settlement_id"))
	if err != nil {
		return nil, err
	}
	if !r.party.Utility() && s.Partner != r.party.Partner {
		return nil, settlement.ErrNotFound
	}
	return s, nil
}

func (a *API) getStatement(r *request) (reply, error) {
	query, err := r.query("format")
	if err != nil {
		return reply{}, err
	}
	format, err := statementFormat(query, r.c.Request.Header)
	if err != nil {
		return reply{}, err
	}
	s, err := a.visibleSettlement(r)
	if err != nil {
		return reply{}, err
	}
	if s.State == settlement.Closed {
		p := problem.New(http.StatusConflict, "statement_not_ready", "the window is closed, and its statement is not written yet")
		p.RetryAfter = 10 * time.Second
		return reply{}, p
	}
	switch format {
	case formatXLSX:
		return a.spreadsheet(r, s)
	case formatHTML:
		return a.statementPage(r, s)
	}
	file, err := a.o.Statements(s)
	if err != nil {
		return reply{}, err
	}
	return reply{stream: func(c *gin.Context) { a.streamStatement(c, s, file) }}, nil
}

// Sending of a file: each portion must be taken within the pause.
const (
	streamPortion = 256 << 10
	streamPause   = 30 * time.Second
)

func (a *API) streamStatement(c *gin.Context, s *settlement.Settlement, file io.ReadCloser) {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+s.ID+`.csv"`)
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(s.Digest[:])+":")
	a.stream(c, file, "settlement", s.ID)
}

// stream sends a file to its end, and cuts the answer off when it cannot.
func (a *API) stream(c *gin.Context, file io.ReadCloser, what, id string) {
	c.Writer.WriteHeader(http.StatusOK)
	control := http.NewResponseController(c.Writer)
	var err error
	for err == nil {
		// Where the deadline cannot be set, as in some tests, there is none to extend.
		_ = control.SetWriteDeadline(a.o.Now().Add(streamPause))
		_, err = io.CopyN(c.Writer, file, streamPortion)
	}
	closed := file.Close()
	if errors.Is(err, io.EOF) && closed == nil {
		return
	}
	a.o.Logger.ErrorContext(c.Request.Context(), "answer cut off", what, id, "error", errors.Join(err, closed))
	panic(http.ErrAbortHandler) // so that the receiver does not take a part for the whole
}

func renderSettlement(s *settlement.Settlement) Settlement {
	self := "/v1/settlements/" + s.ID
	out := Settlement{ID: s.ID, Partner: s.Partner, Window: s.Window.String(), State: SettlementState(s.State),
		Position: renderPosition(&s.Position), UpdatedAt: at(s.UpdatedAt), Links: SettlementLinks{Self: self}}
	if s.State != settlement.Closed {
		out.Lines, out.Digest, out.Links.Statement = s.Lines, s.Digest.String(), self+"/statement"
		out.Links.Spreadsheet, out.Links.Page = self+"/statement?format=xlsx", self+"/statement?format=html"
		out.Figures, out.Channels, out.Signing = renderFigures(&s.Figures), renderChannels(s.Channels), renderSigning(s)
	}
	if (s.State == settlement.Paid || s.State == settlement.Settled) && s.Figures.Pay > 0 {
		out.Links.Payment = self + "/payment"
	}
	return out
}

func renderFigures(f *ledger.SettlementFigures) SettlementFigures {
	return SettlementFigures{Root: f.Root.String(), Net: millionths(f.Net), Brought: millionths(f.Brought),
		Pay: millionths(f.Pay * ledger.FenMillionths), Receive: millionths(f.Receive * ledger.FenMillionths), Carried: millionths(f.Carried)}
}

func renderPosition(p *ledger.Position) Position {
	return Position{Partner: p.Partner, Window: p.Window.String(), In: renderFlow(&p.In), Out: renderFlow(&p.Out),
		ReversedIn: renderFlow(&p.ReversedIn), ReversedOut: renderFlow(&p.ReversedOut),
		Adjustments: p.Adjusted.Count, Adjusted: millionths(p.Adjusted.Value), Net: millionths(p.Net())}
}

func renderFlow(f *ledger.Flow) Flow {
	return Flow{Count: f.Count, From: points(f.From), To: points(f.To), Ept: points(f.EPT), Fee: points(f.Fee), Value: millionths(f.Value)}
}
