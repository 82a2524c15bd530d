package console_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/web/page/browsertest"
)

// TestAMorningFromBreaksToPayment is the way of a night from the first look to the
// bank, by maker, checker and partner, in a real browser: on a desk and on a phone,
// in both languages, in the light and in the dark.
func TestAMorningFromBreaksToPayment(t *testing.T) {
	chrome := browsertest.Start(t)
	for _, look := range browsertest.Looks {
		t.Run(look.Name, func(t *testing.T) { morning(t, newWorld(t), chrome, look) })
	}
}

// office is a tab in which somebody is signed in.
type office struct {
	*browsertest.Tab
	testing.TB
	url string
}

func (w *world) office(t *testing.T, chrome *browsertest.Browser, look browsertest.Look, login, asked string) office {
	tab := office{chrome.Open(t, look), t, w.url}
	tab.Go(w.url+asked, login+"-sign-in")
	tab.Type("#login", login)
	tab.Type("#password", password)
	tab.Follow("form.form button")
	if got := tab.Path(); got != asked {
		t.Fatalf("after sign-in %s is at %s, want %s", login, got, asked)
	}
	return tab
}

func (o office) open(path, name string) { o.Go(o.url+path, name) }

// keys walks the list of breaks by keyboard: down, down, up, a tick, and into the
// first.
func (o office) keys() {
	for _, key := range []string{"j", "j", "k", "x"} {
		o.Press(key)
	}
	if got := o.Text("[data-count]"); got != "(1)" {
		o.Fatalf("after x there are %q selected", got)
	}
	first := o.Value("document.querySelector('tbody tr a').getAttribute('href')")
	o.FollowKey(kb.Enter)
	if got := o.Path(); got != first {
		o.Fatalf("Enter leads to %s, want %s", got, first)
	}
}

func morning(t *testing.T, w *world, chrome *browsertest.Browser, look browsertest.Look) {
	w.night()
	w.night()
	d := w.night()
	w.report(finding("sky", d, 3), finding("sky", d-1, 4), finding("sky", d-2, 5), finding("mart", d, 6))
	quiet := finding("mart", d-1, 7)
	quiet.Type, quiet.Theirs, quiet.Differs, quiet.Tolerated = "missing_at_partner", nil, nil, true
	w.report(quiet)
	id, one := "/console/settlements/"+d.String()+".sky", "/console/breaks/"+finding("sky", d, 3).ID

	maker := w.office(t, chrome, look, "maker", "/console")
	maker.Look("1-calendar")
	maker.open("/console/nights/"+d.String(), "2-night")
	maker.open(id, "3-settlement-blocked")
	maker.open("/console/breaks", "4-breaks")
	maker.keys()
	maker.open(one, "5-break")
	maker.Click("input[value=accept]")
	maker.Type("#propose-text", "对方多记一笔 100 积分，以账本为准")
	maker.Follow("form[action$='/propose'] button")
	maker.Look("6-break-proposed")

	checker := w.office(t, chrome, look, "checker", one)
	checker.Look("7-break-for-checker")
	checker.Follow("form[action$='/approve'] button")
	checker.Look("8-break-resolved")
	if c, err := w.desk.Case(t.Context(), desk.Person{}, finding("sky", d, 3).ID); err != nil || c.State != desk.Resolved {
		t.Fatalf("the break is %+v, %v", c, err)
	}

	maker.open(id, "9-settlement")
	maker.Follow("a[href$='/propose']")
	maker.Look("10-propose")
	maker.Follow("form[action$='/propose'] button")
	maker.Look("11-proposed")
	checker.open(id+"/sign", "12-sign")
	checker.Follow("form[action$='/sign'] button")
	checker.Look("13-signed-by-utility")

	partner := w.office(t, chrome, look, "sky.finance", "/console")
	partner.Look("14-partner-calendar")
	partner.open(id, "15-partner-settlement")
	partner.open(id+"/dispute", "16-dispute")
	partner.open(id+"/acknowledge", "17-acknowledge")
	partner.Follow("form[action$='/acknowledge'] button")
	partner.Look("18-acknowledged")
	partner.open("/console/breaks", "19-partner-breaks")
	if text := partner.Text("main"); strings.Contains(text, "百货") || strings.Contains(text, "Mart") {
		t.Errorf("the airline sees the shop: %s", text)
	}

	maker.open("/console/payments", "20-payments")
	maker.Follow("form[action$='/payments/new'] button")
	maker.Look("21-simulation")
	maker.Follow("form[action$='/payments/new'] button")
	maker.Look("22-order-prepared")
	checker.open(maker.Path(), "23-order-for-checker")
	checker.Follow("form[action$='/release'] button")
	checker.Look("24-order-released")
	got, err := w.statements.Receive(t.Context(), statements.Delivery{Partner: "mart", Day: d, Name: "对账单.csv", Source: statements.Console, By: w.person("mart.finance").ID},
		strings.NewReader("商户流水号,会员号,类型,积分,交易时间\nM-1,88001,扣减,1250,2026-11-23\nM-1,88001,扣减,1250,2026-11-23\nM-2,88002,扣减,一千,23.11.2026\n"))
	must(t, err)
	maker.open("/console/payments", "24a-payments-to-be-confirmed")
	maker.Choose("#file", "回单.xml", camt053(d.String()+".sky/B", "Sky Air", "100.45"))
	maker.Follow("form[action$='/payments/bank'] button")
	maker.Look("24aa-confirmed")
	maker.Choose("#file", "其他.xml", camt053("WHO-1", "Somebody", "7.00"))
	maker.Follow("form[action$='/payments/bank'] button")
	maker.Look("24ab-not-known")
	maker.Follow("main a[href^='/console/breaks/']")
	maker.Look("24ac-case-of-nobody")
	partner.open(id, "24ad-settled")
	if s, err := w.stand.Store.Settlement(t.Context(), d.String()+".sky"); err != nil || s.State != settlement.Settled {
		t.Fatalf("the settlement is %+v, %v", s, err)
	}
	partner.open("/console/statements", "24ae-partner-statements")
	partner.Set("#day", d.String())
	partner.Choose("#file", "sky.csv", []byte("reference,membership,type,amount,date\nR-1,M-1,debit,12,"+d.String()+"\ntotal,,,12,\n"))
	partner.Follow("form[action='/console/statements'] button")
	partner.Look("24af-statement")
	maker.open("/console/statements", "24b-statements")
	maker.open("/console/statements/"+got.Statement.ID.String(), "24c-statement-refused")
	partner.open(id+"/lines", "25-lines")
	partner.open(id+"/print", "26-print")
	maker.open("/console/trends", "27-trends")
	maker.open("/console/reports/liability", "27b-liability")
	maker.Follow("tbody a")
	maker.Look("27c-behind")
	maker.open("/console/breaks?window=soon", "28-wrong-date")
	maker.open("/console/nowhere", "29-not-found")

	admin := w.office(t, chrome, look, "admin", "/console/users")
	admin.Look("30-users")
	admin.open("/console/users/maker", "31-user")
	admin.Follow("form[action$='/reset'] button")
	admin.Look("32-reset")
}
