package console_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
	"github.com/pointgrid/pointgrid/web/signin"
)

func TestTheCalendarShowsEachNightInItsWorstState(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	w.report(finding("sky", d, 3))
	ctx := t.Context()
	_, err := w.signing.Propose(ctx, w.person("maker"), settlement.ID(d, "mart"))
	must(t, err)
	b := w.signedIn("viewer")
	got := b.Get("/console")
	pagetest.Want(t, "calendar", got, http.StatusOK, "November 2026", `href="/console/nights/`+d.String()+`"`, "Netted", "1 break", "Nothing waits for you")
	if strings.Contains(got.Body, ">Proposed<") {
		t.Error("the night is shown in the better of two states")
	}
	pagetest.Want(t, "a month before", b.Get("/console?month=2026-10"), http.StatusOK, "October 2026", "No nights in this month", "month=2026-11")
	pagetest.Want(t, "what is no month", b.Get("/console?month=soon"), http.StatusOK, "November 2026")
	pagetest.Want(t, "a month to come", b.Get("/console?month=2099-01"), http.StatusOK, "November 2026")
}

func TestWhatWaitsIsSaidToEverybodyApart(t *testing.T) {
	w := newWorld(t)
	first, second := w.night(), w.night()
	w.report(finding("sky", first, 3))
	ctx := t.Context()
	_, err := w.signing.Propose(ctx, w.person("maker"), settlement.ID(second, "sky"))
	must(t, err)
	for login, parts := range map[string][]string{
		"maker":        {"settlements for you to put forward", "breaks without a proposal"},
		"checker":      {"settlements for you to sign", `href="/console/settlements/` + settlement.ID(second, "sky")},
		"sky.finance":  {"settlements for your company to acknowledge"},
		"mart.finance": {"Nothing waits for you"},
	} {
		pagetest.Want(t, login, w.signedIn(login).Get("/console"), http.StatusOK, parts...)
	}
	if got := w.signedIn("checker").Get("/console"); strings.Contains(got.Body, "put forward</span>") {
		t.Error("the checker is asked to propose")
	}
}

func TestANightTellsHowWhatWasBroughtIsPaid(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	got := w.signedIn("viewer").Get("/console/nights/" + d.String())
	pagetest.Want(t, "night", got, http.StatusOK, "Sky &lt;Air&gt;", "Mart", "CNY 100.45", "CNY 45.05", `aria-label="Who owes whom"`, "CNY 130.45", "No banking day")
	mine := w.signedIn("sky.finance").Get("/console/nights/" + d.String())
	pagetest.Want(t, "the partner's own", mine, http.StatusOK, "CNY 100.45", "You pay")
	for path, status := range map[string]int{"/console/nights/2026-01-01": 404, "/console/nights/soon": 404} {
		pagetest.Want(t, path, w.signedIn("viewer").Get(path), status)
	}
}

func TestPapersAreThoseOfTheNight(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	id := "/console/settlements/" + settlement.ID(d, "sky")
	b := w.signedIn("viewer")
	statement := b.Get(id + "/statement.csv")
	pagetest.Want(t, "CSV", statement, http.StatusOK, "net owed by partner")
	if statement.Header.Get("Repr-Digest") == "" || !strings.Contains(statement.Header.Get("Content-Disposition"), ".sky.csv") {
		t.Errorf("the statement has the headers %v", statement.Header)
	}
	sheet := b.Get(id + "/statement.xlsx")
	book, err := excelize.OpenReader(strings.NewReader(sheet.Body))
	must(t, err)
	rows, err := book.GetRows("明细 Transfers")
	must(t, err)
	if len(rows) != 4 { // a head and three transfers; those of the other partner are not in it
		t.Errorf("the spreadsheet has %d rows: %v", len(rows), rows)
	}
	journal, err := csv.NewReader(strings.NewReader(b.Get(id + "/journal.csv").Body)).ReadAll()
	must(t, err)
	if len(journal) != 3 || journal[1][2] != "1122.sky" || journal[1][4] != "100.45" {
		t.Errorf("the journal is %v", journal)
	}
	pagetest.Want(t, "the journal is the utility's", w.signedIn("sky.finance").Get(id+"/journal.csv"), http.StatusForbidden)
	pagetest.Want(t, "print", b.Get(id+"/print"), http.StatusOK, "积分结算单", "100.45", "Points settlement")
}

