package api_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/desk/desktest"
	"github.com/pointgrid/pointgrid/settlement/paper"
	"github.com/pointgrid/pointgrid/settlement/papers"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/payment/paymenttest"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
	"github.com/pointgrid/pointgrid/settlement/signing"
	"github.com/pointgrid/pointgrid/web/api"
)

const signedID = "2026-11-21.sky"

// settlements serves a night of a stand, after which sky owes 50 yuan.
func settlements(t *testing.T, l func(*settlementtest.Stand) signing.Ledger) *world {
	stand := settlementtest.New(t)
	stand.In("sky", 5000)
	stand.Night()
	holidays, err := calendar.China()
	must(t, err)
	cases := desk.New(desk.Options{Store: desktest.NewMemory(), DueDays: 3, Now: stand.Clock})
	party := func(name, account string) bank.Party {
		return bank.Party{Name: name, Account: account, BIC: "ICBKCNBJ"}
	}
	payments := paymenttest.NewMemory()
	return newWorld(t, func(o *api.Options) {
		o.Settlements = stand.Store
		o.Papers = papers.New(papers.Options{Ledger: stand.Ledger, Payments: payments, Liability: stand.Points, Dir: stand.Dir, Zone: stand.Zone.Location,
			Accounts: paper.Accounts{Receivable: "1122.{partner}", Payable: "2202", Settlement: "2203", Bank: "1002"}, Names: map[string]string{"": "U", "sky": "S"}})
		o.Signing = signing.New(signing.Options{Ledger: l(stand), Store: stand.Store, Reconciler: stand, Desk: cases, MSP: "UtilityMSP", Subject: "gateway",
			Now: stand.Clock, Logger: slog.New(slog.DiscardHandler)})
		o.Payments = payment.New(payment.Options{Ledger: stand.Ledger, Settlements: stand.Store, Store: payments, Desk: cases,
			Parties: payment.Parties{Utility: party("U", "1001"), Partners: map[string]bank.Party{"sky": party("S", "2002")}},
			MSP:     "UtilityMSP", Subject: "gateway", Holidays: holidays, Zone: stand.Zone.Location, Now: stand.Clock, Logger: slog.New(slog.DiscardHandler)})
	})
}

func plain(s *settlementtest.Stand) signing.Ledger { return s.Ledger }

const bankFile = `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>N1</MsgId></GrpHdr><Ntfctn><Id>1</Id><Acct><Id><Othr><Id>1001</Id></Othr></Id></Acct>
<Ntry><Amt Ccy="CNY">50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-23</Dt></BookgDt>
<NtryDtls><TxDtls><Refs><EndToEndId>2026-11-21.sky/B</EndToEndId></Refs><RltdPties><Dbtr><Nm>S</Nm></Dbtr></RltdPties></TxDtls></NtryDtls></Ntry>
</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`

