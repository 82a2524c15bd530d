package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// BatchItem is one conversion of a batch.
type BatchItem struct {
	// Key is the item's idempotency key, new for each new piece of work.
	Key string `json:"idempotency_key"`
	// Conversion is what POST /v1/conversions takes. Sent again, it must be the same
	// bytes.
	Conversion json.RawMessage `json:"conversion"`
}

// BatchResult is the answer to one item.
type BatchResult struct {
	Index  int `json:"index"`
	Status int `json:"status"` // what POST /v1/conversions would have answered
	// Replayed: it is the answer to an earlier request with the key.
	Replayed bool `json:"replayed"`
	// RetryAfter is when it makes sense to send the item again, in seconds; 0 if it
	// does not.
	RetryAfter int             `json:"retry_after"`
	Conversion json.RawMessage `json:"conversion"` // with a status below 300
	Problem    *Problem        `json:"problem"`    // with any other
}

// Batch converts up to 1,000 at once and waits for at most 30 seconds, in whole
// ones. Each item has its result, in order. An error says nothing of what was
// done: send the same items again. A *[Problem] says that nothing was.
func (c *Client) Batch(ctx context.Context, items []BatchItem, wait time.Duration) ([]BatchResult, error) {
	var answer struct {
		Results []BatchResult `json:"results"`
	}
	body := map[string]any{"conversions": items}
	header := http.Header{"Prefer": {"wait=" + strconv.Itoa(int(wait/time.Second))}}
	if _, err := c.Do(ctx, Request{Method: http.MethodPost, Path: "/v1/conversions/batch", Body: body, Header: header}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Results) != len(items) {
		return nil, fmt.Errorf("client: batch: %d results for %d items", len(answer.Results), len(items))
	}
	return answer.Results, nil
}
