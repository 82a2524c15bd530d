package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
)

// night is a settlement with a statement.
func (w *world) night(window ledger.Date, partner, content string) *settlement.Settlement {
	s := &settlement.Settlement{ID: settlement.ID(window, partner), Partner: partner, Window: window, State: settlement.Netted, Lines: 1, Digest: sha256.Sum256([]byte(content)), UpdatedAt: 1,
		Position: ledger.Position{Partner: partner, Window: window, In: ledger.Flow{Count: 1, From: 3000, To: 990, EPT: 1000, Fee: 10, Value: 50_000_000}, Out: ledger.Flow{Count: 1, Value: 60_050_001}}}
	if w.nights.content == nil {
		w.nights.content = map[string]string{}
	}
	w.nights.content[s.ID] = content
	w.nights.all = append(w.nights.all, s)
	return s
}

func TestPositionsAreFromTheLedger(t *testing.T) {
	w := newWorld(t)
	c := w.as("sky-app").convert("k", in(w.link("sky"), "3000")).is(201)
	w.as("sky-app").post(c.text("links.reversals"), map[string]any{"amount": "300", "reference": "R"}, "Idempotency-Key", "r").is(201)
	a := w.as("sky-app").get("/v1/positions").is(200)
	if a.count("positions") != 1 || a.text("positions.0.partner") != "sky" || a.text("positions.0.in.from") != "3000" || a.text("positions.0.in.value") != "50" ||
		a.text("positions.0.reversed_in.value") != "5" || a.text("positions.0.net") != "45" {
		t.Errorf("positions %s", a.body)
	}
	if n := w.as("shop-app").get("/v1/positions?window=" + a.text("positions.0.window")).is(200).count("positions"); n > 1 {
		t.Errorf("another partner sees %d", n)
	}
	for _, date := range []string{"2026-2-1", "2026-02-30", "yesterday", "", "1969-01-01"} {
		w.as("sky-app").get("/v1/positions?window=" + date).invalid("window date")
	}
}

func TestTheOperatorSettlesWhatIsDueOnce(t *testing.T) {
	w := newWorld(t)
	w.nights.due = []settlement.Settlement{{ID: "2026-03-01.sky", Partner: "sky", Window: 20_513, State: settlement.Netted, Lines: 3, UpdatedAt: 1,
		Position: ledger.Position{Partner: "sky", Window: 20_513}}}
	w.as("sky-app").do("POST", "/v1/settlements", "").refused(403, "scope_missing")
	if a := w.as("ops").do("POST", "/v1/settlements", "").is(200); a.count("settlements") != 1 || a.text("settlements.0.id") != "2026-03-01.sky" {
		t.Errorf("settled %s", a.body)
	}
	if n := w.as("ops").do("POST", "/v1/settlements", "").is(200).count("settlements"); n != 0 {
		t.Errorf("a second call settled %d more", n)
	}
}

func TestSettlementsAreListedAndFetched(t *testing.T) {
	w := newWorld(t)
	for day := ledger.Date(20_002); day >= 20_000; day-- {
		w.night(day, "shop", "x")
		w.night(day, "sky", "x")
	}
	first := w.as("sky-app").get("/v1/settlements?limit=2").is(200)
	if first.count("settlements") != 2 || first.text("settlements.0.partner") != "sky" || first.text("settlements.1.window") != "2024-10-05" {
		t.Errorf("first page %s", first.body)
	}
	second := w.as("sky-app").get("/v1/settlements?limit=2&cursor=" + first.text("next_cursor")).is(200)
	if second.count("settlements") != 1 || second.text("settlements.0.window") != "2024-10-04" {
		t.Errorf("second page %s", second.body)
	}
	if n := w.as("ops").get("/v1/settlements").is(200).count("settlements"); n != 6 {
		t.Errorf("the utility sees %d of 6", n)
	}
	a := w.as("sky-app").get(first.text("settlements.0.links.self")).is(200)
	if a.text("state") != "netted" || a.text("position.net") != "-10.050001" || a.text("links.statement") == "" {
		t.Errorf("settlement %s", a.body)
	}
	w.as("shop-app").get(first.text("settlements.0.links.self")).refused(404, "not_found")
	w.as("shop-app").get(first.text("settlements.0.links.statement")).refused(404, "not_found")
	w.as("sky-app").get("/v1/settlements/2000-01-01.sky").refused(404, "not_found")
	w.as("sky-app").get("/v1/settlements/..%2F..%2Fetc").refused(404, "not_found")
}

func TestAStatementIsSentWithItsDigest(t *testing.T) {
	w := newWorld(t)
	content := "line,kind\n" + strings.Repeat("1,in\n", 200_000)
	s := w.night(20_000, "sky", content)
	a := w.as("sky-app").get("/v1/settlements/" + s.ID + "/statement").is(200)
	sum := sha256.Sum256(a.body)
	if string(a.body) != content || a.header.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
		t.Errorf("sent %d of %d bytes, %v", len(a.body), len(content), a.header)
	}
	if a.header.Get("Content-Type") != "text/csv; charset=utf-8" || a.header.Get("Content-Disposition") != `attachment; filename="2024-10-04.sky.csv"` {
		t.Errorf("headers %v", a.header)
	}
	w.nights.all[0].State = settlement.Closed
	w.as("sky-app").get("/v1/settlements/"+s.ID+"/statement").refused(409, "statement_not_ready")
	if a := w.as("sky-app").get("/v1/settlements/" + s.ID).is(200); a.text("links.statement") != "" || a.text("digest") != "" {
		t.Errorf("settlement %s", a.body)
	}
}

func TestAStatementThatBreaksOffIsSeenToBreakOff(t *testing.T) {
	w := newWorld(t)
	s := w.night(20_000, "sky", "line,kind\n")
	w.nights.broken = errors.New("disk")
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/v1/settlements/"+s.ID+"/statement", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+w.as("sky-app").token)
	got, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		_, err = io.ReadAll(got.Body)
		_ = got.Body.Close()
	}
	if err == nil {
		t.Error("a part was taken for the whole")
	}
}

func TestAStatementThatIsGoneIsNotThere(t *testing.T) {
	w := newWorld(t)
	s := w.night(20_000, "sky", "x")
	delete(w.nights.content, s.ID)
	w.as("sky-app").get("/v1/settlements/"+s.ID+"/statement").refused(404, "not_found")
}
