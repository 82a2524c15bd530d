package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

type reconcileCommand struct{ nightly }

// Run compares the books of what is due.
func (r *reconcileCommand) Run(ctx context.Context) error {
	return r.do(ctx, gateway.Surroundings{Progress: compareProgress()},
		func(g *gateway.Gateway) ([]string, error) { return r.stopped(ctx, g) },
		func(api *client.Client) ([]string, error) { return r.running(ctx, api) })
}

func (r *reconcileCommand) stopped(ctx context.Context, g *gateway.Gateway) ([]string, error) {
	done, failed := g.Reconciler.RunDue(ctx)
	waiting, err := g.Reconciler.Waiting(ctx)
	var lines []string
	for i := range done {
		lines = append(lines, comparedLine(compared(&done[i])))
	}
	for _, w := range waiting {
		lines = append(lines, waitingLine(w.Settlement, w.Due, w.Overdue))
	}
	return lines, errors.Join(failed, err)
}

// compareProgress shows on standard error, every few seconds, how far a long run is.
func compareProgress() func(string, reconcile.Progress) {
	var shown time.Time
	return func(id string, p reconcile.Progress) {
		now := time.Now()
		if shown.IsZero() {
			shown = now // a short run shows nothing
		}
		if now.Sub(shown) < 2*time.Second {
			return
		}
		shown = now
		of := ""
		if p.Of > 0 {
			of = fmt.Sprintf(" of %d", p.Of)
		}
		fmt.Fprintf(os.Stderr, "%s: %s, %d%s records\n", id, p.Phase, p.Done, of)
	}
}

// comparison is what is printed of one settlement; the API answers with the same.
type comparison struct {
	ID           string           `json:"settlement_id"`
	LedgerLines  int64            `json:"ledger_lines"`
	OurLines     int64            `json:"our_lines"`
	PartnerLines int64            `json:"partner_lines"`
	Matched      int64            `json:"matched"`
	Found        int64            `json:"found"`
	Open         int64            `json:"open"`
	Breaks       map[string]int64 `json:"breaks"`
}

func compared(o *settlement.Outcome) comparison {
	sum := func(s reconcile.Side) (n int64) {
		for _, of := range o.Report.Records[s] {
			n += of
		}
		return n
	}
	c := comparison{ID: o.Settlement, LedgerLines: sum(reconcile.Ledger), OurLines: sum(reconcile.Ours), PartnerLines: sum(reconcile.Partner),
		Matched: o.Report.Matched, Found: o.Breaks.Found, Open: o.Breaks.Open, Breaks: map[string]int64{}}
	for t, n := range o.Report.Opened {
		if n > 0 {
			c.Breaks[reconcile.Type(t).String()] = n
		}
	}
	return c
}

func comparedLine(c comparison) string {
	line := fmt.Sprintf("%s: %d on the ledger, %d in our records, %d in the statement; %d matched, %d breaks, %d open",
		c.ID, c.LedgerLines, c.OurLines, c.PartnerLines, c.Matched, c.Found, c.Open)
	var types []string
	for name, n := range c.Breaks {
		types = append(types, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(types)
	if len(types) > 0 {
		line += " (new: " + strings.Join(types, ", ") + ")"
	}
	return line
}

func waitingLine(id string, due time.Time, overdue bool) string {
	line := id + ": waits for its statement, due " + due.Format(time.RFC3339)
	if overdue {
		line += ", overdue"
	}
	return line
}

func (r *reconcileCommand) running(ctx context.Context, api *client.Client) ([]string, error) {
	var answer struct {
		Reconciliations []comparison `json:"reconciliations"`
		Waiting         []struct {
			ID      string    `json:"settlement_id"`
			Due     time.Time `json:"due"`
			Overdue bool      `json:"overdue"`
		} `json:"waiting"`
		Errors []struct {
			Partner string `json:"partner"`
			ID      string `json:"settlement_id"`
			Code    string `json:"code"`
			Detail  string `json:"detail"`
		} `json:"errors"`
	}
	if _, err := api.Do(ctx, client.Request{Method: "POST", Path: "/v1/reconciliations"}, &answer); err != nil {
		return nil, err
	}
	var lines []string
	for _, c := range answer.Reconciliations {
		lines = append(lines, comparedLine(c))
	}
	for _, w := range answer.Waiting {
		lines = append(lines, waitingLine(w.ID, w.Due, w.Overdue))
	}
	var failed []error
	for _, e := range answer.Errors {
		failed = append(failed, fmt.Errorf("reconcile: %s %s: %s: %s", e.Partner, e.ID, e.Code, e.Detail))
	}
	return lines, errors.Join(failed...)
}