func TestASettlementGoesFromProposedToSettled(t *testing.T) {
	w := settlements(t, plain)
	const path = "/v1/settlements/" + signedID
	w.as("sky-app").do("POST", path+"/proposal", "").refused(403, "scope_missing")
	proposed := w.as("ops").do("POST", path+"/proposal", "").is(200)
	digest := proposed.text("signing.digest")
	if proposed.text("state") != "proposed" || proposed.text("signing.marks.2.by.subject") != "ops" || proposed.text("channels.0.payable") != "50" {
		t.Errorf("proposed %s", proposed.body)
	}
	w.as("ops").post(path+"/signature", map[string]any{"digest": digest}).refused(403, "same_identity")
	w.as("ops-checker").post(path+"/signature", map[string]any{"digest": strings.Repeat("0", 64)}).refused(409, "settlement_digest")
	w.as("ops-checker").post(path+"/signature", map[string]any{"digest": digest}).is(200)

	answer := path + "/acknowledgement"
	w.as("shop-app").post(answer, map[string]any{"decision": "acknowledge", "digest": digest}).refused(404, "not_found")
	w.as("sky-app").post(answer, map[string]any{"decision": "acknowledge"}).invalid("/digest required")
	w.as("sky-app").post(answer, map[string]any{"decision": "dispute"}).invalid("/reason required")
	w.as("sky-app").post(answer, map[string]any{"decision": "dispute", "reason": "r", "digest": digest}).invalid("/digest unexpected")
	w.as("ops").post("/v1/payment_orders", map[string]any{"settlements": []string{signedID}}).refused(409, "settlement_step")
	signed := w.as("sky-app").post(answer, map[string]any{"decision": "acknowledge", "digest": digest}).is(200)
	if signed.text("state") != "signed" {
		t.Errorf("signed %s", signed.body)
	}
	w.as("sky-app").get(path+"/payment").refused(409, "settlement_step")

	order := w.as("ops").post("/v1/payment_orders", map[string]any{"settlements": []string{signedID}}).is(201)
	self := order.text("links.self")
	if order.text("receives") != "50" || order.text("exposure.1.after") != "50" || order.header.Get("Location") != self {
		t.Errorf("order %s", order.body)
	}
	w.as("ops").do("POST", self+"/release", "").refused(403, "same_identity")
	if released := w.as("ops-checker").do("POST", self+"/release", "").is(200); released.text("state") != "released" || released.text("execute") != "2026-11-23" {
		t.Errorf("released %s", released.body)
	}
	file := w.as("sky-app").get(path + "/payment").is(200)
	if !strings.Contains(string(file.body), ">50.00<") || file.header.Get("Content-Type") != "application/xml" || !strings.HasPrefix(file.header.Get("Repr-Digest"), "sha-256=:") {
		t.Errorf("file %v\n%s", file.header, file.body)
	}
	w.as("ops").get(self+"/file").refused(409, "nothing_to_pay")
	if page := w.as("ops").get("/v1/payment_orders?limit=1").is(200); page.text("orders.0.id") != order.text("id") {
		t.Errorf("orders %s", page.body)
	}

	w.as("ops").do("POST", "/v1/bank_files", strings.Replace(bankFile, "50.00", "-50", 1), "Content-Type", "application/xml").refused(422, "bank_file_refused")
	w.as("sky-app").do("POST", "/v1/bank_files", bankFile, "Content-Type", "application/xml").refused(403, "scope_missing")
	read := w.as("ops").do("POST", "/v1/bank_files", bankFile, "Content-Type", "application/xml").is(200)
	if read.text("settled.0") != signedID || read.text("outcomes.0.verdict") != "confirmed" || read.text("outcomes.0.amount") != "50" {
		t.Errorf("read %s", read.body)
	}
	if a := w.as("sky-app").get(path).is(200); a.text("state") != "settled" || a.text("links.payment") != path+"/payment" {
		t.Errorf("settled %s", a.body)
	}
}

func TestAPartnerDisputesAndAnOrderIsWithdrawn(t *testing.T) {
	w := settlements(t, plain)
	const path = "/v1/settlements/" + signedID
	w.as("ops").do("POST", path+"/proposal", "").is(200)
	answer := map[string]any{"decision": "dispute", "reason": "one is missing"}
	if a := w.as("sky-app").post(path+"/acknowledgement", answer, "Idempotency-Key", "k").is(200); a.text("state") != "disputed" || a.text("signing.marks.3.text") != "one is missing" {
		t.Errorf("disputed %s", a.body)
	}
	if a := w.as("sky-app").post(path+"/acknowledgement", answer, "Idempotency-Key", "k").is(200); a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again %v", a.header)
	}
	w.as("ops").post("/v1/payment_orders/PG-1/withdrawal", map[string]any{"reason": "x"}).refused(404, "not_found")
	w.as("ops").do("POST", "/v1/payment_orders/PG-1/release", "").refused(404, "not_found")
	w.as("ops").post("/v1/payment_orders", map[string]any{"settlements": []string{}}).refused(400, "invalid_request")
}

// keyless is a ledger that holds only the utility's key.
type keyless struct{ *settlementtest.Stand }

func (k keyless) Submit(ctx context.Context, who ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if who.MSP != "UtilityMSP" {
		return nil, ledger.ErrNoIdentity
	}
	return k.Ledger.Submit(ctx, who, commands...)
}

func (k keyless) Partners(ctx context.Context) ([]ledger.Partner, error) {
	return k.Ledger.Partners(ctx)
}

