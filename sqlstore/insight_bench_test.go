package sqlstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// lastDay is the last of the year over which the benchmark's events are spread.
const lastDay = ledger.Date(20_778)

// earnedBy is an event of a year, and its issue on the ledger.
func earnedBy(n int, members uint64) (*rewards.Record, projection.Row) {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	day := lastDay - ledger.Date(r.IntN(365))
	at := day.In(time.UTC).Add(time.Hour).UnixMilli()
	row := converted(n, r.Uint64N(members))
	row.Transfer.ID, row.Transfer.At = ledger.NewID(time.UnixMilli(at), [10]byte{byte(n >> 16), byte(n >> 8), byte(n)}).Root(), at
	row.Transfer.Kind, row.Transfer.Source, row.Transfer.Amount = ledger.KindIssue, nil, 100
	row.Transfer.Reason = fmt.Sprintf("rule=r version=1 event=EV-%08d channel=app", n)
	kind := rewards.Kinds()[r.IntN(5)]
	record := &rewards.Record{Event: rewards.Event{ID: fmt.Sprintf("EV-%08d", n), Member: fmt.Sprint("M-", r.Uint64N(members)), Kind: kind,
		Channel: rewards.DefaultChannels()[r.IntN(6)], Segment: []string{"residential", "small_business", "industry"}[r.IntN(3)], OccurredAt: at, Amount: 20_000},
		State: rewards.Issued, Day: day, Command: row.Transfer.ID, Tier: []string{"standard", "silver", "gold", "platinum"}[r.IntN(4)], Points: 100, Expiry: 700,
		Explanation: rewards.Explanation{Rule: string(kind), Points: 100}}
	return record, row
}

// live stores so many events with their issues.
func live(b *testing.B, s *sqlstore.Store, n int, members uint64) {
	b.Helper()
	const together = 5_000
	for at := 0; at < n; at += together {
		g := projection.Group{Checkpoint: projection.Checkpoint{Height: uint64(at)}}
		var records []*rewards.Record
		for i := at; i < min(at+together, n); i++ {
			record, row := earnedBy(i, members)
			records, g.Rows = append(records, record), append(g.Rows, row)
		}
		if err := s.SaveRewards(context.Background(), records); err != nil {
			b.Fatal(err)
		}
		if err := s.Apply(context.Background(), g); err != nil {
			b.Fatal(err)
		}
	}
}

func counterOf(s *sqlstore.Store) *insight.Counter {
	return insight.NewCounter(insight.Options{Records: s, Store: s, Shop: "mall", Day: ledger.DateOf, Begins: func(d ledger.Date) time.Time { return d.In(time.UTC) },
		Now: time.Now, Timer: time.Now, Logger: slog.New(slog.DiscardHandler)})
}

// BenchmarkInsightCount is what a transfer costs the counter. They are spread over a
// whole year, which is the worst it can meet.
func BenchmarkInsightCount(b *testing.B) {
	s := openNew(b)
	live(b, s, b.N, 100_000)
	before := cpuTime(b)
	b.ResetTimer()
	if n, err := counterOf(s).CountPoints(context.Background()); err != nil || n != b.N {
		b.Fatal(n, err)
	}
	b.StopTimer()
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/transfer")
}

// summed stores the sums of so many events as the counter would have left them.
func summed(b *testing.B, s *sqlstore.Store, n int) {
	b.Helper()
	sums := map[insight.Key]insight.Sums{}
	for i := range n {
		r, _ := earnedBy(i, 100_000)
		key := insight.Key{Day: r.Day, Side: insight.Earned, Source: string(r.Kind), Channel: string(r.Channel), Segment: r.Segment, Tier: r.Tier, Item: r.Explanation.Rule}
		sum := sums[key]
		if err := sum.Add(insight.Sums{Count: 1, Points: r.Points, Fen: r.Amount}); err != nil {
			b.Fatal(err)
		}
		sums[key] = sum
	}
	var g insight.Group
	for key, sum := range sums {
		if g.Flows = append(g.Flows, insight.Flow{Key: key, Sums: sum}); len(g.Flows) == 5_000 {
			if err := s.SaveInsight(context.Background(), &g); err != nil {
				b.Fatal(err)
			}
			g.Flows = g.Flows[:0]
		}
	}
	if err := s.SaveInsight(context.Background(), &g); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d sums of %d events", len(sums), n)
}

// BenchmarkInsightReport is what a page waits for when a million events were
// counted, spread over all there is: more sums than a utility will have.
func BenchmarkInsightReport(b *testing.B) {
	s := openNew(b)
	summed(b, s, 1_000_000)
	service := insight.NewService(s, 10_000)
	for _, days := range []ledger.Date{1, 30, 365} {
		b.Run(fmt.Sprintf("days=%d", days), func(b *testing.B) {
			before := cpuTime(b)
			for b.Loop() {
				r, err := service.Report(context.Background(), lastDay-days+1, lastDay)
				if err != nil || r.Total.Earned.Points == 0 {
					b.Fatal(r, err)
				}
			}
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/report")
		})
	}
}
