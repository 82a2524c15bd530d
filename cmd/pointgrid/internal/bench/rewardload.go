package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// RewardLoad is what a load generator of reward events does: so many callers, each
// sending the next request when the last was answered.
type RewardLoad struct {
	URL      string        `json:"url"`
	Site     string        `json:"site"` // folder of the sandbox, which has the key
	Members  int           `json:"members"`
	Clients  int           `json:"clients"`
	Batch    int           `json:"batch"`
	Warmup   time.Duration `json:"warmup"`
	Duration time.Duration `json:"duration"`
}

// RewardLoadCommand is the hidden command whose process generates such load.
const RewardLoadCommand = "bench-reward-load"

// RunRewardLoad reads a RewardLoad as JSON, runs it and writes the Outcome as JSON.
func RunRewardLoad(in io.Reader, out io.Writer, now func() time.Time) error {
	var l RewardLoad
	if err := json.NewDecoder(in).Decode(&l); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if l.Clients < 1 || l.Members < 1 || l.Batch < 1 {
		return errors.New("load: needs clients, members and events in a request")
	}
	key, _, err := (&sandbox.Site{Dir: l.Site}).Key(sandbox.UtilityClient)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	c, err := client.New(client.Options{BaseURL: l.URL, ClientID: sandbox.UtilityClient, Key: key.Private, KeyID: key.ID, Now: now})
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	g := &generator{now: now, caller: c, others: map[string]int64{}, run: strconv.FormatInt(now().UnixNano(), 36),
		client: &fasthttp.Client{MaxConnsPerHost: l.Clients, ReadTimeout: time.Minute, NoDefaultUserAgentHeader: true}}
	if err := g.renew(context.Background()); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return json.NewEncoder(out).Encode(g.report(&l))
}

// report sends events for the time asked for.
func (g *generator) report(l *RewardLoad) Outcome {
	start := g.now()
	counted, end := start.Add(l.Warmup), start.Add(l.Warmup+l.Duration)
	ctx, cancel := context.WithCancel(context.Background())
	var all, keeper sync.WaitGroup
	keeper.Go(func() { g.keepToken(ctx) })
	for range l.Clients {
		all.Go(func() {
			for began := g.now(); !began.After(end); began = g.now() {
				g.counts(began.After(counted), began, g.sendEvents(l))
			}
		})
	}
	all.Wait()
	cancel()
	keeper.Wait()
	return g.outcome(g.now().Sub(counted))
}

// counts adds an answer to what was seen.
func (g *generator) counts(counted bool, began time.Time, issued int64) {
	g.finished.Add(issued)
	if !counted || issued == 0 {
		return
	}
	took := g.now().Sub(began)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latencies, g.counted = append(g.latencies, took), g.counted+issued
}

// sendEvents sends one request and returns how many of its events are on the
// ledger.
func (g *generator) sendEvents(l *RewardLoad) int64 {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(l.URL + "/v1/reward_events")
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/json")
	req.Header.Set("Authorization", g.bearer.Load().(string))
	req.SetBodyRaw(g.events(l))
	if err := g.client.Do(req, resp); err != nil {
		g.other(err.Error(), "", 1)
		return 0
	}
	if resp.StatusCode() != fasthttp.StatusOK {
		g.other(strconv.Itoa(resp.StatusCode()), string(resp.Body()), 1)
		return 0
	}
	n := int64(bytes.Count(resp.Body(), []byte(`"state":"issued"`)))
	if n < int64(l.Batch) {
		g.other("not issued", string(resp.Body()), int64(l.Batch)-n)
	}
	return n
}

// events writes prepayments of ten yuan, small enough to stay below the cap of a
// day.
func (g *generator) events(l *RewardLoad) []byte {
	at := g.now().UTC().Format("2006-01-02T15:04:05.000Z")
	b := append(make([]byte, 0, 220*l.Batch), `{"events":[`...)
	for i := range l.Batch {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"id":"`+g.number()+`","member":"`+sandbox.Member(1+rand.IntN(l.Members))+
			`","kind":"prepayment","channel":"app","segment":"residential","amount":"1000","occurred_at":"`+at+`"}`...)
	}
	return append(b, "]}"...)
}
