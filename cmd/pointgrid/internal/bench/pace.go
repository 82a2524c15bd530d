package bench

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// connectionsMax bounds the connections of a load with a rate; a request for which
// none is free counts as another answer.
const connectionsMax = 8192

// Slice is a part of the counted time: requests that were sent in it, how long those
// that were carried out and those that were refused took, from the moment at which
// they were due.
type Slice struct {
	Converted int64         `json:"converted"`
	P50       time.Duration `json:"p50"`
	P99       time.Duration `json:"p99"`
	Max       time.Duration `json:"max"`
	// Refused were answered 429 or 503, and need to be sent again.
	Refused    int64         `json:"refused"`
	RefusedP50 time.Duration `json:"refused_p50"`
	RefusedP99 time.Duration `json:"refused_p99"`
}

// paced are the latencies of a slice.
type paced struct {
	converted     int64
	took, refused []time.Duration
}

// pace sends requests at the load's rate, each at a moment that is independent of the
// others and whether or not those before were answered, so that a gateway that
// stumbles is not spared meanwhile.
func (g *generator) pace(counted, end time.Time) []Slice {
	length := g.load.Slice
	if length <= 0 {
		length = g.load.Duration
	}
	slices := make([]paced, (g.load.Duration+length-1)/length)
	var mu sync.Mutex
	var all sync.WaitGroup
	for at := g.now(); at.Before(end); at = at.Add(time.Duration(rand.ExpFloat64() * float64(time.Second) / float64(g.load.Rate))) {
		if wait := at.Sub(g.now()); wait > 0 {
			time.Sleep(wait)
		}
		all.Go(func() {
			n, refused := g.convert()
			g.finished.Add(n)
			took := g.now().Sub(at)
			if at.Before(counted) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			s := &slices[min(int(at.Sub(counted)/length), len(slices)-1)]
			s.add(n, refused, took)
		})
	}
	all.Wait()
	return g.sum(slices)
}

func (p *paced) add(converted int64, refused bool, took time.Duration) {
	switch {
	case refused:
		p.refused = append(p.refused, took)
	case converted > 0:
		p.converted, p.took = p.converted+converted, append(p.took, took)
	}
}

// sum makes the slices, and adds them to what counts of the whole.
func (g *generator) sum(all []paced) []Slice {
	out := make([]Slice, len(all))
	for i, p := range all {
		out[i] = p.slice()
		g.counted, g.latencies = g.counted+p.converted, append(g.latencies, p.took...)
	}
	return out
}

func (p *paced) slice() Slice {
	s := Slice{Converted: p.converted, Refused: int64(len(p.refused))}
	s.P50, s.P99, s.Max = spread(p.took)
	s.RefusedP50, s.RefusedP99, _ = spread(p.refused)
	return s
}

// full reports whether an answer says that there was no room for a request.
func full(status int) bool {
	return status == fasthttp.StatusTooManyRequests || status == fasthttp.StatusServiceUnavailable
}
