package backoffice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// Options configure a [Client].
type Options struct {
	URL string // base URL; http or https
	// Sign signs a request; nil leaves it unsigned.
	Sign func(r *http.Request, body []byte) error
	// Timeout bounds one call; default 5 s.
	Timeout time.Duration
}

// Client is a [mall.Billing] and a [mall.Payments] over HTTP. It may be used by many
// goroutines.
type Client struct {
	base string
	sign func(r *http.Request, body []byte) error
	http *http.Client
}

var (
	_ mall.Billing  = (*Client)(nil)
	_ mall.Payments = (*Client)(nil)
)

// New returns a client, or an error that says which option is wrong.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return nil, fmt.Errorf("backoffice: %q is not an http or https URL", o.URL)
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	return &Client{base: strings.TrimSuffix(o.URL, "/"), sign: o.Sign, http: &http.Client{Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// call makes a call and returns the body of an answer of status 200.
func (c *Client) call(ctx context.Context, method, path string, body any) ([]byte, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, errors.Join(mall.ErrNotSent, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(content))
	if err != nil {
		return nil, errors.Join(mall.ErrNotSent, err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.sign != nil {
		if err := c.sign(r, content); err != nil {
			return nil, errors.Join(mall.ErrNotSent, err)
		}
	}
	resp, err := c.http.Do(r)
	if err != nil {
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return nil, errors.Join(mall.ErrNotSent, err)
		}
		return nil, fmt.Errorf("backoffice: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, BodyMax+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("backoffice: %w", err)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("backoffice: %s %s: status %d", method, resp.Request.URL.Path, resp.StatusCode)
	case len(answer) > BodyMax:
		return nil, fmt.Errorf("backoffice: an answer of more than %d bytes", BodyMax)
	}
	return answer, nil
}

func (c *Client) ask(ctx context.Context, method, path string, body any) (mall.Answer, error) {
	answer, err := c.call(ctx, method, path, body)
	if err != nil {
		return mall.Answer{}, err
	}
	return readAnswer(answer)
}

// Owns implements [mall.Billing].
func (c *Client) Owns(ctx context.Context, member, account string) (bool, error) {
	answer, err := c.call(ctx, http.MethodPost, "/ownership", Ownership{ContractAccount: account, Member: member})
	if err != nil {
		return false, err
	}
	var o Owned
	if err := json.Unmarshal(answer, &o); err != nil {
		return false, fmt.Errorf("backoffice: answer: %w", err)
	}
	return o.Owns, nil
}

// Apply implements [mall.Billing].
func (c *Client) Apply(ctx context.Context, x mall.Credit) (mall.Answer, error) {
	return c.ask(ctx, http.MethodPost, "/credits", Credit{x.Order.String(), x.ContractAccount, x.Member, x.Fen})
}

// CreditStatus implements [mall.Billing].
func (c *Client) CreditStatus(ctx context.Context, order ledger.ID) (mall.Answer, error) {
	return c.ask(ctx, http.MethodGet, "/credits/"+order.String(), nil)
}

// Withdraw implements [mall.Billing].
func (c *Client) Withdraw(ctx context.Context, order ledger.ID) (mall.Answer, error) {
	return c.ask(ctx, http.MethodPost, "/credits/"+order.String()+"/withdrawal", struct{}{})
}

// Authorise implements [mall.Payments].
func (c *Client) Authorise(ctx context.Context, x mall.Charge) (mall.Answer, error) {
	return c.ask(ctx, http.MethodPost, "/charges", Charge{x.Order.String(), x.Member, x.Fen})
}

// Capture implements [mall.Payments].
func (c *Client) Capture(ctx context.Context, x mall.Charge) (mall.Answer, error) {
	return c.ask(ctx, http.MethodPost, "/charges/"+x.Order.String()+"/capture", Charge{Member: x.Member, Fen: x.Fen})
}

// Repay implements [mall.Payments].
func (c *Client) Repay(ctx context.Context, x mall.Repayment) (mall.Answer, error) {
	return c.ask(ctx, http.MethodPost, "/repayments", Repayment{x.ID.String(), x.Order.String(), x.Fen})
}

// PaymentStatus implements [mall.Payments].
func (c *Client) PaymentStatus(ctx context.Context, order ledger.ID) (mall.Answer, error) {
	return c.ask(ctx, http.MethodGet, "/charges/"+order.String(), nil)
}
