package client

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Event is a webhook that was verified.
type Event struct {
	// ID is the webhook-id, the same each time that the message is sent.
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"` // when it happened
	Data      json.RawMessage `json:"data"`
	// Sequence counts the messages of an endpoint without a gap.
	Sequence int64 `json:"-"`
}

// Errors of [Verifier.Verify]. Answer each with 400: what was not sent by the
// gateway is not to be sent again.
var (
	// ErrWebhookHeader: one of the three headers is missing or malformed.
	ErrWebhookHeader = errors.New("client: not a webhook: a header is missing or malformed")
	// ErrWebhookTime: it was sent too long ago, or the clocks differ.
	ErrWebhookTime = errors.New("client: the webhook is too old, or from the future")
	// ErrWebhookSignature: no signature is by one of the secrets.
	ErrWebhookSignature = errors.New("client: no signature of the webhook is by a known secret")
)

// WebhookTolerance is how far the time of a webhook may lie from now.
const WebhookTolerance = 5 * time.Minute

// Verifier verifies webhooks by the Standard Webhooks specification. It may be
// used by many goroutines.
type Verifier struct {
	now     func() time.Time
	secrets [][]byte
	public  []ed25519.PublicKey
}

// NewVerifier returns a verifier with the secrets of an endpoint, each as
// [Client.WebhookSecrets] returns them: whsec_… or whpk_…. While a secret is
// being replaced there are two.
func NewVerifier(now func() time.Time, secrets ...string) (*Verifier, error) {
	v := &Verifier{now: now}
	for _, text := range secrets {
		prefix, encoded, _ := strings.Cut(text, "_")
		b, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case err != nil:
			return nil, errors.New("client: a webhook secret is not base64 behind its prefix") // the cause would quote it
		case prefix == "whsec" && len(b) >= 24 && len(b) <= 64:
			v.secrets = append(v.secrets, b)
		case prefix == "whpk" && len(b) == ed25519.PublicKeySize:
			v.public = append(v.public, b)
		default:
			return nil, fmt.Errorf("client: a webhook secret begins with %.8q and has %d bytes; want whsec_ with 24 to 64, or whpk_ with 32", prefix, len(b))
		}
	}
	if len(secrets) == 0 {
		return nil, errors.New("client: no webhook secret is given")
	}
	return v, nil
}

// Verify returns what a request to an endpoint says, if the gateway sent it. The
// body is that of the request, byte for byte. It returns one of the errors above,
// wrapped.
func (v *Verifier) Verify(header http.Header, body []byte) (*Event, error) {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return nil, ErrWebhookHeader
	}
	if off := v.now().Sub(time.Unix(seconds, 0)); off > WebhookTolerance || off < -WebhookTolerance {
		return nil, fmt.Errorf("%w: by %s", ErrWebhookTime, off.Round(time.Second))
	}
	content := append([]byte(id+"."+timestamp+"."), body...)
	if !v.signed(header.Get("webhook-signature"), content) {
		return nil, ErrWebhookSignature
	}
	return readEvent(id, body)
}

// signed reports whether one of the signatures is by one of the secrets.
func (v *Verifier) signed(signatures string, content []byte) bool {
	for _, one := range strings.Fields(signatures) {
		scheme, encoded, _ := strings.Cut(one, ",")
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && v.verifies(scheme, signature, content) {
			return true
		}
	}
	return false
}

func (v *Verifier) verifies(scheme string, signature, content []byte) bool {
	switch scheme {
	case "v1":
		for _, secret := range v.secrets {
			h := hmac.New(sha256.New, secret)
			h.Write(content)
			if hmac.Equal(signature, h.Sum(nil)) {
				return true
			}
		}
	case "v1a":
		for _, key := range v.public {
			if ed25519.Verify(key, content, signature) {
				return true
			}
		}
	}
	return false
}

func readEvent(id string, body []byte) (*Event, error) {
	var e Event
	var data struct {
		Sequence int64 `json:"sequence"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("client: webhook %s: %w", id, err)
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, fmt.Errorf("client: webhook %s: data: %w", id, err)
	}
	e.ID, e.Sequence = id, data.Sequence
	return &e, nil
}
