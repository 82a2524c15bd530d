package exchange_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// paced is a ledger that takes so long for each command, one call after the
// other in the order in which they came.
type paced struct {
	instant
	each time.Duration
	lane chan struct{}
}

func (p *paced) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	p.lane <- struct{}{}
	defer func() { <-p.lane }()
	time.Sleep(time.Duration(len(commands)) * p.each)
	return p.instant.Submit(ctx, caller, commands...)
}

var cafe = exchange.Party{Client: "cafe-1", Partner: "cafe"}

func (w *world) pushing(m *member, via, programme string) exchange.ConvertRequest {
	return exchange.ConvertRequest{Source: programme, Destination: "EPT", From: 3000, LinkID: m.links[via], Reference: "T-1",
		Idempotency: exchange.Idempotency{Key: strconv.FormatInt(w.keys.Add(1), 36)}}
}

// BenchmarkFair shows what one company's conversions take, one after the other,
// while another floods the gateway with 32 batches of 100 at a time: alone, with
// turns, and with so many at a time that there are no turns.
func BenchmarkFair(b *testing.B) {
	for _, c := range []struct {
		name  string
		flood int
		turns int
	}{{"alone", 0, 256}, {"flooded, in turns", 32, 256}, {"flooded, without turns", 32, 1 << 20}} {
		b.Run(c.name, func(b *testing.B) { fair(b, c.flood, c.turns) })
	}
}

func fair(b *testing.B, flood, turns int) {
	w := newWorld(b, func(o *exchange.Options) {
		o.Ledger = &paced{instant: instant{o.Ledger}, each: 20 * time.Microsecond, lane: make(chan struct{}, 1)}
		o.TurnsMax, o.TurnPatience = turns, time.Minute
	})
	m := w.join(1)
	ctx, stop := context.WithCancel(context.Background())
	var others sync.WaitGroup
	for range flood {
		others.Go(func() {
			for ctx.Err() == nil {
				many := make([]exchange.ConvertRequest, 100)
				for i := range many {
					many[i] = w.pushing(&m, "tele", "TELE")
				}
				w.ConvertMany(ctx, tele, many, patient)
			}
		})
	}
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		if c, _, err := w.Convert(context.Background(), cafe, w.pushing(&m, "cafe", "BEANS"), patient); err != nil || c.Status != exchange.Completed {
			b.Fatal(c, err)
		}
		took = append(took, time.Since(begin))
	}
	stop()
	others.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
}
