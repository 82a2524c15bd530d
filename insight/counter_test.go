package insight_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/insight/insighttest"
	"github.com/pointgrid/pointgrid/ledger"
)

const today = ledger.Date(20_778)

func at(day ledger.Date) int64 { return day.In(time.UTC).Add(9 * time.Hour).UnixMilli() }

// world is a counter over records in memory.
type world struct {
	*insight.Counter
	records *insighttest.Records
	store   *insighttest.Memory
	now     time.Time
	serial  byte
}

func newWorld() *world {
	w := &world{records: &insighttest.Records{Purchases: map[ledger.ID]ledger.ID{}, Made: map[ledger.ID]insight.Stage{}}, store: insighttest.NewMemory(), now: today.In(time.UTC).Add(20 * time.Hour)}
	w.Counter = insight.NewCounter(insight.Options{Records: w.records, Store: w.store, Shop: "mall", Day: ledger.DateOf,
		Begins: func(d ledger.Date) time.Time { return d.In(time.UTC) }, Now: func() time.Time { return w.now }, Timer: time.Now, Logger: slog.New(slog.DiscardHandler)})
	return w
}

func id(n byte) ledger.ID {
	var random [10]byte
	random[3] = n
	return ledger.NewID(time.UnixMilli(at(today)), random).Root()
}

// add records a transfer of a member on a day.
func (w *world) add(member byte, day ledger.Date, t ledger.Transfer) {
	t.Account, t.At = ledger.Account{member}, at(day)
	w.serial++
	w.records.Entries = append(w.records.Entries, ledger.Entry{Transfer: t, Locator: ledger.Locator{Batch: uint64(w.serial) / 3, Index: uint32(w.serial) % 3}})
}

// event lets a member earn by an event.
func (w *world) event(n, member byte, day ledger.Date, e insight.Event, points int64) {
	e.ID, e.Issue, e.Day = "EV-"+string('A'+rune(n)), id(n), day
	w.records.Events = append(w.records.Events, e)
	w.add(member, today, ledger.Transfer{ID: id(n), Kind: ledger.KindIssue, Amount: points, Reason: "rule=x version=1 event=" + e.ID + " channel=app"})
}

