package bench

import (
	"bytes"
	"context"
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

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// Load is what one load generator does: so many callers, each sending the next
// conversion when the last was answered.
type Load struct {
	URL         string   `json:"url"`
	Site        string   `json:"site"`   // folder of the sandbox, which has the key
	Caller      string   `json:"caller"` // client ID
	Source      string   `json:"source"`
	Destination string   `json:"destination"`
	Amount      string   `json:"amount"`
	Push        bool     `json:"push"` // send a partner's reference
	Links       []string `json:"links"`
	Clients     int      `json:"clients"`
	// URLs are of all gateways of a cluster, over which the callers are spread; empty is
	// URL alone. Patient callers go to the next gateway with the same request when
	// one does not answer it with 201, for as long as a minute.
	URLs    []string `json:"urls"`
	Patient bool     `json:"patient"`
	// Final is a status that patient callers take for an answer, too; 0 is none.
	Final int `json:"final"`
	// Batch is the number of conversions in each request; 0 is one by itself.
	Batch int `json:"batch"`
	// Rate is the requests in each second; 0 has every caller send the next when
	// the last was answered.
	Rate int `json:"rate"`
	// Slice is the length of the parts in which a load with a rate is told; 0 is all
	// of it.
	Slice time.Duration `json:"slice"`
	// Warmup is not counted, Duration is.
	Warmup   time.Duration `json:"warmup"`
	Duration time.Duration `json:"duration"`
}

// Outcome is what a load generator saw. Finished counts every conversion that
// was answered 201, warm-up included; the rest is of the counted time only, and
// its latencies are of requests.
type Outcome struct {
	Finished  int64            `json:"finished"`
	Counted   int64            `json:"counted"`
	Others    map[string]int64 `json:"others"` // answers other than 201, by status or error
	Slices    []Slice          `json:"slices"` // of a load with a rate
	Elapsed   time.Duration    `json:"elapsed"`
	P50       time.Duration    `json:"p50"`
	P99       time.Duration    `json:"p99"`
	Max       time.Duration    `json:"max"`
	Gap       time.Duration    `json:"gap"`                  // the longest time in which no request ended
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
	key, _, err := (&sandbox.Site{Dir: l.Site}).Key(l.Caller)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	c, err := client.New(client.Options{BaseURL: l.URL, ClientID: l.Caller, Key: key.Private, KeyID: key.ID, Now: now})
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	g := &generator{load: l, now: now, caller: c, others: map[string]int64{}, run: strconv.FormatInt(now().UnixNano(), 36),
		client: &fasthttp.Client{MaxConnsPerHost: connections(&l), ReadTimeout: readTimeout(&l), NoDefaultUserAgentHeader: true}}
	if err := g.renew(context.Background()); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return json.NewEncoder(out).Encode(g.work())
}

// connections is how many the load may have open.
func connections(l *Load) int {
	if l.Rate > 0 {
		return connectionsMax
	}
	return l.Clients
}

// renewEvery is how often the token is looked at, which the client renews half a
// minute before its end.
const renewEvery = 10 * time.Second

// renew makes requests carry a token that is good for a while.
func (g *generator) renew(ctx context.Context) error {
	token, err := g.caller.Token(ctx)
	if err == nil {
		g.bearer.Store("Bearer " + token)
	}
	return err
}

// keepToken renews the token until the context ends. A failure shows in the
// answers.
func (g *generator) keepToken(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := g.renew(ctx); err != nil && ctx.Err() == nil {
				g.other(err.Error(), "", 1)
			}
		}
	}
}

type generator struct {
	load     Load
	now      func() time.Time
	client   *fasthttp.Client
	caller   *client.Client
	bearer   atomic.Value // string
	run      string
	serial   atomic.Int64
	finished atomic.Int64

	slices []Slice // of a load with a rate

	last atomic.Int64 // when a request ended last, nanoseconds since 1970
	gap  atomic.Int64 // the longest time between two ends

	mu        sync.Mutex
	counted   int64
	latencies []time.Duration
	others    map[string]int64
	firstBody string
}

func (g *generator) work() Outcome {
	start := g.now()
	counted, end := start.Add(g.load.Warmup), start.Add(g.load.Warmup+g.load.Duration)
	ctx, cancel := context.WithCancel(context.Background())
	var all, keeper sync.WaitGroup
	if !g.load.Patient { // the issuer may be the gateway that dies
		keeper.Go(func() { g.keepToken(ctx) })
	}
	if g.load.Rate > 0 {
		g.slices = g.pace(counted, end)
	} else {
		for caller := range g.load.Clients {
			all.Go(func() { g.call(caller, counted, end) })
		}
	}
	all.Wait()
	cancel()
	keeper.Wait()
	return g.outcome(g.now().Sub(counted))
}

