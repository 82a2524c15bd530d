package netting_test

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

const window ledger.Date = 20_000

var (
	partners   = []ledger.Partner{{Code: "sky"}, {Code: "mart", Scale: 2}, {Code: "tel"}}
	agreements = deals()
)

// deals are an agreement per partner and direction, with every payer of a fee.
func deals() (all []ledger.Agreement) {
	for i, p := range partners {
		for d := ledger.In; d <= ledger.Out; d++ {
			terms := ledger.Terms{Partner: p.Code, Direction: d, Version: 1, Rate: ledger.Rate{FromUnits: 3e6, ToUnits: 1e6}, Price: 12_347,
				FeeBPS: 150, FeePayer: ledger.FeePayer(i + 1)}
			all = append(all, ledger.Agreement{ID: ledger.ID{byte(i + 1), byte(d)}, Terms: terms, Hash: terms.Hash(), Status: ledger.AgreementAccepted})
		}
	}
	return all
}

// leg is what the contract would write for an amount.
func leg(a *ledger.Agreement, from int64) *ledger.Leg {
	scale := uint8(0)
	if a.Terms.Partner == "mart" {
		scale = 2
	}
	amounts, _ := a.Terms.Amounts(from, scale)
	return &ledger.Leg{Partner: a.Terms.Partner, Agreement: a.ID, Hash: a.Hash, From: amounts.From, To: amounts.To,
		EPT: amounts.EPT, Fee: amounts.Fee, Value: amounts.Value}
}

func drawTransfer(t *rapid.T) ledger.Transfer {
	tr := ledger.Transfer{Window: window, Kind: rapid.SampledFrom([]ledger.Kind{ledger.KindConvertIn, ledger.KindPost,
		ledger.KindCrossConvert, ledger.KindReverse, ledger.KindHold, ledger.KindIssue}).Draw(t, "kind")}
	if tr.Kind == ledger.KindIssue {
		return tr
	}
	pick := func(d int) *ledger.Leg {
		i := rapid.IntRange(0, len(partners)-1).Draw(t, "partner")
		return leg(&agreements[2*i+d], rapid.Int64Range(1, 1e9).Draw(t, "from"))
	}
	if sides := rapid.IntRange(1, 3).Draw(t, "sides"); sides&1 != 0 {
		tr.Source = pick(0)
		if sides == 3 {
			tr.Destination = pick(1)
		}
	} else {
		tr.Destination = pick(1)
	}
	return tr
}

func drawTransfers(t *rapid.T) []ledger.Transfer {
	return rapid.SliceOfN(rapid.Custom(drawTransfer), 0, 20).Draw(t, "transfers")
}

func drawPolicies(t *rapid.T) (all []netting.Policy) {
	for _, p := range partners {
		all = append(all, netting.Policy{Partner: p.Code, GrossIn: rapid.Bool().Draw(t, "gross in"), GrossOut: rapid.Bool().Draw(t, "gross out"),
			Clears: rapid.Bool().Draw(t, "clears"), Threshold: rapid.Int64Range(0, 1e6).Draw(t, "threshold")})
	}
	return all
}

func tally(t interface{ Fatal(...any) }, transfers []ledger.Transfer) *netting.Tally {
	all := netting.NewTally(window, partners, agreements)
	for i := range transfers {
		if err := all.Add(&transfers[i]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// adjust adds an accepted adjustment of what sky owes.
func adjust(all *netting.Tally, value int64) error {
	return all.Add(&ledger.Transfer{Kind: ledger.KindAcceptAdjustment, Window: window, To: "sky", Amount: value})
}

func net(t interface{ Fatal(...any) }, all *netting.Tally, p []netting.Policy, c []netting.Carry) netting.Outcome {
	o, err := netting.Net(all, p, c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestPositionsSumToZeroAndEveryPayableIsPaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := net(t, tally(t, drawTransfers(t)), drawPolicies(t), nil)
		total := o.Utility
		paid := map[string]int64{}
		for _, l := range o.Lines {
			total.Net, total.Payable, total.Closing = total.Net+l.Net, total.Payable+l.Payable, total.Closing+l.Closing
			paid[l.Partner] -= l.Payable
		}
		paid[""] -= o.Utility.Payable
		if total != (netting.Line{}) {
			t.Fatalf("the sum over all companies is %+v, want zero", total)
		}
		for _, p := range o.Payments {
			if p.Cents <= 0 || p.Payer == p.Payee {
				t.Fatalf("payment %+v", p)
			}
			paid[p.Payer], paid[p.Payee] = paid[p.Payer]+p.Cents, paid[p.Payee]-p.Cents
		}
		for company, left := range paid {
			if left != 0 {
				t.Fatalf("%q has %d cents left to pay: %+v", company, left, o)
			}
		}
	})
}

func TestNoRemainderIsLostOverManyWindowsWhateverThePolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		owed, paid := map[string]int64{}, map[string]int64{}
		var carried []netting.Carry
		for range rapid.IntRange(1, 8).Draw(t, "windows") {
			all := tally(t, drawTransfers(t))
			if rapid.Bool().Draw(t, "adjusted") {
				if err := adjust(all, rapid.Int64Range(-1e9, 1e9).Draw(t, "adjustment")); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range all.Sums() {
				v, _ := s.Value()
				owed[s.Partner] += v
			}
			o := net(t, all, drawPolicies(t), carried)
			for _, l := range o.Lines {
				paid[l.Partner] += l.Payable * netting.Cent
			}
			carried = o.Carries
		}
		for _, c := range carried {
			paid[c.Partner] += c.Value
		}
		if !reflect.DeepEqual(owed, paid) {
			t.Fatalf("owed %v, paid and carried %v", owed, paid)
		}
	})
}

