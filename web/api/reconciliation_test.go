package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"mime/multipart"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/desk/desktest"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/settlement/statements/statementstest"
)

// reconciled answers as a reconciler that has something to say once.
type reconciled struct {
	done []settlement.Outcome
	err  error
}

func (r *reconciled) RunDue(context.Context) ([]settlement.Outcome, error) {
	done := r.done
	r.done = nil
	return done, r.err
}

func (r *reconciled) Waiting(context.Context) ([]settlement.Waiting, error) {
	return []settlement.Waiting{{Settlement: "2026-03-01.shop", Partner: "shop", Due: time.UnixMilli(1_770_000_000_000), Overdue: true}}, nil
}

// reconciles gives the world statements and breaks. For statements it is tomorrow,
// so that today's can come.
func (w *world) reconciles(logger *slog.Logger) {
	w.t.Helper()
	root, err := os.OpenRoot(w.t.TempDir())
	must(w.t, err)
	w.t.Cleanup(func() { _ = root.Close() })
	cutOff, err := calendar.Parse("UTC", "00:00")
	must(w.t, err)
	tomorrow := func() time.Time { return time.Now().Add(24 * time.Hour) }
	w.statements, err = statements.New(statements.Options{Store: &statementstest.Memory{}, Ledger: w.ledger, Calendar: cutOff, Dir: root,
		Layout: func(code string) (statementfile.Layout, bool) {
			return statementfile.Layout{Zone: time.UTC, NoTotals: true}, code == "sky" || code == "shop"
		},
		Limits: statementfile.Limits{Bytes: 10_000}, Now: tomorrow, Random: rand.Reader, Logger: logger})
	must(w.t, err)
	w.desk = desk.New(desk.Options{Store: desktest.NewMemory(), Ledger: w.ledger, MSP: gateway.MSP, WriteOffMax: 1e9, DueDays: 3, Now: time.Now, Random: rand.Reader})
	w.reconciler = &reconciled{}
}

var today = ledger.DateOf(time.Now().UTC()).String()

const goodStatement = "reference,kind,amount,date\nR-1,debit,3000,%s\n"

func (w *world) sendFile(as, query, body, media string) *answer {
	w.t.Helper()
	return w.as(as).do("POST", "/v1/statements"+query, body, "Content-Type", media)
}

func TestAStatementIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	body := fmt.Sprintf(goodStatement, today)
	first := w.sendFile("sky-app", "?date="+today+"&name=a.csv", body, "text/csv; charset=gb18030").is(201)
	if first.text("state") != "accepted" || first.text("debits.amount") != "3000" || first.text("received_by") != "sky-app" || first.text("name") != "a.csv" {
		t.Errorf("%s", first.body)
	}
	self := first.header.Get("Location")
	if again := w.sendFile("sky-other", "?date="+today, body, "text/csv").is(200); again.text("id") != first.text("id") {
		t.Errorf("the same file again: %s", again.body)
	}
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	must(t, parts.WriteField("date", today))
	file, err := parts.CreateFormFile("file", "对账单.csv")
	must(t, err)
	_, err = file.Write([]byte(strings.Replace(body, "3000", "2700", 1)))
	must(t, err)
	must(t, parts.Close())
	second := w.sendFile("sky-app", "", form.String(), parts.FormDataContentType()).is(201)
	if second.text("name") != "对账单.csv" || second.at("current") != true {
		t.Errorf("%s", second.body)
	}
	if a := w.as("sky-app").get(self).is(200); a.at("current") == true {
		t.Errorf("the former is still current: %s", a.body)
	}
	w.as("shop-app").get(self).refused(404, "not_found")
	if a := w.as("shop-app").get("/v1/statements").is(200); a.count("statements") != 0 {
		t.Errorf("another partner sees %s", a.body)
	}
	if a := w.as("ops").get("/v1/statements?date=" + today + "&limit=1").is(200); a.count("statements") != 1 || a.text("next_cursor") == "" {
		t.Errorf("%s", a.body)
	}
}