func (w *world) report(t *testing.T, from, to ledger.Date) *insight.Report {
	t.Helper()
	if _, err := w.CountPoints(context.Background()); err != nil {
		t.Fatal(err)
	}
	r, err := insight.NewService(w.store, 10_000).Report(context.Background(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var inApp = insight.Event{Kind: "prepayment", Channel: "app", Segment: "residential", Tier: "silver", Rule: "steps", Fen: 20_000}

// story is one of each thing that can happen to points.
func story() *world {
	w := newWorld()
	w.event(1, 1, today-3, inApp, 300)
	w.event(2, 2, today-2, insight.Event{Kind: "feedback", Channel: "counter", Segment: "small_business", Tier: "gold", Rule: "feedback"}, 10)
	w.event(3, 1, today-1, inApp, 100)
	w.add(1, today, ledger.Transfer{ID: id(3).Step(1), Kind: ledger.KindTakeBack, Related: id(3), Amount: 100, Reason: "cancelled event=EV-D"})
	w.add(3, today, ledger.Transfer{ID: id(4), Kind: ledger.KindIssue, Amount: 5_000, Reason: "welcome"})
	sky := func(ept int64) *ledger.Leg {
		return &ledger.Leg{Partner: "sky", From: ept, To: ept, EPT: ept, Value: ept * 9_500}
	}
	w.add(2, today, ledger.Transfer{ID: id(5), Kind: ledger.KindConvertIn, Source: sky(70)})
	w.add(2, today, ledger.Transfer{ID: id(6), Kind: ledger.KindReverse, Related: id(5), Source: sky(20)})
	w.add(1, today, ledger.Transfer{ID: id(7).Step(1), Kind: ledger.KindPost, Related: id(7), Destination: sky(40), Amount: 40})
	w.add(1, today, ledger.Transfer{ID: id(8), Kind: ledger.KindCrossConvert, Source: sky(9), Destination: &ledger.Leg{Partner: "tel", From: 9, EPT: 9}})
	w.records.Orders = []insight.Order{{ID: id(9), Product: "bill", Category: "electricity", Tier: "gold", Channel: "app", Points: 50, Fen: 100},
		{ID: id(10), Product: "kettle", Category: "home", Partner: "mart", Points: 30}, {ID: id(11), Product: "miles", Category: "partners", Partner: "sky", Points: 25}}
	w.add(1, today, ledger.Transfer{ID: id(9), Kind: ledger.KindHold, To: "mall-bill", Amount: 100})
	w.add(1, today, ledger.Transfer{ID: id(9).Step(1), Kind: ledger.KindPost, Related: id(9), To: "mall-bill", Amount: 100})
	w.add(2, today, ledger.Transfer{ID: id(10).Step(1), Kind: ledger.KindPost, Related: id(10), To: "mall-goods", Amount: 60})
	w.add(2, today, ledger.Transfer{ID: id(12), Kind: ledger.KindReverse, Related: id(10).Step(1), To: "mall-goods", Amount: 30})
	w.records.Purchases[id(13)] = id(11)
	w.add(2, today, ledger.Transfer{ID: id(13).Step(1), Kind: ledger.KindPost, Destination: sky(25), Amount: 25})
	w.add(3, today, ledger.Transfer{ID: id(14), Kind: ledger.KindExpire, Amount: 11})
	return w
}

func TestEveryWayOfPointsIsCounted(t *testing.T) {
	r := story().report(t, today-10, today)
	want := insight.Sides{Earned: insight.Sums{Count: 4, Points: 5_310, Fen: 20_000}, In: insight.Sums{Count: 1, Points: 50, Value: 475_000},
		Spent: insight.Sums{Count: 2, Quantity: 3, Points: 130, Fen: 200}, Out: insight.Sums{Count: 2, Quantity: 1, Points: 65, Value: 617_500},
		Through: insight.Sums{Count: 1, Points: 9, Value: 85_500}, Expired: insight.Sums{Count: 1, Points: 11}}
	if r.Total != want {
		t.Errorf("the sums are\n%+v, want\n%+v", r.Total, want)
	}
	if len(r.Times) != 11 || r.Times[7].Earned.Points != 300 || r.Times[9].Earned.Points != 0 || r.Times[10].Earned.Points != 5_000 {
		t.Errorf("the days are %+v", r.Times)
	}
	if r.Own != 100 {
		t.Errorf("%d points stay with electricity, want 100", r.Own)
	}
	app := r.Channels[0]
	if app.Name != "app" || app.Paid.Points != 300 || insight.PerYuan(app.Paid) != 15_000 || app.Spent.Points != 100 {
		t.Errorf("the app is %+v", app)
	}
	wantProducts := []insight.Product{{ID: "bill", Category: "electricity", Sums: insight.Sums{Count: 1, Quantity: 2, Points: 100, Fen: 200}},
		{ID: "kettle", Category: "home", Partner: "mart", Sums: insight.Sums{Count: 1, Quantity: 1, Points: 30}},
		{ID: "miles", Category: "partners", Partner: "sky", Sums: insight.Sums{Count: 1, Quantity: 1, Points: 25, Value: 237_500}}}
	if !reflect.DeepEqual(r.Products, wantProducts) {
		t.Errorf("products are\n%+v, want\n%+v", r.Products, wantProducts)
	}
	if len(r.Partners) != 3 || r.Partners[1].Code != "sky" || r.Partners[1].Through.Points != 9 || r.Partners[2].Through.Points != 9 || r.Partners[0].Product.Points != 30 {
		t.Errorf("partners are %+v", r.Partners)
	}
	if m := r.Months[len(r.Months)-1]; len(r.Months) != 12 || m.Members != 2 || m.Earned != 2 || m.Bought != 2 {
		t.Errorf("the month is %+v: points without an event are nothing that the member did", m)
	}
}

// TestHowOftenTheCounterRunsChangesNothing counts the same transfers in pieces.
func TestHowOftenTheCounterRunsChangesNothing(t *testing.T) {
	whole := story().report(t, today-10, today)
	rapid.Check(t, func(rt *rapid.T) {
		w := story()
		all := w.records.Entries
		for n := 0; n < len(all); {
			n += rapid.IntRange(1, len(all)).Draw(rt, "more")
			w.records.Entries = all[:min(n, len(all))]
			if _, err := w.CountPoints(context.Background()); err != nil {
				rt.Fatal(err)
			}
		}
		if got := w.report(t, today-10, today); !reflect.DeepEqual(got, whole) {
			rt.Fatalf("in pieces it is\n%+v, at once\n%+v", got, whole)
		}
	})
}

func TestAMemberCountsOnceInAMonth(t *testing.T) {
	w := newWorld()
	for n := range byte(6) {
		e := inApp
		e.Tier = []string{"silver", "gold"}[n%2]
		w.event(n, 1, today-ledger.Date(n), e, 10)
	}
	heads := map[string]int64{}
	w.report(t, today, today)
	all, err := w.store.InsightHeads(t.Context(), today.Month(), today.Month())
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range all {
		heads[h.Segment+"/"+h.Tier] = h.Members
	}
	want := map[string]int64{"residential/silver": 1, "residential/gold": 1, "residential/*": 1, "*/silver": 1, "*/gold": 1, "*/*": 1}
	if !reflect.DeepEqual(heads, want) {
		t.Errorf("heads are %v, want %v", heads, want)
	}
}

func TestAnEventThatIsNotTheIssuesCountsForNothing(t *testing.T) {
	w := newWorld()
	w.records.Events = []insight.Event{{ID: "EV-1", Issue: id(1), Day: today - 5, Kind: "prepayment", Channel: "app"}}
	w.add(1, today, ledger.Transfer{ID: id(2), Kind: ledger.KindIssue, Amount: 70, Reason: "event=EV-1"})
	r := w.report(t, today, today)
	if len(r.Channels) != 0 || len(r.Sources) != 1 || r.Sources[0].Name != insight.Other || r.Sources[0].Points != 70 {
		t.Errorf("sources are %+v, channels %+v", r.Sources, r.Channels)
	}
}

func TestEachLaneIsCountedOnItsOwn(t *testing.T) {
	w := newWorld()
	for lane := range uint32(3) {
		for n := range uint64(2) {
			w.records.Entries = append(w.records.Entries, ledger.Entry{Transfer: ledger.Transfer{ID: id(byte(lane)), Kind: ledger.KindIssue, Amount: 1, At: at(today)},
				Locator: ledger.Locator{Lane: lane * 2, Batch: n}})
		}
	}
	if r := w.report(t, today, today); r.Total.Earned.Points != 6 {
		t.Fatalf("%d points, want 6", r.Total.Earned.Points)
	}
	late := ledger.Entry{Transfer: ledger.Transfer{Kind: ledger.KindIssue, Amount: 10, At: at(today)}, Locator: ledger.Locator{Lane: 2, Batch: 9}}
	w.records.Entries = append(w.records.Entries[:4:4], append([]ledger.Entry{late}, w.records.Entries[4:]...)...)
	if r := w.report(t, today, today); r.Total.Earned.Points != 16 {
		t.Errorf("%d points, want 16", r.Total.Earned.Points)
	}
}

func TestConversionsAreCountedUntilTheyEnd(t *testing.T) {
	w := newWorld()
	ctx := t.Context()
	made := func(day ledger.Date, n byte) ledger.ID {
		var random [10]byte
		random[2] = n
		return ledger.NewID(time.UnixMilli(at(day)), random)
	}
	slow := made(today-9, 1)
	w.records.Made[slow] = insight.Stage{Partner: "sky", Toward: "in", Step: insight.Processing, Count: 1}
	w.records.Made[made(today, 2)] = insight.Stage{Partner: "sky", Toward: "in", Step: insight.Completed, Count: 2, Points: 70}
	funnel := func() insight.Funnel {
		t.Helper()
		if err := w.CountStages(ctx); err != nil {
			t.Fatal(err)
		}
		all, err := insight.NewService(w.store, 1).Funnels(ctx, today-30, today)
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		return all[0]
	}
	if f := funnel(); f.Created != 3 || f.Processing != 1 || f.Completed != 2 || f.Points != 70 {
		t.Errorf("at first %+v", f)
	}
	w.records.Made[slow] = insight.Stage{Partner: "sky", Toward: "in", Step: insight.Failed, Code: "declined", Count: 1}
	reads := w.records.Reads
	if f := funnel(); f.Processing != 0 || f.Failed != 1 || f.Reasons[0].Name != "declined" {
		t.Errorf("at last %+v", f)
	}
	if n := w.records.Reads - reads; n != 3 {
		t.Errorf("%d days were read, want today, the day before, and the one that was not finished", n)
	}
}

func TestAReportHasAPeriod(t *testing.T) {
	s := insight.NewService(insighttest.NewMemory(), 1)
	for _, days := range [][2]ledger.Date{{10, 9}, {1, 1 + insight.DaysMax}, {-1, 5}} {
		if _, err := s.Report(t.Context(), days[0], days[1]); err == nil {
			t.Errorf("there is a report from %d to %d", days[0], days[1])
		}
		if _, err := s.Funnels(t.Context(), days[0], days[1]); err == nil {
			t.Errorf("there is a funnel from %d to %d", days[0], days[1])
		}
	}
}

func TestWhatCannotBeCountedAges(t *testing.T) {
	w := newWorld()
	var now atomic.Int64
	broken := &failing{Store: w.store}
	broken.fails.Store(true)
	c := insight.NewCounter(insight.Options{Records: w.records, Store: broken, Shop: "mall", Day: ledger.DateOf, Begins: func(d ledger.Date) time.Time { return d.In(time.UTC) },
		Now: func() time.Time { return w.now }, Timer: func() time.Time { return time.Unix(now.Load(), 0) }, Logger: slog.New(slog.DiscardHandler)})
	if age := c.Age(); age != 0 {
		t.Errorf("before it runs its age is %s", age)
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	until := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	until("it does not try", func() bool { return broken.tries.Load() > 0 })
	now.Store(60)
	tries := broken.tries.Load()
	until("it does not try again", func() bool { return broken.tries.Load() > tries+1 })
	if age := c.Age(); age != time.Minute {
		t.Errorf("while it fails its age is %s, want that of its beginning", age)
	}
	broken.fails.Store(false)
	until("it does not count what it can", func() bool { return c.Age() == 0 })
	end()
	<-done
	now.Store(600)
	if age := c.Age(); age != 0 {
		t.Errorf("after it ran its age is %s", age)
	}
}

// failing is a store that cannot say how far counting is.
type failing struct {
	insight.Store
	fails atomic.Bool
	tries atomic.Int64
}

func (f *failing) InsightPlace(ctx context.Context, lane uint32) (ledger.Locator, error) {
	f.tries.Add(1)
	if f.fails.Load() {
		return ledger.Locator{}, errors.New("the disk is full")
	}
	return f.Store.InsightPlace(ctx, lane)
}