func TestLinesArePagedByTheirPlaceInTheFile(t *testing.T) {
	w := newWorld(t)
	for n := range 120 {
		w.stand.In("sky", int64(n+1))
	}
	d := w.stand.Night()[0].Window
	b := w.signedIn("sky.finance")
	next, seen := "/console/settlements/"+settlement.ID(d, "sky")+"/lines", 0
	for next != "" {
		got := b.Get(next)
		pagetest.Want(t, next, got, http.StatusOK)
		seen += strings.Count(got.Body, `data-label="#"`)
		_, rest, more := strings.Cut(got.Body, `rel="next" href="`)
		if next, _, _ = strings.Cut(rest, `"`); !more {
			next = ""
		}
	}
	if seen != 120 {
		t.Errorf("the pages show %d lines, want 120", seen)
	}
	for _, at := range []string{"17", "99999999", "-1", "x"} {
		if got := b.Get("/console/settlements/" + settlement.ID(d, "sky") + "/lines?at=" + at); got.Status >= 500 {
			t.Errorf("a link into the middle of a line: %d", got.Status)
		}
	}
}

func TestTheWayFromProposedToSettled(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	id := "/console/settlements/" + settlement.ID(d, "sky")
	maker, checker, partner := w.signedIn("maker"), w.signedIn("checker"), w.signedIn("sky.finance")
	pagetest.Want(t, "propose", maker.Send(id+"/propose", url.Values{}), http.StatusOK, "Put forward to be signed.", "checker and the partner are to sign")
	sign := checker.Get(id + "/sign")
	pagetest.Want(t, "what is signed", sign, http.StatusOK, "CNY 100.45")
	_, rest, _ := strings.Cut(sign.Body, `name="digest" value="`)
	digest, _, _ := strings.Cut(rest, `"`)
	pagetest.Want(t, "another digest", checker.Send(id+"/sign", url.Values{"digest": {strings.Repeat("0", 64)}}), http.StatusConflict, "look again, then sign")
	pagetest.Want(t, "dispute without a reason", partner.Send(id+"/dispute", url.Values{}), http.StatusConflict, "Give a reason")
	pagetest.Want(t, "sign", checker.Send(id+"/sign", url.Values{"digest": {digest}}), http.StatusOK, "Signed.", "The partner is to acknowledge it")
	pagetest.Want(t, "acknowledge", partner.Send(id+"/acknowledge", url.Values{"digest": {digest}}), http.StatusOK, "Both sides have signed", "Name of sky.finance")
	if got := partner.Get(id); strings.Contains(got.Body, "Name of maker") {
		t.Error("the partner sees the names of the utility's people")
	}
	pagetest.Want(t, "simulation", maker.Get("/console/payments/new?settlement="+settlement.ID(d, "sky")), http.StatusOK, "Exposure simulation", "CNY 1,000.00")
	order := maker.Send("/console/payments/new", url.Values{"settlement": {settlement.ID(d, "sky")}})
	pagetest.Want(t, "prepare", order, http.StatusOK, "waits to be released")
	pagetest.Want(t, "the maker's own", maker.Send(order.Path+"/release", url.Values{}), http.StatusForbidden)
	pagetest.Want(t, "release", checker.Send(order.Path+"/release", url.Values{}), http.StatusOK, "Released.")
	pagetest.Want(t, "twice in an order", maker.Send("/console/payments/new", url.Values{"settlement": {settlement.ID(d, "sky")}}), http.StatusConflict, "This was not done")
	pagetest.Want(t, "the partner's instruction", partner.Get(id+"/instruction.xml"), http.StatusOK, "<Document", "100.45")
	ours := settlement.ID(d, "sky") + "/B"
	pagetest.Want(t, "too little", maker.Upload("/console/payments/bank", url.Values{}, "low.xml", camt053(ours, "Sky Air", "100.40")), http.StatusOK, "CNY 100.40", "CNY 100.45", "/console/breaks/")
	pagetest.Want(t, "a reference of nobody", maker.Upload("/console/payments/bank", url.Values{}, "other.xml", camt053("WHO-1", "Sky Air", "7.00")), http.StatusOK, "WHO-1")
	pagetest.Want(t, "what matches", maker.Upload("/console/payments/bank", url.Values{}, "bank.xml", camt053(ours, "Sky Air", "100.45")), http.StatusOK, "Entries read: 1. Settlements settled by it: 1.")
	pagetest.Want(t, "the end", partner.Get(id), http.StatusOK, ">Settled<")
	pagetest.Want(t, "the same file again", maker.Upload("/console/payments/bank", url.Values{}, "bank.xml", camt053(ours, "Sky Air", "100.45")), http.StatusOK, "nothing")
	pagetest.Want(t, "a file that is none", checker.Upload("/console/payments/bank", url.Values{}, "x.xml", []byte("<x/>")), http.StatusUnprocessableEntity, "This was not done")
}