func TestAStatementWithProblemsSaysWhatWouldBeRight(t *testing.T) {
	w := newWorld(t)
	a := w.sendFile("sky-app", "?date="+today, fmt.Sprintf(goodStatement, today)+"R-2,debit,x,"+today+"\n", "text/csv").refused(422, "statement_refused")
	if !strings.Contains(a.text("errors.0.detail"), "line 3") {
		t.Errorf("%s", a.body)
	}
	kept := w.as("sky-app").get(a.header.Get("Location")).is(200)
	if kept.text("state") != "refused" || kept.at("problems.0.line") != 3.0 || kept.text("problems.0.want") == "" {
		t.Errorf("%s", kept.body)
	}
	if list := w.as("sky-app").get("/v1/statements?state=refused").is(200); list.count("statements") != 1 {
		t.Errorf("%s", list.body)
	}
}

func TestWhatIsNoStatementIsRefused(t *testing.T) {
	w := newWorld(t)
	body := fmt.Sprintf(goodStatement, today)
	w.sendFile("sky-app", "?date="+today, body, "application/json").refused(415, "unsupported_media_type")
	w.sendFile("sky-app", "", body, "text/csv").invalid("date required")
	w.sendFile("sky-app", "?date=01.03.2026", body, "text/csv").invalid("date date")
	w.sendFile("sky-app", "?date="+today+"&partner=shop", body, "text/csv").invalid("partner not_allowed")
	w.sendFile("ops", "?date="+today, body, "text/csv").invalid("partner required")
	w.sendFile("sky-app", "?date=2199-01-01", body, "text/csv").refused(422, "day_not_ended")
	w.sendFile("sky-app", "?date=2020-01-01", body, "text/csv").refused(422, "before_joining")
	w.sendFile("sky-app", "?date="+today, body+strings.Repeat("x", 20_000), "text/csv").refused(413, "statement_too_large")
	w.sendFile("sky-app", "", "--x\r\n", "multipart/form-data; boundary=x").refused(400, "invalid_request")
}

func finding(n int, partner string) desk.Finding {
	return desk.Finding{ID: fmt.Sprintf("%032x", n), Partner: partner, Window: ledger.DateOf(time.Now().UTC()), Type: reconcile.WrongAmount.String(), Movement: "debit",
		Transfer: newID(), Value: -500_000, Ledger: &desk.Book{Lines: 1, Amount: 3000, Status: "completed"}, Theirs: &desk.Book{Lines: 1, Amount: 2700, Status: "completed", Line: 2}}
}

func TestAPartnerSeesAndAnswersItsOwnBreaks(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	must(t, w.desk.Report(ctx, 20_000, []desk.Finding{finding(1, "sky"), finding(2, "sky"), finding(3, "shop")}))
	page := w.as("sky-app").get("/v1/breaks?limit=1").is(200)
	next := w.as("sky-app").get("/v1/breaks?limit=1&cursor=" + page.text("next_cursor")).is(200)
	if page.text("breaks.0.id") != finding(1, "").ID || next.text("breaks.0.id") != finding(2, "").ID || page.text("breaks.0.value") != "-0.5" {
		t.Errorf("%s\n%s", page.body, next.body)
	}
	if all := w.as("ops").get("/v1/breaks?state=open&type=amount&window=" + today).is(200); all.count("breaks") != 3 {
		t.Errorf("the utility sees %s", all.body)
	}
	w.as("ops").get("/v1/breaks?type=big").invalid("type not_allowed")
	w.as("shop-app").get("/v1/breaks/"+finding(1, "").ID).refused(404, "not_found")

	path := "/v1/breaks/" + finding(1, "").ID
	w.as("sky-app").post(path+"/comments", map[string]any{"version": 9, "text": "ours is right"}).refused(409, "break_changed")
	w.as("sky-app").post(path+"/comments", map[string]any{"version": 1, "text": "ours is right"}).is(200)
	a := w.as("sky-app").get(path).is(200)
	if a.text("trail.1.what") != "commented" || a.text("trail.1.by") != "sky-app" || a.text("trail.0.by") != "reconciliation" || a.at("version") != 2.0 {
		t.Errorf("%s", a.body)
	}
	if a := w.as("ops").get(path).is(200); a.text("trail.1.by") != "sky" {
		t.Errorf("the utility sees %s", a.body)
	}
}