func (k keyless) Settlement(ctx context.Context, partner string, window ledger.Date) (ledger.Settlement, error) {
	return k.Ledger.Settlement(ctx, partner, window)
}

func TestAPartnerWhoseKeyIsNotHereIsToldToSignByItself(t *testing.T) {
	w := settlements(t, func(s *settlementtest.Stand) signing.Ledger { return keyless{s} })
	const path = "/v1/settlements/" + signedID
	digest := w.as("ops").do("POST", path+"/proposal", "").is(200).text("signing.digest")
	a := w.as("sky-app").post(path+"/acknowledgement", map[string]any{"decision": "acknowledge", "digest": digest}).refused(403, "own_key_needed")
	if !strings.Contains(string(a.body), "pointgrid settlement sign") {
		t.Errorf("told %s", a.body)
	}
}

func TestPapersAreFetchedInTheFormThatIsAskedFor(t *testing.T) {
	w := settlements(t, plain)
	const path = "/v1/settlements/" + signedID
	const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	for name, c := range map[string]struct{ query, accept, media, begins string }{
		"html by query":         {"?format=html", "", "text/html; charset=utf-8", "<!DOCTYPE html>"},
		"html by Accept":        {"", "application/pdf, text/html;q=0.9", "text/html; charset=utf-8", "<!DOCTYPE html>"},
		"a spreadsheet":         {"?format=xlsx", "text/html", xlsx, "PK"},
		"a spreadsheet, Accept": {"", xlsx, xlsx, "PK"},
	} {
		a := w.as("sky-app").do("GET", path+"/statement"+c.query, "", "Accept", c.accept).is(200)
		if a.header.Get("Content-Type") != c.media || !strings.HasPrefix(string(a.body), c.begins) || !strings.HasPrefix(a.header.Get("Repr-Digest"), "sha-256=:") {
			t.Errorf("%s: %v %.40q", name, a.header, a.body)
		}
	}
	if a := w.as("sky-app").get(path + "/statement?format=html").is(200); !strings.Contains(a.header.Get("Content-Security-Policy"), "style-src 'sha256-") {
		t.Errorf("policy %s", a.header.Get("Content-Security-Policy"))
	}
	w.as("sky-app").get(path + "/statement?format=pdf").invalid("format enum")
	w.as("shop-app").get(path+"/statement?format=html").refused(404, "not_found")

	w.as("sky-app").get(path+"/journal").refused(403, "scope_missing")
	if a := w.as("ops").get(path + "/journal").is(200); !strings.Contains(string(a.body), "1122.sky,sky,50.00,") {
		t.Errorf("journal %s", a.body)
	}
	w.as("sky-app").get("/v1/liability?from=2026-11-21&to=2026-11-21").refused(403, "scope_missing")
	report := w.as("ops").get("/v1/liability?from=2026-11-21&to=2026-11-21").is(200)
	if report.count("months") != 1 || report.text("months.0.converted_in") != "5000" || report.text("months.0.closing") != "5000" || report.text("breakage.ended") != "0" {
		t.Errorf("report %s", report.body)
	}
	behind := w.as("ops").get(report.text("months.0.links.windows")).is(200)
	if behind.count("windows") != 1 || behind.text("windows.0.converted_in") != "5000" {
		t.Errorf("behind it %s", behind.body)
	}
	w.as("ops").get(behind.text("windows.0.links.self")).is(200)
	if a := w.as("ops").get("/v1/liability?from=2026-11-21&to=2026-11-21&format=csv").is(200); !strings.HasSuffix(string(a.body), "total,0,0,5000,0,0,0,5000\n") {
		t.Errorf("as CSV %s", a.body)
	}
	w.as("ops").get("/v1/liability?from=2026-11-21&to=2026-11-22").refused(409, "windows_not_counted")
	w.as("ops").get("/v1/liability?from=2026-11-22&to=2026-11-21").refused(400, "invalid_request")
	w.as("ops").get("/v1/liability?to=x").invalid("from date", "to date")
	w.as("ops").get("/v1/liability?from=2026-11-21&to=2026-11-21&expiry=2028-13").invalid("expiry month")
}