func TestOneWhoIsMakerAndCheckerCannotSignAlone(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	w.report(finding("sky", d-1, 9))
	id := "/console/settlements/" + settlement.ID(d, "sky")
	b := w.signedIn("both")
	pagetest.Want(t, "propose", b.Send(id+"/propose", url.Values{}), http.StatusOK)
	sign := b.Get(id + "/sign")
	_, rest, _ := strings.Cut(sign.Body, `name="digest" value="`)
	digest, _, _ := strings.Cut(rest, `"`)
	pagetest.Want(t, "sign", b.Send(id+"/sign", url.Values{"digest": {digest}}), http.StatusConflict, "must be two people")
	one := "/console/breaks/" + finding("sky", d-1, 9).ID
	pagetest.Want(t, "propose", b.Send(one+"/propose", url.Values{"version": {"1"}, "action": {"accept"}, "text": {"x"}}), http.StatusOK, "Another person than the maker decides")
	pagetest.Want(t, "approve", b.Send(one+"/approve", url.Values{"version": {"2"}}), http.StatusUnprocessableEntity, "must be two people")
}

func TestAStatementIsAcceptedOrRefusedWithLineAndColumn(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	b := w.signedIn("sky.finance")
	pagetest.Want(t, "what is missing", b.Get("/console/statements"), http.StatusOK, "Still to come", d.String(), "up to 8 MiB")
	head, form := "reference,membership,type,amount,date\n", func() url.Values { return url.Values{"day": {d.String()}, "partner": {"mart"}} }
	bad := b.Upload("/console/statements", form(), "bad.csv", []byte(head+"R-1,M-1,debit,12x,"+d.String()+"\n"))
	pagetest.Want(t, "a wrong amount", bad, http.StatusUnprocessableEntity, "bad.csv was refused", "12x", `class="number">2`, "amount (D)")
	good := []byte(head + "R-1,M-1,debit,12," + d.String() + "\ntotal,,,12,\n")
	pagetest.Want(t, "a right one", b.Upload("/console/statements", form(), "good.csv", good), http.StatusOK, "good.csv was accepted", "1 line.")
	pagetest.Want(t, "the same again", b.Upload("/console/statements", form(), "good.csv", good), http.StatusOK, "nothing changed")
	found, err := w.statements.Current(t.Context(), "sky", d)
	if must(t, err); found.Partner != "sky" {
		t.Errorf("the statement counts for %s", found.Partner)
	}
	pagetest.Want(t, "the file", b.Get("/console/statements/"+found.ID.String()), http.StatusOK, "Name of sky.finance", found.Digest.String())
	pagetest.Want(t, "of another company", w.signedIn("mart.finance").Get("/console/statements/"+found.ID.String()), http.StatusNotFound)
	pagetest.Want(t, "too large", b.Upload("/console/statements", form(), "x.csv", make([]byte, 9<<20)), http.StatusForbidden)
	pagetest.Want(t, "of a day to come", b.Upload("/console/statements", url.Values{"day": {"2027-01-01"}}, "x.csv", good), http.StatusUnprocessableEntity, "has not ended")
	pagetest.Want(t, "without a file", b.Send("/console/statements", form()), http.StatusUnprocessableEntity, "No file was chosen")
	pagetest.Want(t, "larger than a form is elsewhere", b.Upload("/console/statements", form(), "x.csv", append([]byte(head), bytes.Repeat([]byte("x"), 3<<20)...)), http.StatusUnprocessableEntity, "refused")
}

func TestTheLiabilityReportClosesAndLeadsToWhatIsBehind(t *testing.T) {
	w := newWorld(t)
	w.night()
	d := w.night()
	b := w.signedIn("viewer")
	got := b.Get("/console/reports/liability?from=" + d.String() + "&to=" + d.String())
	// A night brings 13,045 in, issues 7,505 and takes as many out.
	pagetest.Want(t, "report", got, http.StatusOK, "26,090", "13,045", "7,505", "2027-11")
	behind := b.Get("/console/reports/liability/2027-11?from=" + d.String() + "&to=" + d.String() + "&all=1")
	pagetest.Want(t, "behind", behind, http.StatusOK, "26,090", `href="/console/nights/`+d.String())
	pagetest.Want(t, "no period", b.Get("/console/reports/liability?from=x&to=y"), http.StatusUnprocessableEntity, "Not a period")
	pagetest.Want(t, "no month", b.Get("/console/reports/liability/x"), http.StatusNotFound)
}

