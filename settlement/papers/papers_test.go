package papers_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/paper"
	"github.com/pointgrid/pointgrid/settlement/papers"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/payment/paymenttest"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
)

const skyID = "2026-11-21.sky"

type archive struct {
	*settlementtest.Stand
	payments *paymenttest.Memory
	p        *papers.Service
}

func newArchive(t *testing.T) *archive {
	a := &archive{Stand: settlementtest.New(t), payments: paymenttest.NewMemory()}
	a.p = papers.New(papers.Options{Ledger: a.Ledger, Payments: a.payments, Liability: a.Points, Dir: a.Dir, Zone: a.Zone.Location,
		Accounts: paper.Accounts{Receivable: "1122.{partner}", Payable: "2202.{partner}", Settlement: "2203", Bank: "1002"},
		Names:    map[string]string{"": "华光电力 <U>", "sky": "云程航空 Sky"}})
	return a
}

func (a *archive) settlement(id string) *settlement.Settlement {
	a.T.Helper()
	one, err := a.Store.Settlement(context.Background(), id)
	if err != nil {
		a.T.Fatal(err)
	}
	return one
}

func (a *archive) sheet(id string) []byte {
	a.T.Helper()
	f, _, err := a.p.Sheet(context.Background(), a.settlement(id))
	if err != nil {
		a.T.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		a.T.Fatal(err)
	}
	return b
}

func TestASpreadsheetIsMadeOnceFromTheLedgersWindow(t *testing.T) {
	a := newArchive(t)
	a.In("sky", 5000)
	a.Out("sky", 700)
	a.In("mart", 100)
	a.Night()
	first := a.sheet(skyID)
	f, err := excelize.OpenReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("明细 Transfers")
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if net, err := f.CalcCellValue("汇总 Summary", "I8", excelize.Options{RawCellValue: true}); err != nil || net != "43" {
		t.Errorf("the net is %q, %v", net, err)
	}
	if again := a.sheet(skyID); !bytes.Equal(first, again) {
		t.Error("the second one is another file")
	}
	one := a.settlement("2026-11-21.mart")
	one.Lines++
	if _, _, err := a.p.Sheet(context.Background(), one); !errors.Is(err, settlement.ErrMismatch) {
		t.Errorf("with a line more: %v", err)
	}
}

