package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// PageLoad is what a load generator of pages does: requests at a rate, each at its
// own moment whether or not those before were answered, so that a gateway that
// stumbles is not spared meanwhile. Latencies count from that moment.
type PageLoad struct {
	URL      string        `json:"url"`
	Cookie   string        `json:"cookie"`   // its name
	Sessions []string      `json:"sessions"` // its values, of as many members
	Pages    []Page        `json:"pages"`
	Rate     int           `json:"rate"` // per second
	Warmup   time.Duration `json:"warmup"`
	Duration time.Duration `json:"duration"`
}

// Page is one of them, and how often it is asked for.
type Page struct {
	Name   string   `json:"name"`
	Paths  []string `json:"paths"` // one of them each time
	Weight int      `json:"weight"`
}

// PageOutcome is what became of a page.
type PageOutcome struct {
	Name  string        `json:"name"`
	Count int64         `json:"count"`
	P50   time.Duration `json:"p50"`
	P99   time.Duration `json:"p99"`
	Max   time.Duration `json:"max"`
	Bytes int64         `json:"bytes"` // of the largest, without compression
	// Others are answers other than 200, by status or error.
	Others map[string]int64 `json:"others"`
	First  string           `json:"first,omitempty"` // body of the first of them
}

// PageLoadCommand is the hidden command whose process generates such load.
const PageLoadCommand = "bench-page-load"

// pageTimeout is when a page that does not come is an error.
const pageTimeout = 30 * time.Second

// RunPageLoad reads a PageLoad as JSON, runs it and writes the outcomes as JSON, the
// last of which is that of all pages together.
func RunPageLoad(in io.Reader, out io.Writer, now func() time.Time) error {
	var l PageLoad
	if err := json.NewDecoder(in).Decode(&l); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if l.Rate < 1 || len(l.Sessions) == 0 || len(l.Pages) == 0 {
		return errors.New("load: needs a rate, sessions and pages")
	}
	v := &visitors{load: l, now: now, seen: make([]views, len(l.Pages)), client: &fasthttp.Client{MaxConnsPerHost: 4096,
		ReadTimeout: pageTimeout, NoDefaultUserAgentHeader: true, MaxIdleConnDuration: pageTimeout}}
	v.visit()
	return json.NewEncoder(out).Encode(v.outcomes())
}

type visitors struct {
	load   PageLoad
	now    func() time.Time
	client *fasthttp.Client
	mu     sync.Mutex
	seen   []views // as the load's pages
}

// views are what was seen of a page.
type views struct {
	took   []time.Duration
	bytes  int64
	others map[string]int64
	first  string
}

// visit sends the requests, at moments that are independent of one another: the
// pauses between them are exponentially distributed.
func (v *visitors) visit() {
	begin := v.now()
	counted, end := begin.Add(v.load.Warmup), begin.Add(v.load.Warmup+v.load.Duration)
	var all sync.WaitGroup
	for at := begin; at.Before(end); at = at.Add(time.Duration(rand.ExpFloat64() * float64(time.Second) / float64(v.load.Rate))) {
		time.Sleep(at.Sub(v.now()))
		all.Go(func() { v.look(at, !at.Before(counted)) })
	}
	all.Wait()
}

// pick chooses a page by its weight.
func (v *visitors) pick() int {
	var sum int
	for _, p := range v.load.Pages {
		sum += p.Weight
	}
	n := rand.IntN(sum)
	for i, p := range v.load.Pages {
		if n -= p.Weight; n < 0 {
			return i
		}
	}
	return 0
}

func (v *visitors) look(at time.Time, counts bool) {
	i := v.pick()
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	paths := v.load.Pages[i].Paths
	req.SetRequestURI(v.load.URL + paths[rand.IntN(len(paths))])
	req.Header.Set("Cookie", v.load.Cookie+"="+v.load.Sessions[rand.IntN(len(v.load.Sessions))])
	err := v.client.Do(req, resp)
	if !counts {
		return
	}
	took := v.now().Sub(at)
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := &v.seen[i]
	switch {
	case err != nil:
		seen.other(err.Error(), "")
	case resp.StatusCode() != fasthttp.StatusOK:
		seen.other(strconv.Itoa(resp.StatusCode()), string(resp.Body()))
	default:
		seen.took, seen.bytes = append(seen.took, took), max(seen.bytes, int64(len(resp.Body())))
	}
}

func (s *views) other(what, body string) {
	if s.others == nil {
		s.others, s.first = map[string]int64{}, body
	}
	s.others[what]++
}

func (v *visitors) outcomes() []PageOutcome {
	all := views{others: map[string]int64{}}
	var out []PageOutcome
	for i := range v.seen {
		s := &v.seen[i]
		out = append(out, s.outcome(v.load.Pages[i].Name))
		all.took, all.bytes = append(all.took, s.took...), max(all.bytes, s.bytes)
		for what, n := range s.others {
			all.others[what] += n
		}
		if all.first == "" {
			all.first = s.first
		}
	}
	return append(out, all.outcome("all"))
}

func (s *views) outcome(name string) PageOutcome {
	o := PageOutcome{Name: name, Count: int64(len(s.took)), Bytes: s.bytes, Others: s.others, First: s.first}
	o.P50, o.P99, o.Max = spread(s.took)
	return o
}
