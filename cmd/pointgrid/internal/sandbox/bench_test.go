package sandbox_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// BenchmarkConvertPush is a conversion without HTTP: workflow, SQLite and the
// embedded ledger, each durable, with many callers at once.
func BenchmarkConvertPush(b *testing.B) {
	const members = 1000
	site := &sandbox.Site{Dir: b.TempDir()}
	ctx := context.Background()
	if err := site.Seed(ctx, sandbox.Amounts{Members: members, Linked: members}, time.Now); err != nil {
		b.Fatal(err)
	}
	c, err := site.Config("127.0.0.1:0", map[string]string{"sky": "http://127.0.0.1:1", "mart": "http://127.0.0.1:1", "tel": "http://127.0.0.1:1"})
	if err != nil {
		b.Fatal(err)
	}
	g, err := gateway.Open(ctx, &c, gateway.Surroundings{Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	mart := sandbox.CompanyOf("mart")
	var serial atomic.Uint64
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			n := serial.Add(1)
			key := strconv.FormatUint(n, 10)
			var hash ledger.Hash
			binary.BigEndian.PutUint64(hash[:], n)
			got, _, err := g.Exchange.Convert(ctx, exchange.Party{Client: "mart", Partner: "mart"}, exchange.ConvertRequest{
				Source: "MART", Destination: "EPT", From: 12000, LinkID: sandbox.LinkID(mart, int(n%members)+1), Reference: key,
				Idempotency: exchange.Idempotency{Key: key, Hash: hash}}, time.Minute)
			if err != nil || got.Status != exchange.Completed {
				b.Errorf("%v %+v", err, got)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "conversions/s")
	if err := g.Exchange.Close(ctx); err != nil {
		b.Fatal(err)
	}
}
