// Package client calls the exchange API as a partner's program does: it signs
// assertions with the client's own key, keeps an access token fresh, and turns
// problem answers into errors.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// answerMax bounds an answer that is read into memory, in bytes.
const answerMax = 8 << 20

// Client calls one gateway as one API client. Its methods may be called from
// many goroutines.
type Client struct {
	base  string
	http  *http.Client
	token *tokenSource
}

// New returns a client of the gateway at o.BaseURL. It calls nothing yet. It
// returns an error when an option is missing or the key cannot sign.
func New(o Options) (*Client, error) {
	if o.BaseURL == "" || o.ClientID == "" || o.Key == nil || o.Now == nil {
		return nil, errors.New("client: base URL, client ID, key and clock are needed")
	}
	if o.HTTP != nil && o.Certificate != nil {
		return nil, errors.New("client: give the certificate or an HTTP client that has it, not both")
	}
	if o.HTTP == nil {
		o.HTTP = transport(o.Certificate)
	}
	base := strings.TrimRight(o.BaseURL, "/")
	token, err := newTokenSource(o, base)
	if err != nil {
		return nil, err
	}
	if o.SignRequests {
		if _, err := token.sign("/", "", nil); err != nil {
			return nil, err
		}
	}
	return &Client{base: base, http: o.HTTP, token: token}, nil
}

// transport is the default client, or one that shows a certificate.
func transport(c *tls.Certificate) *http.Client {
	if c == nil {
		return http.DefaultClient
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*c}}
	return &http.Client{Transport: t}
}

// Request is one call.
type Request struct {
	Method string
	Path   string // below the base URL, with its query
	Body   any    // marshalled as JSON; a []byte goes out as it is; nil sends none
	// Key is the Idempotency-Key; empty sends none.
	Key string
	// Header is added to the request.
	Header http.Header
}

// Response is an answer that is not a problem.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Problem is an answer of type application/problem+json, RFC 9457.
type Problem struct {
	Status       int          `json:"status"`
	Code         string       `json:"code"`
	Title        string       `json:"title"`
	Detail       string       `json:"detail"`
	ConversionID string       `json:"conversion_id"`
	ReversalID   string       `json:"reversal_id"` // of one that was tried and could not be done
	Errors       []FieldError `json:"errors"`
	Header       http.Header  `json:"-"`
}

// FieldError is one invalid field of the request.
type FieldError struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// Error implements error.
func (p *Problem) Error() string {
	s := fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail)
	for _, e := range p.Errors {
		s += fmt.Sprintf("; %s: %s", e.Pointer, e.Detail)
	}
	return s
}

// Do sends a request with the client's token and reads the answer. A token that the
// gateway does not take any more is replaced, once. A problem answer is returned as
// *[Problem]; out, if not nil, receives the JSON body of any other.
func (c *Client) Do(ctx context.Context, r Request, out any) (*Response, error) {
	req, resp, err := c.call(ctx, r)
	if err != nil {
		return nil, err
	}
	return receive(req, resp, out)
}

// call sends a request, and once more with a new token when the answer is 401: the
// gateway's keys may have changed before the token's end. Nothing was done then.
func (c *Client) call(ctx context.Context, r Request) (*http.Request, *http.Response, error) {
	for renewed := false; ; renewed = true {
		token, err := c.token.get(ctx)
		if err != nil {
			return nil, nil, err
		}
		req, err := c.request(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, nil, fmt.Errorf("client: %w", err)
		}
		if resp.StatusCode != http.StatusUnauthorized || renewed {
			return req, resp, nil
		}
		if err := resp.Body.Close(); err != nil {
			return nil, nil, fmt.Errorf("client: %w", err)
		}
		c.token.drop(token)
	}
}

// Token returns an access token that is valid for at least half a minute.
func (c *Client) Token(ctx context.Context) (string, error) { return c.token.get(ctx) }

func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	body, err := encode(r.Body)
	if err != nil {
		return nil, fmt.Errorf("client: %s %s: %w", r.Method, r.Path, err)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, c.base+r.Path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	if r.Body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Key != "" {
		req.Header.Set("Idempotency-Key", r.Key)
	}
	if c.token.o.SignRequests && movesPoints(r, req.URL.Path) {
		signature, err := c.token.sign(req.URL.Path, r.Key, body)
		if err != nil {
			return nil, err
		}
		req.Header.Set(signatureHeader, signature)
	}
	return req, nil
}

func encode(body any) ([]byte, error) {
	switch b := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return b, nil
	}
	return json.Marshal(body)
}

func send(h *http.Client, req *http.Request, out any) (*Response, error) {
	resp, err := h.Do(req)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return receive(req, resp, out)
}

// receive reads an answer and closes it.
func receive(req *http.Request, resp *http.Response, out any) (*Response, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	if err != nil {
		return nil, fmt.Errorf("client: %s %s: %w", req.Method, req.URL.Path, err)
	}
	if len(body) > answerMax {
		return nil, fmt.Errorf("client: %s %s: answer has more than %d bytes", req.Method, req.URL.Path, answerMax)
	}
	return understand(req, resp, body, out)
}

func understand(req *http.Request, resp *http.Response, body []byte, out any) (*Response, error) {
	if resp.StatusCode >= 400 {
		p := &Problem{Status: resp.StatusCode, Header: resp.Header}
		if err := json.Unmarshal(body, p); err != nil || p.Code == "" {
			p.Code, p.Detail = "no_problem", fmt.Sprintf("%s %s: %.200s", req.Method, req.URL.Path, body)
		}
		p.Status = resp.StatusCode
		return nil, p
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			return nil, fmt.Errorf("client: %s %s: %w", req.Method, req.URL.Path, err)
		}
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}
