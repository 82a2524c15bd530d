package tour

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// webhook receives one webhook as the airline's program does, and verifies it.
func (t *Tour) webhook(ctx context.Context) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	box := &inbox{events: make(chan *client.Event, 1), errs: make(chan error, 1)}
	server := &http.Server{Handler: box, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }() // it ends with Close
	defer server.Close()
	endpoint, err := t.sky.CreateWebhookEndpoint(ctx, client.WebhookEndpoint{URL: "http://" + listener.Addr().String(), Events: []string{"conversion.*"}}, "tour-webhook")
	if err != nil {
		return "", err
	}
	secrets, err := t.sky.WebhookSecrets(ctx, endpoint.ID)
	if err != nil {
		return "", err
	}
	if box.verifier, err = client.NewVerifier(t.Now, secrets...); err != nil {
		return "", err
	}
	c, err := t.convert(ctx, t.sky, object{"source": "SKY", "destination": "EPT", "amount": "300", "link_id": t.link}, "tour-webhook")
	if err != nil {
		return "", err
	}
	t.conversions++
	e, err := box.wait(ctx)
	if err != nil {
		return "", err
	}
	var data struct {
		ConversionID string `json:"conversion_id"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return "", err
	}
	said := fmt.Sprintf("%s, message %d of the endpoint, signature verified", e.Type, e.Sequence)
	return said, firstOf(same("type", e.Type, "conversion.completed"), same("sequence", e.Sequence, 1),
		same("conversion", data.ConversionID, c.ID), t.sky.DeleteWebhookEndpoint(ctx, endpoint.ID))
}

// inbox is an endpoint that takes what it can verify.
type inbox struct {
	verifier *client.Verifier
	events   chan *client.Event
	errs     chan error
}

const webhookMax = 64 << 10 // bytes; the gateway's are far smaller

// ServeHTTP implements [http.Handler].
func (b *inbox) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(out, in.Body, webhookMax))
	if err == nil {
		var e *client.Event
		if e, err = b.verifier.Verify(in.Header, body); err == nil {
			select {
			case b.events <- e:
			default: // a repeat
			}
			out.WriteHeader(http.StatusNoContent)
			return
		}
	}
	select {
	case b.errs <- err:
	default:
	}
	out.WriteHeader(http.StatusBadRequest)
}

func (b *inbox) wait(ctx context.Context) (*client.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case e := <-b.events:
		return e, nil
	case err := <-b.errs:
		return nil, err
	case <-ctx.Done():
		return nil, fmt.Errorf("waited %s for a webhook", patience)
	}
}