func TestNeitherOrderNorSpreadingOverTalliesMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		transfers := drawTransfers(t)
		shuffled := rapid.Permutation(transfers).Draw(t, "order")
		cut := rapid.IntRange(0, len(shuffled)).Draw(t, "cut")
		whole, first, second := tally(t, transfers), tally(t, shuffled[:cut]), tally(t, shuffled[cut:])
		if err := first.Merge(second); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(whole.Sums(), first.Sums()) || !reflect.DeepEqual(whole.Crossings(), first.Crossings()) {
			t.Fatalf("whole %+v\nmerged %+v", whole.Sums(), first.Sums())
		}
	})
}

func TestOnlyACentOrAHeldAmountIsCarried(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := net(t, tally(t, drawTransfers(t)), drawPolicies(t), nil)
		for _, l := range o.Lines {
			if small := -netting.Cent < l.Closing && l.Closing < netting.Cent; small == l.Held {
				t.Fatalf("%+v", l)
			}
			if l.Opening+l.Net != l.Payable*netting.Cent+l.Closing {
				t.Fatalf("the line does not add up: %+v", l)
			}
		}
	})
}

func TestAnEmptyWindowHasALineForEachPartnerAndPaysWhatWasCarried(t *testing.T) {
	o := net(t, tally(t, nil), nil, []netting.Carry{{Partner: "sky", Channel: netting.GrossOut, Value: -25_001}})
	if len(o.Lines) != 3 || o.Payments[0] != (netting.Payment{Payee: "sky", Channel: netting.Bilateral, Cents: 2}) ||
		o.Carries[0] != (netting.Carry{Partner: "sky", Channel: netting.Bilateral, Value: -5_001}) {
		t.Errorf("%+v", o)
	}
}

func TestWhatIsBelowTheThresholdWaits(t *testing.T) {
	policies := []netting.Policy{{Partner: "sky", Threshold: 100}}
	all := tally(t, nil)
	if err := adjust(all, 99*netting.Cent+9_999); err != nil {
		t.Fatal(err)
	}
	o := net(t, all, policies, nil)
	if len(o.Payments) != 0 || o.Carries[0].Value != 999_999 {
		t.Fatalf("%+v", o)
	}
	all = tally(t, nil)
	if err := adjust(all, 1); err != nil {
		t.Fatal(err)
	}
	if o = net(t, all, policies, o.Carries); len(o.Payments) != 1 || o.Payments[0].Cents != 100 || len(o.Carries) != 0 {
		t.Errorf("%+v", o)
	}
}

func TestGrossDirectionsAreNotSetOff(t *testing.T) {
	transfers := []ledger.Transfer{{Window: window, Kind: ledger.KindConvertIn, Source: leg(&agreements[0], 3000)},
		{Window: window, Kind: ledger.KindPost, Destination: leg(&agreements[1], 900)}}
	policies := []netting.Policy{{Partner: "sky", GrossIn: true, GrossOut: true}}
	if p := net(t, tally(t, transfers), policies, nil).Payments; len(p) != 2 || p[0].Payer != "sky" || p[1].Payee != "sky" {
		t.Errorf("gross: %+v", p)
	}
	if p := net(t, tally(t, transfers), nil, nil).Payments; len(p) != 1 || p[0].Payer != "sky" {
		t.Errorf("net: %+v", p)
	}
}