func TestAccountsAreAddedChangedResetAndClosed(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("admin")
	added := b.Send("/console/users", url.Values{"login": {"new.one"}, "name": {"New <One>"}, "role": {"maker"}})
	pagetest.Want(t, "add", added, http.StatusOK, "One-time password", "New &lt;One&gt;", "Password to be changed")
	pagetest.Want(t, "again", b.Send("/console/users", url.Values{"login": {"new.one"}, "name": {"x"}, "role": {"maker"}}), http.StatusUnprocessableEntity, "there already")
	pagetest.Want(t, "a role of partners", b.Send("/console/users", url.Values{"login": {"new.two"}, "name": {"x"}, "role": {"finance"}}), http.StatusUnprocessableEntity, "not one of this company")
	pagetest.Want(t, "to a partner", b.Send("/console/users", url.Values{"company": {"sky"}, "login": {"sky.two"}, "name": {"x"}, "role": {"finance"}}), http.StatusOK, "Sky &lt;Air&gt;")
	pagetest.Want(t, "roles", b.Send("/console/users/new.one/roles", url.Values{"role": {"checker", "viewer"}}), http.StatusOK, "The roles of New &lt;One&gt; are changed")
	if u, err := w.staff.UserByLogin(t.Context(), "new.one"); err != nil || !u.Has(signin.Checker) || u.Has(signin.Maker) {
		t.Errorf("the user is %+v, %v", u, err)
	}
	pagetest.Want(t, "no role", b.Send("/console/users/new.one/roles", url.Values{}), http.StatusUnprocessableEntity, "at least one role")
	maker := w.signedIn("maker")
	pagetest.Want(t, "disable", b.Send("/console/users/maker/disable", url.Values{}), http.StatusOK, "Closed")
	if got := maker.Get("/console"); got.Path != "/console/sign-in" {
		t.Errorf("the session of a closed account goes on: %s", got.Path)
	}
	pagetest.Want(t, "reset", b.Send("/console/users/maker/reset", url.Values{}), http.StatusOK, "One-time password")
	for _, step := range []string{"disable", "reset", "roles"} {
		pagetest.Want(t, "oneself: "+step, b.Send("/console/users/admin/"+step, url.Values{"role": {"viewer"}}), http.StatusUnprocessableEntity, "your own")
	}
	pagetest.Want(t, "one that is not there", b.Get("/console/users/nobody"), http.StatusNotFound)
	for _, line := range []string{"staff account added", "staff account's roles changed", "staff account disabled", "staff account reset"} {
		if !strings.Contains(w.log.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
	if strings.Contains(w.log.String(), "new.one") {
		t.Error("the log has a login")
	}
}

func TestEveryRuleOfStatementFilesIsSaidInBothLanguages(t *testing.T) {
	w := newWorld(t)
	for _, name := range statementfile.Rules() {
		if !w.pages.Has("console.rule." + name) {
			t.Errorf("there are no words for the rule %s", name)
		}
	}
	d := w.night()
	b := w.signedIn("sky.finance")
	b.Header.Set("Accept-Language", "zh-CN")
	file := "reference,membership,type,amount,date\nR-1,M-1,debit,12x," + d.String() + "\n"
	got := b.Upload("/console/statements", url.Values{"day": {d.String()}}, "bad.csv", []byte(file))
	pagetest.Want(t, "a wrong amount", got, http.StatusUnprocessableEntity, "金额只写数字，例如 123456", "缺少合计行")
	for _, english := range []string{"no line of totals", "without units"} {
		if strings.Contains(got.Body, english) {
			t.Errorf("the Chinese page says %q", english)
		}
	}
}

func TestABankEntryOfNobodyIsACaseThatSaysSo(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	must(t, w.desk.Report(t.Context(), d, []desk.Finding{{ID: strings.Repeat("ab", 16), Window: d, Type: "payment", Movement: "payment", Reference: "WHO-1",
		Theirs: &desk.Book{Lines: 1, Amount: 700, Status: "credit"}, Differs: []string{"unknown_reference"}}}))
	maker, one := w.signedIn("maker"), "/console/breaks/"+strings.Repeat("ab", 16)
	list := maker.Get("/console/breaks?type=payment")
	pagetest.Want(t, "list", list, http.StatusOK, "not known", "WHO-1", `value="payment" selected`)
	got := maker.Get(one)
	pagetest.Want(t, "case", got, http.StatusOK, "CNY 7.00", "credit (received)", "Unknown reference", "nobody knows whose it is", `value="move_on"`)
	for _, wrong := range []string{`/console/settlements/` + d.String() + `.&#34;`, `value="adjust"`, `value="return"`, `name="value"`} {
		if strings.Contains(got.Body, wrong) {
			t.Errorf("the case has %s", wrong)
		}
	}
	pagetest.Want(t, "return", maker.Send(one+"/propose", url.Values{"version": {"1"}, "action": {"return"}, "text": {"x"}}), http.StatusUnprocessableEntity, "nobody knows whose it is")
	pagetest.Want(t, "another company's", w.signedIn("sky.finance").Get(one), http.StatusNotFound)
	pagetest.Want(t, "accept", maker.Send(one+"/propose", url.Values{"version": {"1"}, "action": {"accept"}, "text": {"the bank's own fee"}}), http.StatusOK)
	pagetest.Want(t, "approve", w.signedIn("checker").Send(one+"/approve", url.Values{"version": {"2"}}), http.StatusOK, "Resolved")
}

func TestWhoIsSlowerSeesWhatChangedAndKeepsTheText(t *testing.T) {
	w := newWorld(t)
	d := w.night()
	w.report(finding("sky", d, 3))
	one := "/console/breaks/" + finding("sky", d, 3).ID
	pagetest.Want(t, "comment", w.signedIn("checker").Send(one+"/comment", url.Values{"version": {"1"}, "text": {"I have called <them>"}}), http.StatusOK)
	maker := w.signedIn("maker")
	late := maker.Send(one+"/propose", url.Values{"version": {"1"}, "action": {"write_off"}, "value": {"3"}, "text": {"too <small> to ask"}})
	pagetest.Want(t, "the conflict", late, http.StatusConflict, "too &lt;small&gt; to ask", "I have called &lt;them&gt;", "Name of checker", `value="write_off" required checked`, `name="version" value="2"`, `class="number" value="3"`)
	if c, err := w.desk.Case(t.Context(), desk.Person{}, finding("sky", d, 3).ID); err != nil || c.State != desk.Open {
		t.Errorf("the case is %+v, %v", c, err)
	}
	pagetest.Want(t, "again", maker.Send(one+"/propose", url.Values{"version": {"2"}, "action": {"write_off"}, "value": {"3"}, "text": {"too small to ask"}}), http.StatusOK, "Another person than the maker decides")
}

func TestThePartnerAnswersAnAdjustment(t *testing.T) {
	for do, state := range map[string]desk.State{"accept": desk.Resolved, "reject": desk.Open} {
		t.Run(do, func(t *testing.T) {
			w := newWorld(t)
			d := w.night()
			w.report(finding("sky", d, 3))
			one := "/console/breaks/" + finding("sky", d, 3).ID
			maker, checker, partner := w.signedIn("maker"), w.signedIn("checker"), w.signedIn("sky.finance")
			pagetest.Want(t, "propose", maker.Send(one+"/propose", url.Values{"version": {"1"}, "action": {"adjust"}, "value": {"-1.5"}, "text": {"counted twice"}}), http.StatusOK)
			pagetest.Want(t, "too early", partner.Send(one+"/answer", url.Values{"version": {"2"}, "do": {do}, "text": {"x"}}), http.StatusUnprocessableEntity)
			pagetest.Want(t, "approve", checker.Send(one+"/approve", url.Values{"version": {"2"}}), http.StatusOK)
			seen := partner.Get(one)
			pagetest.Want(t, "what is asked", seen, http.StatusOK, `name="do" value="accept"`, "1.50")
			pagetest.Want(t, "not the utility's to answer", checker.Send(one+"/answer", url.Values{"version": {"3"}, "do": {do}}), http.StatusForbidden)
			pagetest.Want(t, "another company's", w.signedIn("mart.finance").Send(one+"/answer", url.Values{"version": {"3"}, "do": {do}}), http.StatusNotFound)
			pagetest.Want(t, do, partner.Send(one+"/answer", url.Values{"version": {"3"}, "do": {do}, "text": {"because"}}), http.StatusOK)
			c, err := w.desk.Case(t.Context(), desk.Person{}, finding("sky", d, 3).ID)
			if must(t, err); c.State != state {
				t.Errorf("the case is %s, want %s", c.State, state)
			}
			if do == "accept" && w.stand.Owed("sky") != 100_450_000-1_500_000 {
				t.Errorf("the airline owes %d", w.stand.Owed("sky"))
			}
		})
	}
}
