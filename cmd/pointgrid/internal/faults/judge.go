//go:build unix

package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
)

// judge checks every law once nothing is broken any more.
func (w *world) judge(ctx context.Context) error {
	w.say("asked for: %s", w.load.outcomes())
	w.say("meanwhile answered: %s", w.load.trouble())
	if err := errors.Join(w.nothingOpen(ctx), w.night(ctx)); err != nil {
		return err
	}
	last, err := w.window(ctx)
	if err != nil {
		return err
	}
	if w.stage.Network != nil {
		if err := w.samePeers(ctx); err != nil {
			return err
		}
	}
	if err := w.keeper.stop(stopPatience); err != nil {
		return err
	}
	l, err := w.stage.Site.OpenLedger(ctx, w.o.Now, 0)
	if err != nil {
		return err
	}
	all, err := entries(ctx, l, w.first, last)
	if err == nil {
		err = errors.Join(w.judgeLedger(all), w.judgeSums(ctx, l))
	}
	if err == nil {
		w.say("what was answered 201 is on the ledger once, and nothing else; %d conversions and reversals looked at", len(all))
	}
	return errors.Join(err, l.Close())
}

// stopPatience is how long the gateway may take to end in order.
const stopPatience = 40 * time.Second

// outcomes counts what became of what was asked for.
func (l *load) outcomes() string {
	count := map[string]int{}
	for _, a := range l.all {
		what := "conversions " + a.outcome
		if a.code != "" {
			what += " " + a.code
		}
		count[what]++
		if a.back != nil {
			count[strings.TrimSpace("reversals "+a.back.outcome+" "+a.back.code)]++
		}
	}
	return tally(count)
}

// call asks as a client, once.
func (w *world) call(ctx context.Context, id string, r client.Request, out any) (*client.Response, error) {
	c, err := w.stage.Client(id)
	if err != nil {
		return nil, err
	}
	return c.Do(ctx, r, out)
}

func get(path string) client.Request { return client.Request{Method: http.MethodGet, Path: path} }

// window is the one that is open on the ledger.
func (w *world) window(ctx context.Context) (ledger.Date, error) {
	var clock struct{ Window string }
	if _, err := w.call(ctx, sandbox.UtilityClient, get("/v1/sandbox/clock"), &clock); err != nil {
		return 0, err
	}
	return ledger.ParseDate(clock.Window)
}

// nothingOpen waits until no conversion and no reversal is under way, and nothing waits
// for the operator.
func (w *world) nothingOpen(ctx context.Context) error {
	var last string
	for deadline := w.o.Now().Add(recovery); w.o.Now().Before(deadline); {
		var processing struct{ Conversions []json.RawMessage }
		var open struct{ Conversions, Reversals []json.RawMessage }
		_, err1 := w.call(ctx, sandbox.UtilityClient, get("/v1/conversions?status=processing"), &processing)
		_, err2 := w.call(ctx, sandbox.UtilityClient, get("/v1/breaks"), &open)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if len(processing.Conversions)+len(open.Conversions)+len(open.Reversals) == 0 {
			w.say("every conversion and reversal has ended")
			return nil
		}
		last = fmt.Sprintf("under way: %s; for the operator: %s %s", processing.Conversions, open.Conversions, open.Reversals)
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("not everything has ended %s after the last answer: %.2000s", recovery, last)
}

// samePeers waits until every company's peer has the same blocks.
func (w *world) samePeers(ctx context.Context) error {
	var heights []string
	for deadline := w.o.Now().Add(recovery); w.o.Now().Before(deadline); {
		states, err := w.stage.Network.Status(ctx)
		if err != nil {
			return err
		}
		heights = heights[:0]
		same := map[uint64]bool{}
		for _, s := range states {
			if kindOf(s.Name) == "peer" {
				same[s.Height] = true
				heights = append(heights, fmt.Sprintf("%s %d", s.Name, s.Height))
			}
		}
		if len(same) == 1 && !same[0] {
			w.say("all peers have the same blocks: %s", strings.Join(heights, ", "))
			return nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("peers have different blocks: %s", strings.Join(heights, ", "))
}

// books is what a company's own books say that conversions gave to its members, less
// what they took. They are asked for directly, not through the proxy.
func (w *world) books(ctx context.Context, code string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.stage.Hosts[code]+"/sim/books", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var b struct {
		Debits    int64 `json:"debits,string"`
		Credits   int64 `json:"credits,string"`
		GivenBack int64 `json:"given_back,string"`
		TakenBack int64 `json:"taken_back,string"`
		Lawful    bool  `json:"lawful"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&b); err != nil {
		return 0, fmt.Errorf("books of %s: %w", code, err)
	}
	if !b.Lawful {
		return 0, fmt.Errorf("the books of %s are not lawful", code)
	}
	return b.Credits - b.Debits + b.GivenBack - b.TakenBack, nil
}
