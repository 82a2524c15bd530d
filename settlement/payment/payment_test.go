package payment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/desk/desktest"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/payment/paymenttest"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
)

var (
	maker   = desk.Person{ID: "maker"}
	checker = desk.Person{ID: "checker"}
	airline = desk.Person{Company: "sky", ID: "finance"}
	shop    = desk.Person{Company: "mart", ID: "finance"}

	parties = payment.Parties{Utility: bank.Party{Name: "华东电力有限公司", Account: "1001234509876543210", CNAPS: "102290000012"},
		Partners: map[string]bank.Party{"sky": {Name: "云程航空", Account: "6222-0000-1111", BIC: "ICBKCNBJ"}, "mart": {Name: "邻里商超", Account: "330660001", CNAPS: "105100000017"}}}
)

const (
	skyID  = "2026-11-21.sky"
	martID = "2026-11-21.mart"
)

// counter is the utility's office where payments are made.
type counter struct {
	*settlementtest.Stand
	t     *testing.T
	store *paymenttest.Memory
	desk  *desk.Desk
	cases *desktest.Memory
	p     *payment.Service
}

// newCounter has a night that is signed, after which sky pays 50 yuan and mart is
// paid 30.
func newCounter(t *testing.T, policies ...netting.Policy) *counter {
	c := &counter{Stand: settlementtest.New(t, policies...), t: t, store: paymenttest.NewMemory(), cases: desktest.NewMemory()}
	c.desk = desk.New(desk.Options{Store: c.cases, DueDays: 3, Now: c.Clock})
	c.In("sky", 5000)
	c.Out("mart", 3000)
	c.signAll(c.Night())
	c.p = c.process(&settlementtest.Kill{At: -1})
	return c
}

// process is a gateway that ends when it is killed.
func (c *counter) process(k *settlementtest.Kill) *payment.Service {
	holidays, err := calendar.China()
	if err != nil {
		c.t.Fatal(err)
	}
	return payment.New(payment.Options{Ledger: settlementtest.Ledger{Memory: c.Ledger, Kill: k}, Settlements: settlementtest.Store{Memory: c.Stand.Store, Kill: k},
		Store: dying{c.store, k}, Desk: dyingDesk{c.desk, k}, Parties: parties, MSP: "UtilityMSP", Subject: "gateway", Holidays: holidays,
		Zone: c.Zone.Location, Now: c.Clock, Logger: slog.New(slog.DiscardHandler)})
}

// dying is a store that is written to until the kill.
type dying struct {
	*paymenttest.Memory
	k *settlementtest.Kill
}

func (d dying) CreateOrder(ctx context.Context, o *payment.Order) error {
	return d.k.Write(func() error { return d.Memory.CreateOrder(ctx, o) })
}

func (d dying) UpdateOrder(ctx context.Context, o *payment.Order) error {
	return d.k.Write(func() error { return d.Memory.UpdateOrder(ctx, o) })
}

func (d dying) UpdatePayment(ctx context.Context, p *payment.Payment) error {
	return d.k.Write(func() error { return d.Memory.UpdatePayment(ctx, p) })
}

func (d dying) SaveReading(ctx context.Context, r *payment.Reading) error {
	return d.k.Write(func() error { return d.Memory.SaveReading(ctx, r) })
}

type dyingDesk struct {
	*desk.Desk
	k *settlementtest.Kill
}

func (d dyingDesk) Report(ctx context.Context, w ledger.Date, all []desk.Finding) error {
	return d.k.Write(func() error { return d.Desk.Report(ctx, w, all) })
}

