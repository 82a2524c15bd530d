package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Load is what one load generator does: so many callers, each sending the next
// conversion when the last was answered.
type Load struct {
	URL         string   `json:"url"`
	Token       string   `json:"token"`
	Source      string   `json:"source"`
	Destination string   `json:"destination"`
	Amount      string   `json:"amount"`
	Push        bool     `json:"push"` // send a partner's reference
	Links       []string `json:"links"`
	Clients     int      `json:"clients"`
	// Warmup is not counted, Duration is.
	Warmup   time.Duration `json:"warmup"`
	Duration time.Duration `json:"duration"`
}

// Outcome is what a load generator saw. Finished counts every conversion that
// was answered 201, warm-up included; the rest is of the counted time only.
type Outcome struct {
	Finished  int64            `json:"finished"`
	Counted   int64            `json:"counted"`
	Others    map[string]int64 `json:"others"` // answers other than 201, by status or error
	Elapsed   time.Duration    `json:"elapsed"`
	P50       time.Duration    `json:"p50"`
	P99       time.Duration    `json:"p99"`
	Max       time.Duration    `json:"max"`
	FirstBody string           `json:"first_body,omitempty"` // of the first answer other than 201
}

// RunLoad reads a Load as JSON, runs it and writes the Outcome as JSON. It is
// the body of the load generator's process.
func RunLoad(in io.Reader, out io.Writer, now func() time.Time) error {
	var l Load
	if err := json.NewDecoder(in).Decode(&l); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if l.Clients < 1 || len(l.Links) == 0 {
		return errors.New("load: needs clients and links")
	}
	g := &generator{load: l, now: now, others: map[string]int64{}, run: strconv.FormatInt(now().UnixNano(), 36),
		client: &fasthttp.Client{MaxConnsPerHost: l.Clients, ReadTimeout: time.Minute, NoDefaultUserAgentHeader: true}}
	return json.NewEncoder(out).Encode(g.work())
}

type generator struct {
	load     Load
	now      func() time.Time
	client   *fasthttp.Client
	run      string
	serial   atomic.Int64
	finished atomic.Int64

	mu        sync.Mutex
	latencies []time.Duration
	others    map[string]int64
	firstBody string
}

func (g *generator) work() Outcome {
	start := g.now()
	counted, end := start.Add(g.load.Warmup), start.Add(g.load.Warmup+g.load.Duration)
	var all sync.WaitGroup
	for range g.load.Clients {
		all.Go(func() { g.caller(counted, end) })
	}
	all.Wait()
	return g.outcome(g.now().Sub(counted))
}

// caller sends conversions until the end; one that is under way then is still
// awaited and counted.
func (g *generator) caller(counted, end time.Time) {
	var mine []time.Duration
	for {
		began := g.now()
		if began.After(end) {
			break
		}
		ok := g.convert()
		if ok {
			g.finished.Add(1)
		}
		if ok && began.After(counted) {
			mine = append(mine, g.now().Sub(began))
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latencies = append(g.latencies, mine...)
}

func (g *generator) convert() bool {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	n := strconv.FormatInt(g.serial.Add(1), 10)
	req.SetRequestURI(g.load.URL + "/v1/conversions")
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/json")
	req.Header.Set("Authorization", "Bearer "+g.load.Token)
	req.Header.Set("Idempotency-Key", g.run+"-"+n)
	req.Header.Set("Prefer", "wait=30")
	req.SetBodyString(g.body(n))
	if err := g.client.Do(req, resp); err != nil {
		g.other(err.Error(), "")
		return false
	}
	if resp.StatusCode() != fasthttp.StatusCreated {
		g.other(strconv.Itoa(resp.StatusCode()), string(resp.Body()))
		return false
	}
	return true
}

func (g *generator) body(n string) string {
	link := g.load.Links[rand.IntN(len(g.load.Links))]
	body := `{"source":"` + g.load.Source + `","destination":"` + g.load.Destination +
		`","amount":"` + g.load.Amount + `","link_id":"` + link + `"`
	if g.load.Push {
		body += `,"reference":"` + g.run + "-" + n + `"`
	}
	return body + "}"
}

func (g *generator) other(what, body string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.others[what]++
	if g.firstBody == "" {
		g.firstBody = body
	}
}

func (g *generator) outcome(elapsed time.Duration) Outcome {
	o := Outcome{Finished: g.finished.Load(), Counted: int64(len(g.latencies)), Others: g.others,
		Elapsed: elapsed, FirstBody: g.firstBody}
	if len(g.latencies) == 0 {
		return o
	}
	slices.Sort(g.latencies)
	o.P50, o.P99 = quantile(g.latencies, 50), quantile(g.latencies, 99)
	o.Max = g.latencies[len(g.latencies)-1]
	return o
}

// quantile returns the smallest value that q percent of the sorted values do not
// exceed.
func quantile(sorted []time.Duration, q int) time.Duration {
	i := (len(sorted)*q + 99) / 100
	return sorted[max(i, 1)-1]
}
