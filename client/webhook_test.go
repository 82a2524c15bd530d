package client_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/pointgrid/pointgrid/client"
)

const secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDzHkKwIxnNYY="

const body = `{"id":"msg_1","type":"conversion.completed","timestamp":"2026-03-01T01:30:00.250Z","data":{"sequence":42,"conversion_id":"x"}}`

// signed returns the header of a webhook, signed by the specification's own
// library.
func signed(t *testing.T, at time.Time) http.Header {
	t.Helper()
	w, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := w.Sign("msg_1", at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return http.Header{"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Webhook-Signature": {signature}}
}

func verifier(t *testing.T, secrets ...string) *client.Verifier {
	t.Helper()
	v, err := client.NewVerifier(time.Now, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAWebhookOfTheStandardsLibraryIsVerified(t *testing.T) {
	e, err := verifier(t, secret).Verify(signed(t, time.Now()), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != "msg_1" || e.Type != "conversion.completed" || e.Sequence != 42 || e.Timestamp.UnixMilli() != 1_772_328_600_250 {
		t.Errorf("event is %+v", e)
	}
}

func TestAnAsymmetricSignatureIsVerifiedAmongOthers(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := signed(t, time.Now())
	content := "msg_1." + h.Get("webhook-timestamp") + "." + body
	h.Set("webhook-signature", "v2,xx v1a,"+base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(content)))+" v1,AAAA")
	if _, err := verifier(t, "whpk_"+base64.StdEncoding.EncodeToString(public)).Verify(h, []byte(body)); err != nil {
		t.Error(err)
	}
	if _, err := verifier(t, secret).Verify(h, []byte(body)); !errors.Is(err, client.ErrWebhookSignature) {
		t.Errorf("with the secret of another scheme: %v", err)
	}
}

func TestAWebhookThatIsNotTheGatewaysIsRefused(t *testing.T) {
	other := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	cases := []struct {
		name   string
		change func(h http.Header, body *string)
		secret string
		at     time.Duration
		want   error
	}{
		{"a changed body", func(_ http.Header, b *string) { *b = strings.Replace(*b, "42", "43", 1) }, secret, 0, client.ErrWebhookSignature},
		{"a changed ID", func(h http.Header, _ *string) { h.Set("webhook-id", "msg_2") }, secret, 0, client.ErrWebhookSignature},
		{"a changed time", func(h http.Header, _ *string) {
			h.Set("webhook-timestamp", strconv.FormatInt(time.Now().Unix()+7, 10))
		}, secret, 0, client.ErrWebhookSignature},
		{"no signature", func(h http.Header, _ *string) { h.Del("webhook-signature") }, secret, 0, client.ErrWebhookSignature},
		{"no ID", func(h http.Header, _ *string) { h.Del("webhook-id") }, secret, 0, client.ErrWebhookHeader},
		{"no time", func(h http.Header, _ *string) { h.Set("webhook-timestamp", "soon") }, secret, 0, client.ErrWebhookHeader},
		{"another secret", func(http.Header, *string) {}, other, 0, client.ErrWebhookSignature},
		{"an old one", func(http.Header, *string) {}, secret, -6 * time.Minute, client.ErrWebhookTime},
		{"one from the future", func(http.Header, *string) {}, secret, 6 * time.Minute, client.ErrWebhookTime},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h, b := signed(t, time.Now().Add(c.at)), body
			c.change(h, &b)
			if _, err := verifier(t, c.secret).Verify(h, []byte(b)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestASecretThatIsNoneIsRefusedWithoutBeingQuoted(t *testing.T) {
	for _, text := range []string{"", "whsec_", "whsec_%%%", "whsec_AAAA", "whpk_" + base64.StdEncoding.EncodeToString(make([]byte, 31)), "whsk_" + base64.StdEncoding.EncodeToString(make([]byte, 32))} {
		if _, err := client.NewVerifier(time.Now, text); err == nil || len(text) > 12 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: error %v", text, err)
		}
	}
	if _, err := client.NewVerifier(time.Now); err == nil {
		t.Error("no secret, no error")
	}
}

func FuzzVerify(f *testing.F) {
	v, err := client.NewVerifier(time.Now, secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("msg_1", "1772328600", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", []byte(body))
	f.Fuzz(func(t *testing.T, id, at, signature string, body []byte) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {at}, "Webhook-Signature": {signature}}
		if e, err := v.Verify(h, body); err == nil {
			t.Fatalf("verified %+v, which nobody signed", e)
		}
	})
}
