package tour

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// What the retailer, which has moved its points already, has converted in bulk.
const (
	bulkAmount   = 12000 // 120.00 MART
	bulkPoints   = "100" // EPT for it
	batchItems   = 50
	fileLines    = 3000
	filePatience = time.Minute
)

func (t *Tour) retailerLink(n int) string {
	return sandbox.LinkID(sandbox.CompanyOf("mart"), 1+n%seeded.Linked).String()
}

// batch sends conversions together, one of them wrong, and then all of them
// again.
func (t *Tour) batch(ctx context.Context) (string, error) {
	items := make([]client.BatchItem, batchItems)
	for i := range items {
		amount := strconv.Itoa(bulkAmount)
		if i == 7 {
			amount = "0"
		}
		body, err := json.Marshal(object{"source": "MART", "destination": "EPT", "amount": amount, "link_id": t.retailerLink(i), "reference": fmt.Sprintf("B-%d", i)})
		if err != nil {
			return "", err
		}
		items[i] = client.BatchItem{Key: fmt.Sprintf("tour-batch-%d", i), Conversion: body}
	}
	for _, replayed := range []bool{false, true} {
		results, err := t.mart.Batch(ctx, items, patience)
		if err != nil {
			return "", err
		}
		for i, r := range results {
			if err := checkResult(i, r, replayed); err != nil {
				return "", err
			}
		}
	}
	t.pushed += (batchItems - 1) * bulkAmount
	return fmt.Sprintf("%d answered one by one, the wrong one with its own problem; sent again, nothing moved", batchItems), nil
}

func checkResult(i int, r client.BatchResult, replayed bool) error {
	if i == 7 {
		if r.Problem == nil {
			return fmt.Errorf("item %d was accepted; its amount is 0", i)
		}
		return same("status of the wrong item", r.Status, 400)
	}
	var c conversion
	if err := json.Unmarshal(r.Conversion, &c); err != nil {
		return fmt.Errorf("item %d: %d %v: %w", i, r.Status, r.Problem, err)
	}
	return firstOf(same("status", r.Status, 201), same("status", c.Status, "completed"), same("EPT", c.DestinationAmount, bulkPoints),
		same("replayed", r.Replayed, replayed))
}

// file sends a day's accruals in pieces, kills the gateway while it converts
// them, and reads one result for every line.
func (t *Tour) file(ctx context.Context) (string, error) {
	var text strings.Builder
	text.WriteString("link_id,amount,reference\n")
	for i := range fileLines {
		fmt.Fprintf(&text, "%s,%d,F-%d\n", t.retailerLink(i), bulkAmount, i)
	}
	text.WriteString("no-link,1,F-0\n")
	content := strings.NewReader(text.String())
	f, err := t.mart.SendFile(ctx, client.Upload{Format: "csv", Name: "the tour's accruals", Content: content, Piece: 64 << 10})
	if err != nil {
		return "", err
	}
	t.stage.Gateway.Kill()
	if err := t.stage.StartGateway(ctx); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, filePatience)
	defer cancel()
	if f, err = t.mart.AwaitFile(ctx, f.ID, 20*time.Millisecond, nil); err != nil {
		return "", err
	}
	var results bytes.Buffer
	if err := t.mart.FileResults(ctx, f.ID, &results); err != nil {
		return "", err
	}
	if _, err := t.mart.SendFile(ctx, client.Upload{Format: "csv", Content: content}); err == nil {
		return "", fmt.Errorf("the same file was taken twice")
	}
	t.pushed += f.Succeeded * bulkAmount
	return fmt.Sprintf("%d lines sent in pieces, kill -9 in between, each converted once; %d failed", f.Succeeded, f.Failed),
		firstOf(same("state", f.State, "finished"), same("lines converted", f.Succeeded, fileLines), same("lines that failed", f.Failed, 1),
			same("lines repeated", f.Repeated, 0), same("results", strings.Count(results.String(), ",converted,"), fileLines))
}