func TestAPartnerAnswersAnAdjustment(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	id := finding(1, "").ID
	must(t, w.desk.Report(ctx, 20_000, []desk.Finding{finding(1, "sky")}))
	path := "/v1/breaks/" + id + "/adjustment"
	w.as("sky-app").post(path, map[string]any{"decision": "accept"}).refused(409, "break_state")
	adjust := func(version int64) {
		t.Helper()
		_, err := w.desk.Propose(ctx, desk.Person{ID: "u1"}, id, version, desk.Proposal{Action: desk.Adjust, Value: -500_000, Reason: "typing error"})
		must(t, err)
		if a := w.as("sky-app").get("/v1/breaks/" + id).is(200); a.text("resolution.reason") != "" {
			t.Errorf("a partner sees what is not decided: %s", a.body)
		}
		_, err = w.desk.Approve(ctx, desk.Person{ID: "u2"}, id, version+1)
		must(t, err)
	}
	adjust(1)
	w.as("shop-app").post(path, map[string]any{"decision": "accept"}).refused(404, "not_found")
	w.as("ops").post(path, map[string]any{"decision": "accept"}).refused(422, "break_not_yours")
	w.as("sky-app").post(path, map[string]any{"decision": "reject"}).refused(422, "break_invalid")
	if a := w.as("sky-app").post(path, map[string]any{"decision": "reject", "reason": "our books are right"}).is(200); a.text("state") != "open" {
		t.Errorf("rejected: %s", a.body)
	}
	c, err := w.desk.Case(ctx, desk.Person{}, id)
	must(t, err)
	adjust(c.Version)
	if a := w.as("sky-app").post(path, map[string]any{"decision": "accept"}).is(200); a.text("state") != "resolved" {
		t.Errorf("accepted: %s", a.body)
	}
	all, err := w.ledger.Adjustments(ctx)
	must(t, err)
	if len(all) != 2 || all[1].Status != ledger.AdjustmentAccepted || all[1].DecidedBy != (ledger.Identity{MSP: "SkyMSP", Subject: "sky-app"}) {
		t.Errorf("the ledger has %+v", all)
	}
}

func TestTheOperatorReconcilesWhatIsDue(t *testing.T) {
	w := newWorld(t)
	w.as("sky-app").do("POST", "/v1/reconciliations", "").refused(403, "scope_missing")
	o := settlement.Outcome{Settlement: "2026-03-01.sky", Partner: "sky", Breaks: ledger.SettlementBreaks{Found: 1, Open: 1}}
	o.Report.Records[reconcile.Ledger][0], o.Report.Opened[reconcile.WrongAmount], o.Report.Matched = 3, 1, 2
	w.reconciler.done = []settlement.Outcome{o}
	a := w.as("ops").do("POST", "/v1/reconciliations", "").is(200)
	if a.at("reconciliations.0.breaks.amount") != 1.0 || a.at("reconciliations.0.ledger_lines") != 3.0 || a.at("waiting.0.overdue") != true {
		t.Errorf("%s", a.body)
	}
}

func TestAPartnerWithWhomItFailsHoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	failed := &settlement.PartialError{Tried: 3, Partners: []*settlement.PartnerError{
		{Partner: "shop", Window: 20_600, Err: settlement.ErrTooManyBreaks}, {Partner: "tel", Err: errors.New("disk full at /secret")}}}
	w.reconciler.err, w.reconciler.done = failed, []settlement.Outcome{{Settlement: "2026-03-01.sky", Partner: "sky"}}
	a := w.as("ops").do("POST", "/v1/reconciliations", "").is(200)
	if a.text("reconciliations.0.settlement_id") != "2026-03-01.sky" || a.text("errors.0.code") != "too_many_breaks" ||
		a.text("errors.0.settlement_id") != "2026-05-27.shop" || a.text("errors.1.partner") != "tel" || a.text("errors.1.code") != "internal_error" || strings.Contains(string(a.body), "secret") {
		t.Errorf("%s", a.body)
	}
	failed.Tried = 2 // all of them
	w.as("ops").do("POST", "/v1/reconciliations", "").refused(503, "unavailable")
	w.reconciler.err = errors.New("the ledger does not answer")
	w.as("ops").do("POST", "/v1/reconciliations", "").refused(503, "unavailable")
}
