package webhooks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// answerPatience bounds the reading of an answer whose status is known already.
	answerPatience = 2 * time.Second
	// drainMax is what is read of an answer so that its connection can be used
	// again, in bytes; what is longer costs the connection.
	drainMax = 16 << 10
	// headerMax bounds the header of an answer, in bytes.
	headerMax = 32 << 10
	// retryAfterMax bounds what a receiver may ask us to wait.
	retryAfterMax = time.Hour
	userAgent     = "PointGrid-Webhooks/1"
)

// newHTTPClient returns a client that goes straight to what the guard allows:
// through no proxy, after no redirect.
func newHTTPClient(o *DelivererOptions) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            o.Guard.dialer(min(o.Timeout, 10*time.Second)).DialContext,
			TLSHandshakeTimeout:    min(o.Timeout, 10*time.Second),
			ResponseHeaderTimeout:  o.Timeout,
			MaxIdleConnsPerHost:    o.Concurrency,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: headerMax,
			DisableCompression:     true, // a small answer must not become a large one
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what came of an attempt.
type answer struct {
	outcome    string
	status     int // 0 when there was no answer
	body       string
	retryAfter time.Duration
}

func (d *Deliverer) send(hard context.Context, e *Endpoint, s *signer, m *Message, at time.Time) answer {
	ctx, cancel := context.WithTimeout(hard, d.o.Timeout)
	defer cancel()
	req, err := newRequest(ctx, e, s, m, at)
	if err != nil {
		// A URL that was accepted and cannot be called is a defect of ours.
		d.o.Logger.Error("webhooks: no request can be made", "endpoint", e.ID.String(), "sequence", m.Sequence)
		return answer{outcome: OutcomeUnreachable}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return answer{outcome: failure(hard, ctx, err)}
	}
	defer resp.Body.Close()
	a := answer{outcome: OutcomeRefused, status: resp.StatusCode, body: readAnswer(resp.Body, cancel)}
	if resp.StatusCode/100 == 2 {
		a.outcome = OutcomeDelivered
	} else {
		a.retryAfter = retryAfter(resp.Header.Get("Retry-After"), at)
	}
	return a
}

func newRequest(ctx context.Context, e *Endpoint, s *signer, m *Message, at time.Time) (*http.Request, error) {
	body, err := m.Body()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	timestamp := at.Unix()
	req.Header = http.Header{
		"Content-Type":      {"application/json"},
		"User-Agent":        {userAgent},
		"Webhook-Id":        {m.ID()},
		"Webhook-Timestamp": {strconv.FormatInt(timestamp, 10)},
		"Webhook-Signature": {s.header(m.ID(), timestamp, body, at.UnixMilli())},
	}
	return req, nil
}

// failure tells why there was no answer.
func failure(hard, ctx context.Context, err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case hard.Err() != nil:
		return OutcomeInterrupted
	case errors.Is(err, ErrForbiddenAddress):
		return OutcomeForbidden
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return OutcomeTimeout
	}
	return OutcomeUnreachable
}

// readAnswer returns the first bytes of a body as text. However slow or long the
// body is, the status was said already and stands.
func readAnswer(body io.Reader, cancel context.CancelFunc) string {
	timer := time.AfterFunc(answerPatience, cancel)
	defer timer.Stop()
	first := make([]byte, AnswerMax)
	n, err := io.ReadFull(body, first)
	if err == nil {
		_, _ = io.CopyN(io.Discard, body, drainMax) // see drainMax
	}
	text := strings.ToValidUTF8(string(first[:n]), "\uFFFD")
	return strings.ReplaceAll(text, "\x00", "\uFFFD") // which PostgreSQL does not take
}

// retryAfter reads the header of that name (RFC 9110, section 10.2.3) within our
// bounds; what it does not understand is nothing.
func retryAfter(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), int64(retryAfterMax/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), retryAfterMax)
}