// The ring: each partner's members turn its points into the next one's.
func TestACircleOfCrossConversionsNeedsAlmostNoMoney(t *testing.T) {
	var transfers []ledger.Transfer
	for i := range partners {
		to := (i + 1) % len(partners)
		transfers = append(transfers, ledger.Transfer{Window: window, Kind: ledger.KindCrossConvert,
			Source: withValue(&agreements[2*i], 1000), Destination: withValue(&agreements[2*to+1], 1000)})
	}
	policies := []netting.Policy{{Partner: "sky", Clears: true}, {Partner: "mart", Clears: true}, {Partner: "tel", Clears: true}}
	o := net(t, tally(t, transfers), policies, nil)
	for _, l := range o.Lines {
		if l.Payable != 0 {
			t.Errorf("%+v, want nothing to pay", l)
		}
	}
	policies[2].Clears = false
	if o = net(t, tally(t, transfers), policies, nil); len(o.Payments) == 0 {
		t.Error("with one partner outside the clearing somebody has to pay")
	}
}

// withValue is a leg of so many electricity points and no fee.
func withValue(a *ledger.Agreement, points int64) *ledger.Leg {
	return &ledger.Leg{Partner: a.Terms.Partner, Agreement: a.ID, Hash: a.Hash, EPT: points, Value: points * a.Terms.Price}
}

func TestDebtorsInTheClearingPayCreditorsDirectly(t *testing.T) {
	transfers := []ledger.Transfer{{Window: window, Kind: ledger.KindCrossConvert,
		Source: withValue(&agreements[0], 1_000_000), Destination: withValue(&agreements[3], 999_000)}}
	policies := []netting.Policy{{Partner: "sky", Clears: true}, {Partner: "mart", Clears: true}}
	got := net(t, tally(t, transfers), policies, nil).Payments
	want := []netting.Payment{{Payer: "sky", Payee: "mart", Channel: netting.Clearing, Cents: 1_233_465},
		{Payer: "sky", Channel: netting.Clearing, Cents: 1_235}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestATransferThatContradictsItsAgreementIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*ledger.Transfer){
		"another window":  func(tr *ledger.Transfer) { tr.Window++ },
		"another value":   func(tr *ledger.Transfer) { tr.Source.Value++ },
		"another hash":    func(tr *ledger.Transfer) { tr.Source.Hash[0] ^= 1 },
		"another partner": func(tr *ledger.Transfer) { tr.Source.Partner = "tel" },
		"no agreement":    func(tr *ledger.Transfer) { tr.Source.Agreement = ledger.ID{9} },
		"wrong direction": func(tr *ledger.Transfer) { tr.Source, tr.Destination = nil, tr.Source },
		"negative points": func(tr *ledger.Transfer) { tr.Source.EPT = -1 },
	} {
		tr := ledger.Transfer{Window: window, Kind: ledger.KindConvertIn, Source: leg(&agreements[0], 3000)}
		spoil(&tr)
		if err := netting.NewTally(window, partners, agreements).Add(&tr); !errors.Is(err, netting.ErrTransfer) {
			t.Errorf("%s: got %v, want ErrTransfer", name, err)
		}
	}
}

func TestSumsThatDoNotFitAreRefused(t *testing.T) {
	all := tally(t, nil)
	if err := adjust(all, math.MaxInt64); err != nil {
		t.Fatal(err)
	}
	if err := adjust(all, 1); !errors.Is(err, netting.ErrOverflow) {
		t.Errorf("a second adjustment: %v", err)
	}
	if _, err := netting.Net(all, nil, []netting.Carry{{Partner: "sky", Channel: netting.Bilateral, Value: 1}}); !errors.Is(err, netting.ErrOverflow) {
		t.Errorf("what was carried: %v", err)
	}
}

func TestPoliciesThatMakeNoSenseAreRefused(t *testing.T) {
	for _, p := range [][]netting.Policy{{{Partner: "sky"}, {Partner: "sky"}}, {{Partner: "sky", Threshold: -1}}, {{}}} {
		if _, err := netting.Net(tally(t, nil), p, nil); err == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
}

func BenchmarkTally(b *testing.B) {
	tr := ledger.Transfer{Window: window, Kind: ledger.KindCrossConvert, Source: leg(&agreements[0], 3000), Destination: leg(&agreements[3], 900)}
	all := netting.NewTally(window, partners, agreements)
	b.ReportAllocs()
	for b.Loop() {
		if err := all.Add(&tr); err != nil {
			b.Fatal(err)
		}
	}
}