// call sends conversions until the end; one that is under way then is still
// awaited and counted.
func (g *generator) call(caller int, counted, end time.Time) {
	var mine []time.Duration
	var converted int64
	for {
		began := g.now()
		if began.After(end) {
			break
		}
		n, _ := g.convertAt(caller)
		g.finished.Add(n)
		g.note(n, g.now())
		if n > 0 && began.After(counted) {
			mine, converted = append(mine, g.now().Sub(began)), converted+n
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latencies, g.counted = append(g.latencies, mine...), g.counted+converted
}

// convert sends one request and returns how many conversions were answered 201, and
// whether the whole was refused for want of room.
func (g *generator) convert() (converted int64, refused bool) { return g.convertAt(0) }

// convertAt is convert by one of many callers, who have a gateway each.
func (g *generator) convertAt(caller int) (converted int64, refused bool) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(g.url(caller) + "/v1/conversions")
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/json")
	req.Header.Set("Authorization", g.bearer.Load().(string))
	req.Header.Set("Prefer", "wait=30")
	status := fasthttp.StatusCreated
	if g.load.Batch > 0 {
		status = fasthttp.StatusOK
		req.SetRequestURI(g.url(caller) + "/v1/conversions/batch")
		req.SetBodyRaw(g.batch())
	} else {
		n := g.number()
		req.Header.Set("Idempotency-Key", n)
		req.SetBodyRaw(g.body(nil, n))
	}
	if err := g.do(req, resp, caller, status); err != nil {
		g.other(err.Error(), "", 1)
		return 0, false
	}
	if resp.StatusCode() != status {
		g.other(strconv.Itoa(resp.StatusCode()), string(resp.Body()), 1)
		return 0, full(resp.StatusCode())
	}
	return g.completed(resp.Body())
}

// completed counts the conversions of an answer that were answered 201. Quotes
// in a text are escaped, so what looks like a field is one.
func (g *generator) completed(body []byte) (n int64, refused bool) {
	if g.load.Batch == 0 {
		return 1, false
	}
	n = int64(bytes.Count(body, []byte(`"status":201`)))
	if n < int64(g.load.Batch) {
		g.other("in a batch", string(body), int64(g.load.Batch)-n)
	}
	return n, n == 0 && bytes.Count(body, []byte(`"status":503`)) == g.load.Batch
}

func (g *generator) number() string { return fmt.Sprintf("%s-%09d", g.run, g.serial.Add(1)) }

func (g *generator) batch() []byte {
	b := append(make([]byte, 0, 300*g.load.Batch), `{"conversions":[`...)
	for i := range g.load.Batch {
		n := g.number()
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"idempotency_key":"`...), n...), `","conversion":`...)
		b = append(g.body(b, n), '}')
	}
	return append(b, "]}"...)
}

func (g *generator) body(b []byte, n string) []byte {
	link := g.load.Links[rand.IntN(len(g.load.Links))]
	b = append(b, `{"source":"`+g.load.Source+`","destination":"`+g.load.Destination+
		`","amount":"`+g.load.Amount+`","link_id":"`+link+`"`...)
	if g.load.Push {
		b = append(append(append(b, `,"reference":"`...), n...), '"')
	}
	return append(b, '}')
}

func (g *generator) other(what, body string, n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.others[what] += n
	if g.firstBody == "" {
		g.firstBody = body
	}
}

func (g *generator) outcome(elapsed time.Duration) Outcome {
	o := Outcome{Finished: g.finished.Load(), Counted: g.counted, Others: g.others, Slices: g.slices,
		Elapsed: elapsed, Gap: time.Duration(g.gap.Load()), FirstBody: g.firstBody}
	o.P50, o.P99, o.Max = spread(g.latencies)
	return o
}

// spread sorts latencies and says how long they are; 0 for none.
func spread(took []time.Duration) (p50, p99, longest time.Duration) {
	if len(took) == 0 {
		return 0, 0, 0
	}
	slices.Sort(took)
	return quantile(took, 50), quantile(took, 99), took[len(took)-1]
}

// quantile returns the smallest value that q percent of the sorted values do not
// exceed.
func quantile(sorted []time.Duration, q int) time.Duration {
	i := (len(sorted)*q + 99) / 100
	return sorted[max(i, 1)-1]
}
