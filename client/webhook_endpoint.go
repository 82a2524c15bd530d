package client

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// WebhookEndpoint is an address that is told of events.
type WebhookEndpoint struct {
	ID           string    `json:"id,omitempty"`
	URL          string    `json:"url"`
	Description  string    `json:"description,omitempty"`
	Events       []string  `json:"events,omitempty"` // empty asks for everything
	Scheme       string    `json:"scheme,omitempty"` // "v1" (the default) or "v1a"
	Status       string    `json:"status,omitempty"`
	Reason       string    `json:"reason,omitempty"` // why it is disabled
	DisabledAt   time.Time `json:"disabled_at,omitzero"`
	FailingSince time.Time `json:"failing_since,omitzero"`
}

// WebhookDelivery is a message and what became of it.
type WebhookDelivery struct {
	ID            string          `json:"id"`
	Sequence      int64           `json:"sequence"`
	Type          string          `json:"type"`
	State         string          `json:"state"` // pending, delivered or failed
	Attempts      int64           `json:"attempts"`
	NextAttemptAt time.Time       `json:"next_attempt_at"`
	LastAttempt   *WebhookAttempt `json:"last_attempt"`
}

// WebhookAttempt is the last attempt to deliver a message.
type WebhookAttempt struct {
	At     time.Time `json:"at"`
	TookMS int64     `json:"took_ms"`
	Status int       `json:"status"` // 0 without an answer
	Answer string    `json:"answer"`
	Error  string    `json:"error"`
}

const webhookPath = "/v1/webhook_endpoints"

// CreateWebhookEndpoint makes an endpoint: of e, URL, Description, Events and
// Scheme count. Key is the Idempotency-Key.
func (c *Client) CreateWebhookEndpoint(ctx context.Context, e WebhookEndpoint, key string) (*WebhookEndpoint, error) {
	body := WebhookEndpoint{URL: e.URL, Description: e.Description, Events: e.Events, Scheme: e.Scheme}
	var made WebhookEndpoint
	_, err := c.Do(ctx, Request{Method: http.MethodPost, Path: webhookPath, Body: body, Key: key}, &made)
	return &made, err
}

// WebhookEndpoint returns an endpoint as it stands now.
func (c *Client) WebhookEndpoint(ctx context.Context, id string) (*WebhookEndpoint, error) {
	var e WebhookEndpoint
	_, err := c.Do(ctx, Request{Method: http.MethodGet, Path: webhookPath + "/" + id}, &e)
	return &e, err
}

// SetWebhookStatus enables or disables an endpoint.
func (c *Client) SetWebhookStatus(ctx context.Context, id, status string) error {
	_, err := c.Do(ctx, Request{Method: http.MethodPatch, Path: webhookPath + "/" + id, Body: map[string]string{"status": status}}, nil)
	return err
}

// DeleteWebhookEndpoint removes an endpoint with its messages.
func (c *Client) DeleteWebhookEndpoint(ctx context.Context, id string) error {
	_, err := c.Do(ctx, Request{Method: http.MethodDelete, Path: webhookPath + "/" + id}, nil)
	return err
}

// WebhookSecrets returns what to verify with, newest first, for [NewVerifier].
func (c *Client) WebhookSecrets(ctx context.Context, id string) ([]string, error) {
	return c.secrets(ctx, Request{Method: http.MethodGet, Path: webhookPath + "/" + id + "/secret"})
}

// RotateWebhookSecret makes a new secret; the one before goes on signing for the
// overlap, at most a week.
func (c *Client) RotateWebhookSecret(ctx context.Context, id string, overlap time.Duration) ([]string, error) {
	return c.secrets(ctx, Request{Method: http.MethodPost, Path: webhookPath + "/" + id + "/secret/rotate",
		Body: map[string]string{"overlap": strconv.FormatInt(int64(overlap/time.Second), 10) + "s"}})
}

func (c *Client) secrets(ctx context.Context, r Request) ([]string, error) {
	var answer struct {
		Secrets []struct {
			Secret string `json:"secret"`
		} `json:"secrets"`
	}
	if _, err := c.Do(ctx, r, &answer); err != nil {
		return nil, err
	}
	var all []string
	for _, s := range answer.Secrets {
		all = append(all, s.Secret)
	}
	return all, nil
}

// TestWebhook sends a test event.
func (c *Client) TestWebhook(ctx context.Context, id string) (*WebhookDelivery, error) {
	var d WebhookDelivery
	_, err := c.Do(ctx, Request{Method: http.MethodPost, Path: webhookPath + "/" + id + "/test"}, &d)
	return &d, err
}

// WebhookDelivery returns one message of an endpoint.
func (c *Client) WebhookDelivery(ctx context.Context, id string, sequence int64) (*WebhookDelivery, error) {
	var d WebhookDelivery
	_, err := c.Do(ctx, Request{Method: http.MethodGet, Path: fmt.Sprintf("%s/%s/deliveries/%d", webhookPath, id, sequence)}, &d)
	return &d, err
}

// ReplayWebhooks sends the messages from first to last again, and returns how
// many there are.
func (c *Client) ReplayWebhooks(ctx context.Context, id string, first, last int64) (int64, error) {
	var answer struct {
		Messages int64 `json:"messages"`
	}
	_, err := c.Do(ctx, Request{Method: http.MethodPost, Path: webhookPath + "/" + id + "/replay",
		Body: map[string]int64{"from": first, "to": last}}, &answer)
	return answer.Messages, err
}
