package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// The real program converts a batch and a file of the retailer, which moves its
// points itself.
func TestTheProgramConvertsInBulk(t *testing.T) {
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	mart := api(t, s, dir, "mart")
	link := func(n int) string { return sandbox.LinkID(sandbox.CompanyOf("mart"), 1+n%10).String() }
	items := make([]client.BatchItem, 20)
	for i := range items {
		body, err := json.Marshal(map[string]string{"source": "MART", "destination": "EPT", "amount": "12000", "link_id": link(i), "reference": fmt.Sprint("B-", i)})
		if err != nil {
			t.Fatal(err)
		}
		items[i] = client.BatchItem{Key: fmt.Sprint("bulk-", i), Conversion: body}
	}
	results, err := mart.Batch(t.Context(), items, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Status != 201 {
			t.Errorf("item %d: %d %v", r.Index, r.Status, r.Problem)
		}
	}
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "{\"link_id\":%q,\"amount\":\"12000\",\"reference\":\"F-%d\"}\r\n", link(i), i)
	}
	f, err := mart.SendFile(t.Context(), client.Upload{Format: "ndjson", Content: strings.NewReader(text.String()), Piece: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	if f, err = mart.AwaitFile(t.Context(), f.ID, 10*time.Millisecond, nil); err != nil || f.State != "finished" || f.Succeeded != 1000 {
		t.Fatalf("%+v, %v", f, err)
	}
	var lines bytes.Buffer
	if err := mart.FileResults(t.Context(), f.ID, &lines); err != nil || bytes.Count(lines.Bytes(), []byte(`"outcome":"converted"`)) != 1000 {
		t.Errorf("%v\n%.1000s", err, lines.String())
	}
	var page struct {
		Positions []struct{ In struct{ Count int64 } }
	}
	if _, err := mart.Do(t.Context(), client.Request{Method: "GET", Path: "/v1/positions"}, &page); err != nil || len(page.Positions) != 1 || page.Positions[0].In.Count != 1020 {
		t.Errorf("the ledger has %+v, %v; want 1020 conversions", page, err)
	}
}
