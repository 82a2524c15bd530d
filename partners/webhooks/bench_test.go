package webhooks_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// BenchmarkDeliveries measures events of 64 callers, stored on disk, sent to a
// receiver that answers at once, and recorded as delivered; alone, and beside a
// receiver that accepts connections and never answers, with a queue of its own.
func BenchmarkDeliveries(b *testing.B) {
	b.Run("alone", func(b *testing.B) { benchmarkDeliveries(b, "") })
	b.Run("beside a dead one", func(b *testing.B) { benchmarkDeliveries(b, "tel") })
	b.Run("beside a dead one that is told the same", func(b *testing.B) { benchmarkDeliveries(b, "sky") })
}

// deadQueue is how many messages wait for the dead receiver.
const deadQueue = 5000

func benchmarkDeliveries(b *testing.B, dead string) {
	store, err := sqlstore.Open(context.Background(), sqlstore.Options{Path: filepath.Join(b.TempDir(), "store.db"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	must(b, err)
	b.Cleanup(func() { must(b, store.Close()) })
	w := newWorldOn(b, store, func(o *webhooks.DelivererOptions) {
		o.Schedule, o.Timeout, o.PauseFirst, o.PauseMax = webhooks.Schedule(), 15*time.Second, 5*time.Second, 5*time.Minute
	})
	var got atomic.Int64
	all := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, in *http.Request) {
		_, _ = io.Copy(io.Discard, in.Body)
		if got.Add(1) == int64(b.N) {
			close(all)
		}
	}))
	b.Cleanup(server.Close)
	if dead != "" {
		endpoint(b, w, dead, "http://"+blackHole(b))
		publishMany(b, store, dead, deadQueue)
	}
	endpoint(b, w, "sky", server.URL)
	b.ResetTimer()
	publishMany(b, store, "sky", b.N)
	<-all
	eventually(b, "all to be recorded", func() bool {
		time.Sleep(20 * time.Millisecond) // counting a long queue is not part of what is measured
		backlog, err := store.Backlog(context.Background())
		must(b, err)
		return len(backlog) == 0 || dead != "" && len(backlog) == 1
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
	w.stop()
}

func endpoint(b *testing.B, w *world, partner, url string) {
	b.Helper()
	_, err := w.service.Create(context.Background(), partner, webhooks.Wish{URL: url})
	must(b, err)
}

// publishMany has 64 callers publish at the same time.
func publishMany(b *testing.B, store webhooks.Store, partner string, n int) {
	b.Helper()
	var next atomic.Int64
	var callers sync.WaitGroup
	for range 64 {
		callers.Go(func() {
			for next.Add(1) <= int64(n) {
				if err := store.Publish(context.Background(), webhooks.Event{Type: webhooks.ConversionCompleted, Partners: []string{partner},
					At: 1, Data: webhooks.Conversion{ConversionID: "0198c5a1-8000-7c3a-9d0e-3f1f6a2b4c50", Source: "SKY", Destination: "EPT", Amount: "1000"}}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
}

// blackHole returns an address that accepts connections and answers nothing.
func blackHole(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	b.Cleanup(func() { must(b, l.Close()) })
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	}()
	return l.Addr().String()
}
