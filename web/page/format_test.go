package page_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/web/page"
)

func TestAmountsAreWrittenWithTheProgrammesPlaces(t *testing.T) {
	for _, c := range []struct {
		n     int64
		scale uint8
		want  string
	}{
		{0, 0, "0"}, {7, 0, "7"}, {999, 0, "999"}, {1000, 0, "1,000"}, {1234567, 0, "1,234,567"}, {0, 2, "0.00"}, {5, 2, "0.05"}, {123450, 2, "1,234.50"},
		{-1, 0, "−1"}, {-123456, 2, "−1,234.56"}, {1, 6, "0.000001"}, {math.MaxInt64, 0, "9,223,372,036,854,775,807"}, {math.MinInt64, 6, "−9,223,372,036,854.775808"},
	} {
		if got := page.Amount(c.n, c.scale); got != c.want {
			t.Errorf("%d with %d places is written %q, want %q", c.n, c.scale, got, c.want)
		}
	}
}

func TestAnAmountKeepsItsDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, scale := rapid.Int64Min(0).Draw(t, "n"), rapid.Uint8Max(6).Draw(t, "scale")
		text := page.Amount(n, scale)
		digits := strings.TrimLeft(strings.NewReplacer(",", "", ".", "").Replace(text), "0")
		if want := strings.TrimLeft(page.Amount(n, 0), "0"); digits != strings.ReplaceAll(want, ",", "") {
			t.Errorf("%d with %d places is written %q", n, scale, text)
		}
		if _, places, _ := strings.Cut(text, "."); len(places) != int(scale) {
			t.Errorf("%q has %d places, want %d", text, len(places), scale)
		}
	})
}

func TestMoneyHasItsCentsAndNoSuperfluousZeros(t *testing.T) {
	for n, want := range map[int64][2]string{
		0: {"CNY 0.00", "¥0.00"}, 1_500_000: {"CNY 1.50", "¥1.50"}, 10_000: {"CNY 0.01", "¥0.01"}, 9_500: {"CNY 0.0095", "¥0.0095"},
		-1_234_567_890_000: {"−CNY 1,234,567.89", "−¥1,234,567.89"}, 1: {"CNY 0.000001", "¥0.000001"},
	} {
		if en, zh := page.Money(page.English, n), page.Money(page.Chinese, n); en != want[0] || zh != want[1] {
			t.Errorf("%d is written %q and %q, want %q", n, en, zh, want)
		}
	}
}

func TestAPartIsNeverShownAsMoreThanTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part, whole := rapid.Int64().Draw(t, "part"), rapid.Int64Min(1).Draw(t, "whole")
		if got := page.Permille(part, whole); got < 0 || got > 1000 || part >= whole && got != 1000 || part <= 0 && got != 0 {
			t.Errorf("%d of %d is %d ‰", part, whole, got)
		}
	})
	for _, c := range [][3]int64{{80, 100, 800}, {95, 100, 950}, {949, 1000, 949}, {1, 3, 333}, {4e17, 5e17, 800}} {
		if got := page.Permille(c[0], c[1]); got != c[2] {
			t.Errorf("%d of %d is %d ‰, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestTimesAreWrittenAsTheirReadersDo(t *testing.T) {
	at := time.Date(2026, 3, 1, 14, 5, 6, 0, time.UTC)
	for got, want := range map[string]string{page.InstantText(page.Chinese, at): "2026年3月1日 14:05:06", page.InstantText(page.English, at): "1 Mar 2026 14:05:06",
		page.ShortText(page.Chinese, at): "3月1日 14:05:06", page.ShortText(page.English, at): "1 Mar 14:05:06"} {
		if got != want {
			t.Errorf("written %q, want %q", got, want)
		}
	}
}

func TestAGaugeWarnsFromItsMarksOn(t *testing.T) {
	for used, want := range map[int64][2]string{0: {"ok", "0.0 %"}, 1: {"ok", "< 0.1 %"}, 79_999: {"ok", "79.9 %"}, 80_000: {"warn", "80.0 %"}, 95_000: {"bad", "95.0 %"}, 200_000: {"bad", "100.0 %"}} {
		g := page.Gauge{Used: used, Cap: 100_000, Marks: []int64{800, 950}}
		if g.Level() != want[0] || g.Text() != want[1] {
			t.Errorf("%d of 100,000 is %s, %s; want %v", used, g.Level(), g.Text(), want)
		}
	}
}

func TestFenHaveTwoDecimalsAndExactAmountsSix(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{page.Fen(page.Chinese, 10045), "¥100.45"}, {page.Fen(page.English, -5), "−CNY 0.05"}, {page.Fen(page.Chinese, 0), "¥0.00"},
		{page.Exact(page.Chinese, 151_628_000), "¥151.628000"}, {page.Exact(page.English, -1), "−CNY 0.000001"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestAWaterfallStandsEachChangeOnTheOneBefore(t *testing.T) {
	all := page.Waterfall("w", []page.Row{{To: 5}, {To: -8}, {Kind: "sum"}, {To: 3}, {Kind: "sum"}}).All
	want := []page.Row{{From: 0, To: 5, Kind: "plus"}, {From: 5, To: -3, Kind: "minus"}, {From: 0, To: -3, Kind: "sum"}, {From: -3, To: 0, Kind: "plus"}, {From: 0, To: 0, Kind: "sum"}}
	for i := range want {
		if all[i] != want[i] {
			t.Errorf("row %d is %+v, want %+v", i, all[i], want[i])
		}
	}
}