// signAll takes settlements to signed, as everybody would.
func (c *counter) signAll(all []settlement.Settlement) {
	c.t.Helper()
	ctx := context.Background()
	for _, one := range all {
		if _, err := c.Conclude(ctx, one.ID); err != nil {
			c.t.Fatal(err)
		}
		on, err := c.Ledger.Settlement(ctx, one.Partner, one.Window)
		if err != nil {
			c.t.Fatal(err)
		}
		partner := map[string]ledger.Identity{"sky": settlementtest.Airline, "mart": settlementtest.Shop}[one.Partner]
		for _, step := range []struct {
			who  ledger.Identity
			step ledger.SettlementStep
		}{{ledger.Identity{MSP: "UtilityMSP", Subject: "maker"}, ledger.SettlementProposed}, {ledger.Identity{MSP: "UtilityMSP", Subject: "checker"}, ledger.SettlementSigned}, {partner, ledger.SettlementSigned}} {
			c.Give(step.who, &ledger.AdvanceSettlement{Partner: one.Partner, Window: one.Window, Step: step.step, Digest: on.Digest()})
		}
		if on, err = c.Ledger.Settlement(ctx, one.Partner, one.Window); err != nil {
			c.t.Fatal(err)
		}
		passed, err := one.Since(&on, c.Now)
		if err == nil {
			err = c.Stand.Store.SaveSettlements(ctx, passed)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *counter) prepare(ids ...string) *payment.Order {
	c.t.Helper()
	o, err := c.p.Prepare(context.Background(), maker, ids)
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}

func (c *counter) release(ids ...string) *payment.Order {
	c.t.Helper()
	o, err := c.p.Release(context.Background(), checker, c.prepare(ids...).ID)
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}

// entry is a movement on the utility's account.
type entry struct {
	ref, party, amount string
	out                bool
	bankRef            string
	extra              string // elements of the entry
}

// statement is a camt.054 of the utility's account.
func statement(entries ...entry) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N</MsgId></GrpHdr>` +
		`<Ntfctn><Id>1</Id><Acct><Id><Othr><Id>1001234509876543210</Id></Othr></Id></Acct>`)
	for _, e := range entries {
		sign, side := "CRDT", "Dbtr"
		if e.out {
			sign, side = "DBIT", "Cdtr"
		}
		fmt.Fprintf(&b, `<Ntry><Amt Ccy="CNY">%s</Amt><CdtDbtInd>%s</CdtDbtInd>%s<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-23</Dt></BookgDt><AcctSvcrRef>%s</AcctSvcrRef>`+
			`<NtryDtls><TxDtls><Refs><EndToEndId>%s</EndToEndId></Refs><RltdPties><%s><Nm>%s</Nm></%s></RltdPties></TxDtls></NtryDtls></Ntry>`,
			e.amount, sign, e.extra, e.bankRef, e.ref, side, e.party, side)
	}
	b.WriteString(`</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`)
	return b.String()
}

var (
	fromSky = entry{ref: skyID + "/B", party: "云程航空", amount: "50.00", bankRef: "B-1"}
	toMart  = entry{ref: martID + "/B", party: "邻里商超", amount: "30.00", out: true, bankRef: "B-2"}
)

func (c *counter) read(file string) *payment.Reading {
	c.t.Helper()
	r, err := c.p.Confirm(context.Background(), maker, "bank.xml", strings.NewReader(file))
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *counter) state(id string) settlement.State {
	c.t.Helper()
	one, err := c.Stand.Store.Settlement(context.Background(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return one.State
}

func (c *counter) breaks() (all []*desk.Case) {
	c.t.Helper()
	all, err := c.cases.Cases(context.Background(), desk.Filter{Type: payment.BreakType}, desk.ByWindow, nil, 100)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func TestASignedNightIsPaidAndSettled(t *testing.T) {
	c, ctx := newCounter(t), context.Background()
	payable, err := c.p.Payable(ctx, maker)
	if err != nil || len(payable) != 2 || payable[0].ID != martID {
		t.Fatalf("payable are %+v, %v", payable, err)
	}
	o := c.release(skyID, martID)
	if pays, receives := o.Cents(); o.State != payment.Released || pays != 3000 || receives != 5000 || o.Execute.String() != "2026-11-23" {
		t.Errorf("released %+v", o)
	}
	if c.state(skyID) != settlement.Paid || c.Step(martID) != ledger.SettlementPaid || c.Owed("sky") != 50_000_000 {
		t.Errorf("they are %s and %s, sky owes %d", c.state(skyID), c.Step(martID), c.Owed("sky"))
	}
	own, err := c.p.File(ctx, maker, o.ID)
	if err != nil || !strings.Contains(string(own), "<EndToEndId>"+martID+"/B<") || strings.Contains(string(own), skyID) {
		t.Errorf("our file: %v\n%s", err, own)
	}
	theirs, err := c.p.Instruction(ctx, airline, skyID)
	if err != nil || !strings.Contains(string(theirs), "<EndToEndId>"+skyID+"/B<") || !strings.Contains(string(theirs), "<MsgId>P1-"+skyID) ||
		!strings.Contains(string(theirs), "<Dbtr>\n        <Nm>云程航空") {
		t.Errorf("sky's file: %v\n%s", err, theirs)
	}
	r := c.read(statement(fromSky, toMart))
	if !slices.Equal(r.Settled, []string{martID, skyID}) || c.state(skyID) != settlement.Settled || c.Owed("sky") != 0 || c.Owed("mart") != 0 {
		t.Errorf("settled %v; sky is %s and owes %d, mart %d", r.Settled, c.state(skyID), c.Owed("sky"), c.Owed("mart"))
	}
	on, err := c.Stand.Store.Settlement(ctx, skyID)
	if err != nil || on.Marks[len(on.Marks)-1].Text != "B-1" || on.Marks[len(on.Marks)-2].Text != skyID+"/B" || on.Marks[len(on.Marks)-2].By.Subject != "checker" {
		t.Errorf("marks %+v, %v", on.Marks, err)
	}
	if len(c.breaks()) != 0 {
		t.Errorf("breaks %+v", c.breaks())
	}
	if again := c.read(statement(fromSky, toMart)); !again.Replayed || len(again.Settled) != 2 {
		t.Errorf("read again: %+v", again)
	}
	if payable, err := c.p.Payable(ctx, maker); err != nil || len(payable) != 0 {
		t.Errorf("payable are still %+v, %v", payable, err)
	}
}

func TestTheSameOrderGivesTheSameFileByteForByte(t *testing.T) {
	c, ctx := newCounter(t), context.Background()
	o := c.release(skyID, martID)
	first, err := c.p.File(ctx, maker, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	instruction, err := c.p.Instruction(ctx, airline, skyID)
	if err != nil {
		t.Fatal(err)
	}
	c.Now = c.Now.Add(100 * time.Hour)
	later := c.process(&settlementtest.Kill{At: -1}) // after a restart, days later
	if _, err := later.Release(ctx, desk.Person{ID: "third"}, o.ID); err != nil {
		t.Errorf("released again: %v", err)
	}
	second, err := later.File(ctx, maker, o.ID)
	again, err2 := later.Instruction(ctx, airline, skyID)
	if err != nil || err2 != nil || !bytes.Equal(first, second) || !bytes.Equal(instruction, again) {
		t.Errorf("%v, %v\n%s\n%s", err, err2, second, again)
	}
}

func TestFourEyesReleaseAndOnlyTheUtilitys(t *testing.T) {
	c, ctx := newCounter(t), context.Background()
	_, err := c.p.Prepare(ctx, airline, []string{skyID})
	wantErr(t, "prepared by a partner", err, payment.ErrNotPermitted)
	_, err = c.p.Prepare(ctx, maker, []string{"2026-11-20.sky"})
	wantErr(t, "an unknown settlement", err, payment.ErrNotFound)
	_, err = c.p.Prepare(ctx, maker, nil)
	wantErr(t, "nothing", err, payment.ErrInvalid)
	o := c.prepare(skyID)
	if same := c.prepare(skyID); same.ID != o.ID {
		t.Errorf("prepared again it is %s, not %s", same.ID, o.ID)
	}
	_, err = c.p.Prepare(ctx, checker, []string{skyID, martID})
	wantErr(t, "in another order", err, payment.ErrTaken)
	_, err = c.p.File(ctx, maker, o.ID)
	wantErr(t, "a file before the release", err, payment.ErrState)
	_, err = c.p.Instruction(ctx, airline, skyID)
	wantErr(t, "an instruction before the release", err, payment.ErrState)
	_, err = c.p.Release(ctx, maker, o.ID)
	wantErr(t, "released by the maker", err, payment.ErrSamePerson)
	_, err = c.p.Release(ctx, airline, o.ID)
	wantErr(t, "released by a partner", err, payment.ErrNotPermitted)
	_, err = c.p.Withdraw(ctx, maker, o.ID, "")
	wantErr(t, "withdrawn without a reason", err, payment.ErrInvalid)
	if o, err = c.p.Withdraw(ctx, maker, o.ID, "wrong day"); err != nil || o.State != payment.Withdrawn {
		t.Fatalf("%+v, %v", o, err)
	}
	_, err = c.p.Release(ctx, checker, o.ID)
	wantErr(t, "released after it was withdrawn", err, payment.ErrState)
	second := c.release(skyID)
	if second.ID == o.ID || second.Payments[0].Reference != skyID+"/B2" {
		t.Errorf("the second order is %+v", second)
	}
	_, err = c.p.Withdraw(ctx, maker, second.ID, "late")
	wantErr(t, "withdrawn after the release", err, payment.ErrState)
	_, err = c.p.File(ctx, maker, second.ID)
	wantErr(t, "our file of what only sky pays", err, payment.ErrNothing)
	_, err = c.p.Instruction(ctx, shop, martID)
	wantErr(t, "an instruction of who is paid", err, payment.ErrNothing)
	_, err = c.p.Instruction(ctx, shop, skyID)
	wantErr(t, "another partner's instruction", err, payment.ErrNotFound)
	_, err = c.p.Confirm(ctx, airline, "a", strings.NewReader(""))
	wantErr(t, "a bank file by a partner", err, payment.ErrNotPermitted)
}

func TestWhatIsNotSignedIsNotPaid(t *testing.T) {
	c := newCounter(t)
	c.In("sky", 100)
	c.Night()
	_, err := c.p.Prepare(context.Background(), maker, []string{"2026-11-22.sky"})
	wantErr(t, "netted", err, payment.ErrState)
}

func TestAReleaseAboveTheExposureCapIsRefusedWithItsTable(t *testing.T) {
	c, ctx := newCounter(t), context.Background()
	c.In("mart", settlementtest.Cap/settlementtest.Price+2_999) // 30 yuan that mart is owed leave it just below the cap
	o := c.prepare(martID, skyID)
	_, err := c.p.Release(ctx, checker, o.ID)
	var above *payment.ExposureError
	if !errors.As(err, &above) {
		t.Fatalf("got %v", err)
	}
	open := int64(settlementtest.Cap + 2_999*settlementtest.Price)
	want := []payment.Exposure{
		{Partner: "mart", Owed: open - 30_000_000, Unsettled: -30_000_000, Open: open, Release: 30_000_000, After: open,
			Cap: settlementtest.Cap, Headroom: settlementtest.Cap - open, Above: true},
		{Partner: "sky", Owed: 50_000_000, Unsettled: 50_000_000, After: 50_000_000, Cap: settlementtest.Cap, Headroom: settlementtest.Cap - 50_000_000}}
	if !slices.Equal(above.Simulation.Rows, want) || above.Simulation.Open.String() != "2026-11-22" {
		t.Errorf("the table is\n%+v\nwant\n%+v", above.Simulation.Rows, want)
	}
	if shown, err := c.p.Simulate(ctx, maker, []string{martID, skyID}); err != nil || !slices.Equal(shown.Rows, want) {
		t.Errorf("shown before: %+v, %v", shown, err)
	}
	if o, err := c.p.Order(ctx, maker, o.ID); err != nil || o.State != payment.Prepared || c.state(martID) != settlement.Signed {
		t.Errorf("the order is %+v, %v", o, err)
	}
	// What only receives is released all the same.
	if _, err := c.p.Withdraw(ctx, maker, o.ID, "above the cap"); err != nil {
		t.Fatal(err)
	}
	c.release(skyID)
}

func TestWhatWasPaidAndNotSettledCountsAsExposure(t *testing.T) {
	c, ctx := newCounter(t), context.Background()
	c.release(martID)
	shown, err := c.p.Simulate(ctx, maker, []string{skyID})
	if err != nil || shown.Rows[0].Transit != 30_000_000 || shown.Rows[0].After != 0 || shown.Rows[0].Owed != -30_000_000 {
		t.Errorf("%+v, %v", shown, err)
	}
}

func TestGrossChannelsArePaidEachByItself(t *testing.T) {
	c := newCounter(t, netting.Policy{Partner: "sky", GrossIn: true, GrossOut: true}, netting.Policy{Partner: "mart", Clears: true})
	c.Out("sky", 700)
	c.In("sky", 200)
	c.signAll(c.Night())
	const id = "2026-11-22.sky"
	o := c.release(id)
	if len(o.Payments) != 2 || o.Payments[0].Reference != id+"/GI" || o.Payments[1].Reference != id+"/GO" {
		t.Fatalf("%+v", o.Payments)
	}
	in, out := entry{ref: id + "/GI", party: "云程航空", amount: "2.00", bankRef: "1"}, entry{ref: id + "/GO", party: "云程航空", amount: "7.00", out: true}
	if r := c.read(statement(in)); len(r.Settled) != 0 || c.state(id) != settlement.Paid {
		t.Errorf("with one of two it settled %v and is %s", r.Settled, c.state(id))
	}
	if r := c.read(statement(out)); len(r.Settled) != 1 || c.state(id) != settlement.Settled {
		t.Errorf("with both it settled %v and is %s", r.Settled, c.state(id))
	}
	one, _ := c.Stand.Store.Settlement(context.Background(), id)
	if paid := one.Marks[len(one.Marks)-2]; paid.Text != id+"/GI+GO" {
		t.Errorf("paid as %q", paid.Text)
	}
}

func TestWhatTheBankTellsAndNobodyOrderedIsABreak(t *testing.T) {
	for name, x := range map[string]struct {
		spoil   func(*entry)
		verdict bank.Verdict
		value   int64
	}{
		"another amount":    {func(e *entry) { e.amount = "49.99" }, bank.WrongAmount, 10_000},
		"another payer":     {func(e *entry) { e.party = "别的公司" }, bank.WrongPayer, 50_000_000},
		"another reference": {func(e *entry) { e.ref = "RENT" }, bank.UnknownReference, 0},
		"a return":          {func(e *entry) { e.extra = "<RvslInd>true</RvslInd>" }, bank.SentBack, 50_000_000},
	} {
		c := newCounter(t)
		c.release(skyID)
		e := fromSky
		x.spoil(&e)
		r := c.read(statement(e))
		breaks := c.breaks()
		if len(r.Settled) != 0 || c.state(skyID) != settlement.Paid || len(breaks) != 1 {
			t.Errorf("%s: settled %v, it is %s, breaks %+v", name, r.Settled, c.state(skyID), breaks)
			continue
		}
		if b := breaks[0]; r.Outcomes[0].Verdict != x.verdict || r.Outcomes[0].Break != b.ID || b.Value != x.value || b.Differs[0] != string(x.verdict) {
			t.Errorf("%s: outcome %+v, break %+v", name, r.Outcomes[0], b.Finding)
		}
		// The bank tells the same in another file: no second break.
		if c.read(statement(e, toMart)); len(c.breaks()) != 2 { // mart's was never ordered
			t.Errorf("%s: told again it makes %d breaks", name, len(c.breaks()))
		}
	}
}

func TestAFileThatDoesNotAddUpChangesNothing(t *testing.T) {
	c := newCounter(t)
	c.release(skyID)
	file := strings.Replace(statement(fromSky), "<Ntry>", "<TxsSummry><TtlNtries><NbOfNtries>1</NbOfNtries><Sum>50.01</Sum></TtlNtries></TxsSummry><Ntry>", 1)
	_, err := c.p.Confirm(context.Background(), maker, "bank.xml", strings.NewReader(file))
	wantErr(t, "a wrong sum", err, bank.ErrFile)
	if c.state(skyID) != settlement.Paid || len(c.breaks()) != 0 {
		t.Errorf("it is %s with %d breaks", c.state(skyID), len(c.breaks()))
	}
	if all, err := c.p.Readings(context.Background(), maker, 5); err != nil || len(all) != 0 {
		t.Errorf("readings %+v, %v", all, err)
	}
	c.read(statement(fromSky)) // the bank sends it right
	if c.state(skyID) != settlement.Settled {
		t.Errorf("it is %s", c.state(skyID))
	}
}

func TestReturnedMoneyIsABreakAndIsPaidAgainUnlessItWasSettled(t *testing.T) {
	c := newCounter(t, netting.Policy{Partner: "sky", GrossIn: true, GrossOut: true})
	c.Out("sky", 700)
	c.In("sky", 200)
	c.signAll(c.Night())
	const id = "2026-11-22.sky"
	c.release(id)
	in, out := entry{ref: id + "/GI", party: "云程航空", amount: "2.00"}, entry{ref: id + "/GO", party: "云程航空", amount: "7.00", out: true, bankRef: "x"}
	c.read(statement(out))
	back := out
	back.out = false // the same money comes in
	c.read(statement(back))
	if len(c.breaks()) != 1 {
		t.Fatalf("breaks %+v", c.breaks())
	}
	again := c.release(id)
	if len(again.Payments) != 1 || again.Payments[0].Reference != id+"/GO2" {
		t.Fatalf("paid again %+v", again.Payments)
	}
	out.ref = id + "/GO2"
	if r := c.read(statement(in, out)); len(r.Settled) != 1 || c.state(id) != settlement.Settled {
		t.Fatalf("settled %v, it is %s", r.Settled, c.state(id))
	}
	back = out
	back.out = false
	c.read(statement(back))
	_, err := c.p.Prepare(context.Background(), maker, []string{id})
	wantErr(t, "paid again after it was settled", err, payment.ErrState)
	if len(c.breaks()) != 2 || c.state(id) != settlement.Settled {
		t.Errorf("breaks %+v, it is %s", c.breaks(), c.state(id))
	}
}

func TestADayWithoutKnownHolidaysIsRefused(t *testing.T) {
	c, ctx := newCounter(t), context.Background()
	c.Now = time.Date(2026, 12, 31, 4, 0, 0, 0, time.UTC) // a Thursday
	if o := c.release(skyID); o.Execute.String() != "2026-12-31" {
		t.Errorf("paid on %s", o.Execute)
	}
	c.Now = time.Date(2026, 12, 31, 17, 0, 0, 0, time.UTC) // 2027 in Shanghai
	o := c.prepare(martID)
	_, err := c.p.Release(ctx, checker, o.ID)
	wantErr(t, "in a year whose holidays are not known", err, calendar.ErrNotCovered)
	if got, _ := c.p.Order(ctx, maker, o.ID); got.State != payment.Prepared {
		t.Errorf("the order is %s", got.State)
	}
}

func TestTwoReleasesAtOnceAreOne(t *testing.T) {
	c := newCounter(t)
	o := c.prepare(skyID, martID)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if _, err := c.p.Release(context.Background(), desk.Person{ID: fmt.Sprint("c", i)}, o.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	one, _ := c.Stand.Store.Settlement(context.Background(), skyID)
	if n := len(one.Marks); one.State != settlement.Paid || n != 6 {
		t.Errorf("it is %s with %d marks", one.State, n)
	}
}

// A process is killed at each of its writes, before it and after it. What is done
// again then ends as if nothing had happened, and one file goes to the bank.
func TestKilledAtAnyWriteNothingIsPaidTwice(t *testing.T) {
	file := statement(fromSky, toMart, entry{ref: "RENT", party: "x", amount: "1.00"})
	way := func(c *counter, p *payment.Service) (files [][]byte, err error) {
		ctx := context.Background()
		o, err := p.Prepare(ctx, maker, []string{skyID, martID})
		if errors.Is(err, payment.ErrTaken) || errors.Is(err, payment.ErrState) {
			var all []*payment.Order
			if all, err = p.Orders(ctx, maker, "", 5); err == nil {
				o = all[0]
			}
		}
		if err != nil {
			return nil, err
		}
		if _, err := p.Release(ctx, checker, o.ID); err != nil {
			return nil, err
		}
		own, err := p.File(ctx, maker, o.ID)
		if err != nil {
			return nil, err
		}
		files = append(files, own)
		if _, err := p.Confirm(ctx, maker, "bank.xml", strings.NewReader(file)); err != nil {
			return files, err
		}
		return files, p.Resume(ctx)
	}
	for n, reached := 0, true; reached; n++ {
		for _, after := range []bool{false, true} {
			c := newCounter(t)
			k := &settlementtest.Kill{At: n, After: after}
			files, err := way(c, c.process(k))
			if reached = k.Reached(); !reached {
				if n < 14 {
					t.Fatalf("there were only %d writes: %v", n, err)
				}
				break
			}
			c.Now = c.Now.Add(time.Hour)
			more, err := way(c, c.p)
			if err != nil {
				t.Fatalf("killed at write %d, after it %t: %v", n, after, err)
			}
			for _, f := range append(files, more...) {
				if !bytes.Equal(f, more[0]) {
					t.Fatalf("killed at write %d: two files\n%s\n%s", n, f, more[0])
				}
			}
			orders, _ := c.store.Orders(context.Background(), "", 5)
			if c.state(skyID) != settlement.Settled || c.state(martID) != settlement.Settled || c.Owed("sky") != 0 || len(orders) != 1 || len(c.breaks()) != 1 {
				t.Fatalf("killed at write %d, after it %t: %s and %s, sky owes %d, %d orders, %d breaks", n, after, c.state(skyID), c.state(martID),
					c.Owed("sky"), len(orders), len(c.breaks()))
			}
		}
	}
}

// A release whose partner does not answer goes on by itself later.
func TestAnInterruptedReleaseIsResumed(t *testing.T) {
	c := newCounter(t)
	o := c.prepare(skyID, martID)
	if _, err := c.process(&settlementtest.Kill{At: 2}).Release(context.Background(), checker, o.ID); !errors.Is(err, settlementtest.ErrKilled) {
		t.Fatal(err)
	}
	if err := c.p.Resume(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, _ := c.p.Order(context.Background(), maker, o.ID); got.State != payment.Released || c.state(skyID) != settlement.Paid || c.state(martID) != settlement.Paid {
		t.Errorf("the order is %+v", got)
	}
}