func TestAPartnersTextBecomesNeitherFormulaNorMarkup(t *testing.T) {
	a := newArchive(t)
	const evil = `=HYPERLINK("http://x")<script>`
	a.Convert("sky", 100, evil)
	a.Night()
	f, err := excelize.OpenReader(bytes.NewReader(a.sheet(skyID)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if formula, err := f.GetCellFormula("明细 Transfers", "P2"); err != nil || formula != "" {
		t.Errorf("the reference is the formula %q, %v", formula, err)
	}
	if text, err := f.GetCellValue("明细 Transfers", "P2"); err != nil || text != evil {
		t.Errorf("the reference is %q, %v", text, err)
	}
	one := a.settlement(skyID)
	one.Marks = append(one.Marks, ledger.SettlementMark{Step: ledger.SettlementDisputed, Text: evil})
	page, err := a.p.Page(context.Background(), one, nil)
	if err != nil || bytes.Contains(page, []byte("<script>")) || !bytes.Contains(page, []byte("华光电力 &lt;U&gt;")) || bytes.Contains(page, []byte("ZgotmplZ")) {
		t.Errorf("%v\n%s", err, page)
	}
}

func TestAPageSaysWhatWasSigned(t *testing.T) {
	a := newArchive(t)
	a.In("sky", 5000)
	a.Night()
	one := a.settlement(skyID)
	page, err := a.p.Page(context.Background(), one, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"50.000000", ">50.00<", one.Digest.String(), one.Figures.Root.String(), "双边轧差 bilateral", "云程航空 Sky", "已轧差 netted", "size: A4"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("%q is not on the page:\n%s", want, page)
		}
	}
	one.State = settlement.Closed
	if _, err := a.p.Page(context.Background(), one, nil); !errors.Is(err, papers.ErrNotNetted) {
		t.Errorf("of a closed window: %v", err)
	}
}

func TestTheJournalHasWhatIsOwedAndWhatTheBankConfirmed(t *testing.T) {
	a, ctx := newArchive(t), context.Background()
	a.In("sky", 5000)
	a.Night()
	o := &payment.Order{ID: "PG-1", State: payment.Released, Settlements: []string{skyID}, Version: 1}
	for i, state := range []payment.PaymentState{payment.Returned, payment.Confirmed} {
		o.Payments = append(o.Payments, payment.Payment{Reference: string(rune('a' + i)), Order: o.ID, Settlement: skyID, Partner: "sky", Channel: netting.Bilateral,
			Attempt: int64(i + 1), Payer: "sky", Cents: 5000, State: state, ConfirmedOn: 20_780, Version: 1})
	}
	if err := a.payments.CreateOrder(ctx, o); err != nil {
		t.Fatal(err)
	}
	got, err := a.p.Journal(ctx, a.settlement(skyID))
	want := `date,voucher,account,partner,debit_cny,credit_cny,text
2026-11-21,A-2026-11-21-sky-bilateral,1122.sky,sky,50.00,,"points settlement 2026-11-21, bilateral"
2026-11-21,A-2026-11-21-sky-bilateral,2203,sky,,50.00,"points settlement 2026-11-21, bilateral"
2026-11-23,P-2026-11-21-sky-utility-bilateral,1002,sky,50.00,,"payment of points settlement 2026-11-21, bilateral"
2026-11-23,P-2026-11-21-sky-utility-bilateral,1122.sky,sky,,50.00,"payment of points settlement 2026-11-21, bilateral"
`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestTheLiabilityReportClosesAndAgreesWithTheLedger(t *testing.T) {
	a, ctx := newArchive(t), context.Background()
	day := ledger.DateOf(a.Now)
	a.In("sky", 5000)
	a.Out("mart", 700) // 700 earned and converted
	a.Night()
	a.Give(settlementtest.Utility, &ledger.Issue{Account: settlementtest.Member, Amount: 40, Expiry: ledger.DateOf(a.Now).Month() + 2})
	a.Night()
	whole, err := a.p.Liability(ctx, day, day+1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.p.Liability(ctx, day+1, day+1)
	if err != nil {
		t.Fatal(err)
	}
	members := int64(0)
	if err := a.Ledger.Balances(ctx, "EPT", func(b ledger.Balance) error {
		if len(b.Account) == 32 {
			members += b.Amount
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	closing := func(r *papers.Report) (opening, closing int64) {
		for _, m := range r.Months {
			if m.Opening+m.Earned+m.ConvertedIn-m.ConvertedOut-m.Redeemed-m.Expired != m.Closing {
				t.Errorf("month %s does not close: %+v", m.Expiry, m)
			}
			opening += m.Opening
			closing += m.Closing
		}
		return opening, closing
	}
	if open, left := closing(whole); open != 0 || left != members || members != 5040 {
		t.Errorf("opening %d, closing %d, members have %d", open, left, members)
	}
	if open, left := closing(second); open != 5000 || left != members {
		t.Errorf("the second day: opening %d, closing %d", open, left)
	}
	if whole.Ended != 700 || whole.Expired != 0 {
		t.Errorf("%d of %d expired", whole.Expired, whole.Ended)
	}
	if _, err := a.p.Liability(ctx, day, day+2); !errors.Is(err, papers.ErrNotCounted) {
		t.Errorf("with the open window: %v", err)
	}
	if _, err := a.p.Liability(ctx, day+1, day); !errors.Is(err, papers.ErrInvalid) {
		t.Errorf("backwards: %v", err)
	}
}

// An adjustment that was accepted in a later window is on that window's papers.
func TestAnAdjustmentIsOnThePapersOfTheWindowInWhichItWasAccepted(t *testing.T) {
	a := newArchive(t)
	a.In("sky", 5000)
	a.Night()
	proposed := a.Give(settlementtest.Utility, &ledger.ProposeAdjustment{Partner: "sky", Value: -10_000_000, Window: a.settlement(skyID).Window, Reference: "b", Reason: "twice"})
	a.Now = a.Now.Add(time.Hour)
	a.Give(settlementtest.Airline, &ledger.AcceptAdjustment{Adjustment: proposed.Transfer.ID, Partner: "sky", Value: -10_000_000})
	a.Night()
	first, second := a.settlement(skyID), a.settlement("2026-11-22.sky")
	if first.Figures.Pay != 5000 || second.Figures.Receive != 1000 {
		t.Errorf("first %+v, second %+v", first.Figures, second.Figures)
	}
	page, err := a.p.Page(context.Background(), second, nil)
	if err != nil || !strings.Contains(string(page), "-10.000000") || !strings.Contains(string(page), "调整 adjustments") {
		t.Errorf("%v\n%s", err, page)
	}
	f, err := excelize.OpenReader(bytes.NewReader(a.sheet("2026-11-22.sky")))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if kind, err := f.GetCellValue("明细 Transfers", "B2"); err != nil || kind != "adjustment" {
		t.Errorf("the line is %q, %v", kind, err)
	}
}
