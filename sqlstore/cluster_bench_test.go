package sqlstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// BenchmarkClusterWrites is [BenchmarkConversionWrites] with several gateways' stores
// on one server, 64 writers each, with and without an endpoint that is told of every
// conversion. Without a gateway in a cluster it is one store that has the database for
// itself.
func BenchmarkClusterWrites(b *testing.B) {
	for _, gateways := range []int{0, 1, 2} {
		for _, told := range []bool{false, true} {
			b.Run(fmt.Sprintf("gateways=%d/told=%t", gateways, told), func(b *testing.B) {
				benchmarkCluster(b, gateways, told)
			})
		}
	}
}

func benchmarkCluster(b *testing.B, gateways int, told bool) {
	stores := []*sqlstore.Store{}
	if gateways == 0 {
		stores = append(stores, openPostgres(b))
	} else {
		c := newCluster(b)
		for range gateways {
			stores = append(stores, c.open(b, c.join(b), nil))
		}
	}
	if told {
		subscribe(b, stores[0], 900, "sky", "*")
		time.Sleep(time.Second) // until all stores have read it, which no port shows
	}
	b.ResetTimer()
	stop, numbered := make(chan struct{}), sync.WaitGroup{}
	numbered.Go(func() { numberUntil(b, stores[0], stop) })
	fromEach(64*len(stores), b.N, func(i int) {
		s, c := stores[i%len(stores)], sample(rand.Uint64())
		if _, err := exchangetest.Create(context.Background(), s, c); err != nil {
			b.Error(err)
		}
		c.Status, c.Outcome, c.Step, c.FinishedAt = exchange.Completed, exchange.Completed, exchange.StepDone, c.CreatedAt+9
		if err := s.UpdateConversion(context.Background(), c); err != nil {
			b.Error(err)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "conversions/s")
	close(stop)
	numbered.Wait()
}

func numberUntil(b *testing.B, s *sqlstore.Store, stop <-chan struct{}) {
	for {
		n, err := s.Number(context.Background())
		if err != nil {
			b.Error(err)
		}
		if n > 0 {
			continue
		}
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
