package insight_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/insight/insighttest"
	"github.com/pointgrid/pointgrid/ledger"
)

// TestNoSmallGroupIsFound makes crowds of all sizes: none of fewer than five members
// is told, none stands alone as hidden in its row or column, and what is told is true.
func TestNoSmallGroupIsFound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := insighttest.NewMemory()
		g := insight.Group{}
		sums := map[[2]string]int64{}
		for i := range rapid.IntRange(1, 4).Draw(rt, "segments") {
			for j := range rapid.IntRange(1, 4).Draw(rt, "tiers") {
				n := rapid.SampledFrom([]int64{0, 1, 4, 5, 6, 40}).Draw(rt, "members")
				segment, tier := fmt.Sprint("s", i), fmt.Sprint("t", j)
				if n == 0 {
					continue
				}
				for _, k := range [][2]string{{segment, tier}, {segment, insight.Everybody}, {insight.Everybody, tier}, {insight.Everybody, insight.Everybody}} {
					sums[k] += n
				}
				g.Flows = append(g.Flows, insight.Flow{Key: insight.Key{Day: today, Side: insight.Earned, Source: "prepayment", Segment: segment, Tier: tier}, Sums: insight.Sums{Points: n * 100}})
			}
		}
		for k, n := range sums {
			g.Heads = append(g.Heads, insight.Head{Month: today.Month(), Segment: k[0], Tier: k[1], Members: n})
		}
		if err := s.SaveInsight(t.Context(), &g); err != nil {
			rt.Fatal(err)
		}
		r, err := insight.NewService(s, 1).Report(t.Context(), today, today)
		if err != nil {
			rt.Fatal(err)
		}
		checkCrowd(rt, &r.Crowd, sums)
	})
}

func checkCrowd(t *rapid.T, c *insight.Crowd, sums map[[2]string]int64) {
	name := func(all []string, i int) string {
		if i < len(all) {
			return all[i]
		}
		return insight.Everybody
	}
	hidden := map[string]int{}
	told := map[string]int{}
	for i, row := range c.Cells {
		for j, cell := range row {
			n := sums[[2]string{name(c.Segments, i), name(c.Tiers, j)}]
			if n > 0 && n < insight.CrowdMin && cell.Veil != insight.Few {
				t.Fatalf("%d members are told of: %+v", n, c)
			}
			if cell.Veil == insight.Plain && (cell.Members != n || cell.Came != 100*n) || cell.Veil != insight.Plain && cell.Members+cell.Came+cell.Went != 0 {
				t.Fatalf("the cell %d, %d of %d members says %+v", i, j, n, cell)
			}
			for _, line := range []string{fmt.Sprint("row", i), fmt.Sprint("column", j)} {
				if cell.Veil != insight.Plain {
					hidden[line]++
				} else if n > 0 {
					told[line]++
				}
			}
		}
	}
	for line, n := range hidden {
		if n == 1 && told[line] > 0 {
			t.Fatalf("in %s one cell alone is hidden: %+v", line, c)
		}
	}
}

func TestMonthsBeginOnTheirFirstDay(t *testing.T) {
	for day := ledger.Date(0); day < 30_000; day++ {
		m := day.Month()
		if first := insight.FirstDay(m); first > day || first.Month() != m || first > 0 && (first-1).Month() == m {
			t.Fatalf("the first day of %s is %s", m, first)
		}
	}
}

// TestTwoPeriodsDoNotTellWhatIsBetweenThem takes the difference of periods: in April one
// cell has two members, so nothing of April may follow from what is told of periods with
// it and without.
func TestTwoPeriodsDoNotTellWhatIsBetweenThem(t *testing.T) {
	s := insighttest.NewMemory()
	april := ledger.DateOf(time.Date(2026, 4, 10, 0, 0, 0, 0, time.UTC))
	march := april - 31
	g := insight.Group{}
	for day, small := range map[ledger.Date]int64{march: 9, april: 2} {
		members := map[[2]string]int64{{"home", "gold"}: small, {"home", "silver"}: 20, {"shop", "gold"}: 30, {"shop", "silver"}: 40}
		for k, n := range members {
			g.Flows = append(g.Flows, insight.Flow{Key: insight.Key{Day: day, Side: insight.Earned, Source: "prepayment", Segment: k[0], Tier: k[1]}, Sums: insight.Sums{Points: n * 100}})
			for _, h := range [][2]string{k, {k[0], insight.Everybody}, {insight.Everybody, k[1]}, {insight.Everybody, insight.Everybody}} {
				g.Heads = append(g.Heads, insight.Head{Month: day.Month(), Segment: h[0], Tier: h[1], Members: n})
			}
		}
	}
	if err := s.SaveInsight(t.Context(), &g); err != nil {
		t.Fatal(err)
	}
	told := func(from, to ledger.Date) *insight.Crowd {
		r, err := insight.NewService(s, 1).Report(t.Context(), from, to)
		if err != nil {
			t.Fatal(err)
		}
		return &r.Crowd
	}
	alone, before, both := told(april, april), told(march, march), told(march, april)
	if both.Sum().Veil != insight.Plain || both.Sum().Members == 0 {
		t.Fatalf("the test tests nothing: %+v", both)
	}
	for i := range both.Cells {
		for j, cell := range both.Cells[i] {
			if before.Cells[i][j].Veil != insight.Plain {
				t.Errorf("in March, when all are many, cell %d, %d is hidden", i, j)
			}
			if cell.Veil != alone.Cells[i][j].Veil {
				t.Errorf("cell %d, %d is veiled %d in April and %d in March and April", i, j, alone.Cells[i][j].Veil, cell.Veil)
			}
		}
	}
}
