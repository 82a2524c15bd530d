package console_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/insight/insighttest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/rewards/rewardstest"
	"github.com/pointgrid/pointgrid/settlement"
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
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/settlement/statements/statementstest"
	"github.com/pointgrid/pointgrid/web/console"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/entrance"
	"github.com/pointgrid/pointgrid/web/signin/signintest"
)

const (
	password = "a horse, a battery, a staple"
	yuan     = 1_000_000
)

var companies = []partners.Partner{
	{Code: "sky", Name: "Sky <Air>", NameZH: "云航", Programme: "SKY", MSP: "SkyMSP", In: partners.Push, Out: partners.Push},
	{Code: "mart", Name: "Mart", NameZH: "百货", Programme: "MART", MSP: "MartMSP", In: partners.Push, Out: partners.Push},
}

// world is an alliance with two partners and staff, over a ledger and stores in
// memory, and a server before it.
type world struct {
	shop       *mall.Mall
	t          testing.TB
	stand      *settlementtest.Stand
	desk       *desk.Desk
	cases      *desktest.Memory
	signing    *signing.Service
	payments   *payment.Service
	staff      *signin.Service
	url        string
	log        *strings.Builder
	statements *statements.Service
	console    *console.Console
	counted    *insighttest.Memory
	rules      *rewardstest.Memory
	pages      *page.Set
	helpdesk   *console.Helpdesk
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func party(name, account string) bank.Party {
	return bank.Party{Name: name, Account: account, CNAPS: "102100099996"}
}

func newWorld(t testing.TB, change ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, stand: settlementtest.New(t), cases: desktest.NewMemory(), counted: insighttest.NewMemory(), rules: rewardstest.NewMemory(), log: &strings.Builder{}}
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	w.desk = desk.New(desk.Options{Store: w.cases, Ledger: w.stand.Ledger, MSP: "UtilityMSP", WriteOffMax: 5 * yuan, DueDays: 3, Now: w.stand.Clock, Random: rand.Reader})
	w.signing = signing.New(signing.Options{Ledger: w.stand.Ledger, Store: w.stand.Store, Reconciler: w.stand, Desk: w.desk, MSP: "UtilityMSP", Subject: "gateway", Now: w.stand.Clock, Logger: logger})
	root, err := os.OpenRoot(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, root.Close()) })
	w.statements, err = statements.New(statements.Options{Store: &statementstest.Memory{}, Ledger: w.stand.Ledger, Calendar: w.stand.Zone, Dir: root, Now: w.stand.Clock, Random: rand.Reader, Logger: logger,
		Limits: statementfile.Limits{Bytes: 8 << 20}, Layout: func(code string) (statementfile.Layout, bool) {
			return statementfile.Layout{Programme: strings.ToUpper(code), Zone: w.stand.Zone.Location}, code == "sky" || code == "mart"
		}})
	must(t, err)
	holidays, err := calendar.China()
	must(t, err)
	paid := paymenttest.NewMemory()
	w.payments = payment.New(payment.Options{Ledger: w.stand.Ledger, Settlements: w.stand.Store, Store: paid, Desk: w.desk, MSP: "UtilityMSP", Subject: "gateway",
		Parties:  payment.Parties{Utility: party("Utility", "6222020000000001"), Partners: map[string]bank.Party{"sky": party("Sky Air", "6222020000000002"), "mart": party("Mart", "6222020000000003")}},
		Holidays: holidays, Zone: w.stand.Zone.Location, Now: w.stand.Clock, Logger: logger})
	w.staff, err = signin.New(signin.Options{Store: signintest.NewMemory(), Key: []byte("an account key for tests, 32 byte"[:32]), Cost: signin.Cost{Time: 1, Memory: 64}, Now: time.Now, Random: rand.Reader, Logger: logger})
	must(t, err)
	for _, c := range change {
		c(w)
	}
	w.serve(holidays, paid, logger)
	for login, role := range map[string]signin.Role{"maker": signin.Maker, "checker": signin.Checker, "viewer": signin.Viewer, "admin": signin.Admin, "marketing": signin.Marketing, "support": signin.Support, "support.two": signin.Support} {
		w.addUser(login, "", role)
	}
	w.addUser("both", "", signin.Maker, signin.Checker)
	w.addUser("sky.finance", "sky", signin.Finance)
	w.addUser("sky.engineer", "sky", signin.Engineer)
	w.addUser("mart.finance", "mart", signin.Finance)
	return w
}

func (w *world) serve(holidays *calendar.Holidays, paid papers.Payments, logger *slog.Logger) {
	set, err := page.New(page.Options{Families: []page.Family{entrance.Family(), console.Family()}, Location: w.stand.Zone.Location, Logger: logger})
	must(w.t, err)
	w.pages = set
	registry, err := partners.NewRegistry(companies, nil)
	must(w.t, err)
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	c, err := console.New(console.Options{Service: w.staff, Pages: set, Settlements: w.stand.Store, Ledger: w.stand.Ledger, Registry: registry, Desk: w.desk,
		Statement: func(s *settlement.Settlement) (io.ReadCloser, error) { return settlement.OpenStatement(w.stand.Dir, s) },
		Signing:   w.signing, Payments: w.payments, Papers: w.papers(paid), Marketing: w.marketing(), Statements: w.statements, Waiting: w.waiting, Holidays: holidays, Helpdesk: w.helpdesk, Shop: w.openShop(),
		ReturnMax: 150, Hub: "EPT", URL: w.url, Location: w.stand.Zone.Location, Now: w.stand.Clock, Machine: time.Now, Logger: logger})
	must(w.t, err)
	w.console = c
	routes, err := set.Protect(w.url, append(set.Routes(), c.Routes()...))
	must(w.t, err)
	server.Config.Handler = page.Mux(routes)
	server.Start()
	w.t.Cleanup(server.Close)
}

