//go:build unix

package faults

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
)

// night closes the window, and waits until three books of every company have been
// compared. It returns an error if anything differs.
func (w *world) night(ctx context.Context) error {
	window, err := w.window(ctx)
	if err != nil {
		return err
	}
	advance := client.Request{Method: http.MethodPost, Path: "/v1/sandbox/clock", Body: map[string]string{"advance": "24h"}}
	if _, err := w.call(ctx, sandbox.UtilityClient, advance, nil); err != nil {
		return fmt.Errorf("the night: %w", err)
	}
	if _, err := w.reached(ctx, window, "mart", "netted", "reconciled"); err != nil {
		return err
	}
	if err := w.sendStatement(ctx, window); err != nil {
		return fmt.Errorf("the retailer's statement: %w", err)
	}
	var said []string
	for _, c := range sandbox.Companies() {
		net, err := w.reached(ctx, window, c.Code, "reconciled")
		if err != nil {
			return err
		}
		said = append(said, c.Code+" "+net)
	}
	var open struct{ Breaks []json.RawMessage }
	if _, err := w.call(ctx, sandbox.UtilityClient, get("/v1/breaks"), &open); err != nil {
		return err
	}
	if len(open.Breaks) > 0 {
		return fmt.Errorf("reconciling found %d breaks or more, the first: %s", len(open.Breaks), open.Breaks[0])
	}
	w.say("the night of %s was settled and reconciled without a break; CNY owed to the utility: %s", window, strings.Join(said, ", "))
	return nil
}

// nightPatience bounds how long a settlement may take to come so far.
const nightPatience = 2 * time.Minute

// reached waits until a settlement has a state, and returns what the company owes.
func (w *world) reached(ctx context.Context, window ledger.Date, code string, states ...string) (net string, err error) {
	var s struct {
		State    string
		Position struct{ Net string }
	}
	for deadline := w.o.Now().Add(nightPatience); w.o.Now().Before(deadline); {
		_, err = w.call(ctx, sandbox.UtilityClient, get("/v1/settlements/"+window.String()+"."+code), &s)
		for _, state := range states {
			if err == nil && s.State == state {
				return s.Position.Net, nil
			}
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("the settlement of %s with %s is %q after %s, want %s: %w", window, code, s.State, nightPatience, states[0], err)
}

// sendStatement sends the retailer's statement, which its host cannot give: it does not
// know of what the retailer has moved by itself.
func (w *world) sendStatement(ctx context.Context, window ledger.Date) error {
	ours, err := w.call(ctx, "mart", get("/v1/settlements/"+window.String()+".mart/statement"), nil)
	if err != nil {
		return err
	}
	lines, err := csv.NewReader(bytes.NewReader(ours.Body)).ReadAll()
	if err != nil || len(lines) == 0 {
		return fmt.Errorf("our statement: %w", err)
	}
	theirs, err := w.load.retailerStatement(lines)
	if err != nil {
		return err
	}
	_, err = w.call(ctx, "mart", client.Request{Method: http.MethodPost, Path: "/v1/statements?date=" + window.String() + "&name=mart.csv",
		Body: theirs, Header: http.Header{"Content-Type": {"text/csv"}}}, nil)
	return err
}

// movements are the words for lines of our statement, by kind and direction.
var movements = map[string]string{"conversion in": "debit", "conversion out": "credit", "reversal in": "debit_reversal", "reversal out": "credit_reversal"}

// retailerStatement is what the retailer's callers remember, each with our ID of it. A
// line of ours that nobody remembers is left out, and what we do not have is in it.
func (l *load) retailerStatement(ours [][]string) ([]byte, error) {
	at := map[string]int{}
	for i, name := range ours[0] {
		at[name] = i
	}
	var file bytes.Buffer
	out := csv.NewWriter(&file)
	_ = out.Write([]string{"reference", "transfer_id", "kind", "amount", "date"}) // a buffer takes everything
	total, missing := decimal.Zero, l.remembered()
	for n, line := range ours[1:] {
		kind, ok := movements[line[at["kind"]]+" "+line[at["direction"]]]
		if !ok {
			continue // such as a line of totals
		}
		id, err := ledger.ParseID(line[at["transfer_id"]])
		if err != nil {
			return nil, fmt.Errorf("our statement: line %d: %w", n+2, err)
		}
		amount, known := missing[id.Root().String()]
		if !known {
			continue
		}
		delete(missing, id.Root().String())
		if amount.IsZero() { // of a credit, which the retailer's host has computed
			if amount, err = decimal.NewFromString(line[at["to_amount"]]); err != nil {
				return nil, fmt.Errorf("our statement: line %d: %w", n+2, err)
			}
		}
		total = total.Add(amount)
		_ = out.Write([]string{line[at["partner_reference"]], id.String(), kind, amount.StringFixed(2), line[at["time"]]})
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%d conversions and reversals that were completed are not in our statement: %v", len(missing), missing)
	}
	_ = out.Write([]string{"total", "", "", total.StringFixed(2), ""})
	out.Flush()
	return file.Bytes(), out.Error()
}

// remembered is what was completed in points of the retailer, by ID: the amount that
// it has moved itself, or zero.
func (l *load) remembered() map[string]decimal.Decimal {
	all := map[string]decimal.Decimal{}
	add := func(id, outcome string, amount int64, push bool) {
		if outcome != completed {
			return
		}
		all[id] = decimal.Zero
		if push {
			all[id] = decimal.New(amount, -2)
		}
	}
	for _, a := range l.all {
		if a.source != "MART" && a.destination != "MART" {
			continue
		}
		add(a.id, a.outcome, a.amount, a.push)
		if a.back != nil {
			add(a.back.id, a.back.outcome, a.back.amount, a.push)
		}
	}
	return all
}
