package exchange_test

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// instant is a ledger that says yes to everything at once: what is left is the
// workflow's own cost.
type instant struct{ ledger.Ledger }

func (instant) Submit(_ context.Context, _ ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	return slices.Repeat([]ledger.Result{{Code: ledger.CodeOK}}, len(commands)), nil
}

func (instant) Check(context.Context, ledger.Identity, ledger.Command) (ledger.Result, error) {
	return ledger.Result{Code: ledger.CodeOK}, nil
}

// agreeable is a partner that says yes to everything at once.
type agreeable struct{ connector.Host }

func (agreeable) Debit(context.Context, connector.Transfer) (connector.Answer, error) {
	return connector.Answer{Outcome: connector.Done, Reference: "D-1"}, nil
}

func (agreeable) Credit(context.Context, connector.Transfer) (connector.Answer, error) {
	return connector.Answer{Outcome: connector.Done, Reference: "C-1"}, nil
}

func benchmark(b *testing.B, p exchange.Party, via, source, destination, reference string) {
	w := newWorld(b, func(o *exchange.Options) {
		o.Ledger = instant{o.Ledger}
		o.Hosts = func(string) connector.Host { return agreeable{} }
	})
	m := w.join(1)
	b.ReportAllocs()
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := exchange.ConvertRequest{Source: source, Destination: destination, From: 3000, LinkID: m.links[via], Reference: reference,
				Idempotency: exchange.Idempotency{Key: strconv.FormatInt(w.keys.Add(1), 36)}}
			c, _, err := w.Convert(context.Background(), p, r, patient)
			if err != nil || c.Status != exchange.Completed {
				b.Error(c, err)
				return
			}
		}
	})
}

func BenchmarkConvertPush(b *testing.B)     { benchmark(b, tele, "tele", "TELE", "EPT", "T-1") }
func BenchmarkConvertCallback(b *testing.B) { benchmark(b, staff, "sky", "MILES", "EPT", "") }
func BenchmarkConvertOut(b *testing.B)      { benchmark(b, staff, "sky", "EPT", "MILES", "") }

func BenchmarkQuote(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 3000}); err != nil {
			b.Fatal(err)
		}
	}
}