// waiting are the settlements that are netted and have no statement.
func (w *world) waiting(ctx context.Context) (all []settlement.Waiting, _ error) {
	found, err := w.stand.Store.Settlements(ctx, "", "", 100)
	for _, s := range found {
		if _, err := w.statements.Current(ctx, s.Partner, s.Window); errors.Is(err, statements.ErrNotFound) && s.State == settlement.Netted {
			due := w.stand.Zone.Start(s.Window + 1).Add(12 * time.Hour)
			all = append(all, settlement.Waiting{Settlement: s.ID, Partner: s.Partner, Window: s.Window, Due: due, Overdue: w.stand.Now.After(due)})
		}
	}
	return all, err
}

func (w *world) papers(paid papers.Payments) *papers.Service {
	return papers.New(papers.Options{Ledger: w.stand.Ledger, Payments: paid, Liability: w.stand.Points, Dir: w.stand.Dir, Zone: w.stand.Zone.Location,
		Accounts: paper.Accounts{Receivable: "1122.{partner}", Payable: "2202.{partner}", Settlement: "2241", Bank: "1002"}})
}

func (w *world) addUser(login, company string, roles ...signin.Role) {
	w.t.Helper()
	_, _, err := w.staff.AddUser(context.Background(), signin.NewUser{Login: login, Name: "Name of " + login, Company: company, Roles: roles, Password: password, KeepPassword: true})
	must(w.t, err)
}

// person is a user as the desk knows them.
func (w *world) person(login string) desk.Person {
	w.t.Helper()
	u, err := w.staff.UserByLogin(context.Background(), login)
	must(w.t, err)
	return desk.Person{Company: u.Company, ID: u.ID.String()}
}

// night lets a day with conversions pass, and returns its window.
func (w *world) night() ledger.Date {
	w.t.Helper()
	w.stand.In("sky", 12_345)
	w.stand.In("sky", 700)
	w.stand.Out("sky", 3_000)
	w.stand.Out("mart", 4_505)
	return w.stand.Night()[0].Window
}

// finding is a break of a night; n makes it another one.
func finding(partner string, window ledger.Date, n byte) desk.Finding {
	return desk.Finding{ID: strings.Repeat("0", 30) + string("0123456789abcdef"[n>>4]) + string("0123456789abcdef"[n&15]), Partner: partner, Window: window, Type: "amount", Movement: "debit", Reference: "<b>R-" + string('A'+rune(n%26)),
		Value: int64(n) * yuan, Ledger: &desk.Book{Lines: 1, Amount: 7000, Points: 7000, Window: window, Status: "done"},
		Ours: &desk.Book{Lines: 1, Amount: 7000, Points: 7000, Window: window, Status: "done"}, Theirs: &desk.Book{Lines: 1, Amount: 7100, Window: window, Status: "done", Line: 12, Membership: "SKY-1"},
		Differs: []string{"amount"}}
}

func (w *world) report(findings ...desk.Finding) {
	w.t.Helper()
	for _, f := range findings {
		must(w.t, w.desk.Report(context.Background(), f.Window, []desk.Finding{f}))
	}
}

func (w *world) browser() *pagetest.Browser { return pagetest.Open(w.t, w.url, "/console/account") }

// signedIn is a browser of a user.
func (w *world) signedIn(login string) *pagetest.Browser {
	w.t.Helper()
	b := w.browser()
	got := b.Do(http.MethodPost, "/console/sign-in", url.Values{"login": {login}, "password": {password}})
	if !strings.HasPrefix(got.Path, "/console") || got.Path == "/console/sign-in" || got.Status != http.StatusOK {
		w.t.Fatalf("sign-in of %s leads to %d %s", login, got.Status, got.Path)
	}
	return b
}

// camt053 is the bank's statement of the utility's account with one credit. It foots.
func camt053(reference, from, amount string) []byte {
	balance := func(kind, amount string) string {
		return `<Bal><Tp><CdOrPrtry><Cd>` + kind + `</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">` + amount + `</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>`
	}
	return []byte(`<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>S</MsgId></GrpHdr><Stmt><Id>1</Id>` +
		`<Acct><Id><Othr><Id>6222020000000001</Id></Othr></Id></Acct>` + balance("OPBD", "0.00") + balance("CLBD", amount) +
		`<Ntry><Amt Ccy="CNY">` + amount + `</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><AcctSvcrRef>B-1</AcctSvcrRef>` +
		`<NtryDtls><TxDtls><Refs><EndToEndId>` + reference + `</EndToEndId></Refs><RltdPties><Dbtr><Nm>` + from + `</Nm></Dbtr></RltdPties></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>`)
}
