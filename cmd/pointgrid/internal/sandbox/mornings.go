package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// How far staff have come with a night when a new sandbox opens, by how many days
// it is back: what is older is settled.
const (
	reconciledOnly = 1 // and the retailer's statement has mistakes
	halfSigned     = 2 // and the telecom disputes
	notConfirmed   = 3 // paid, and the bank has not said so
)

// night is a settlement as far as staff look at it.
type night struct {
	ID      string
	State   string
	Partner string
	Figures struct{ Pay, Receive string }
	Signing struct{ Digest string }
}

// reconcilePatience bounds how long a statement that came may take to be compared.
const reconcilePatience = 30 * time.Second

// morning does what the companies' finance staff would, after a window that is so
// many days back. What was done before an interruption is done again, which changes
// nothing.
func (h *History) morning(ctx context.Context, window string, back int) error {
	mistakes := faultless
	if back == reconciledOnly {
		mistakes = careless
	}
	if err := h.sendStatement(ctx, window, mistakes); err != nil {
		return fmt.Errorf("the retailer's statement: %w", err)
	}
	if _, err := h.reconciled(ctx, "/v1/settlements/"+window+".mart"); err != nil {
		return err
	}
	if back == reconciledOnly {
		return nil
	}
	var payable []string
	for _, c := range Companies() {
		n, err := h.sign(ctx, window+"."+c.Code, back)
		if err != nil {
			return fmt.Errorf("settlement with %s: %w", c.Code, err)
		}
		if n.State == "signed" {
			payable = append(payable, n.ID)
		}
	}
	if len(payable) == 0 || back == halfSigned {
		return nil
	}
	return h.pay(ctx, payable, back)
}

// sign takes a night through the signatures that it has by now.
func (h *History) sign(ctx context.Context, id string, back int) (n night, err error) {
	path := "/v1/settlements/" + id
	if n, err = h.reconciled(ctx, path); err != nil || n.State != "reconciled" && n.State != "proposed" {
		return n, err
	}
	if err := h.post(ctx, MakerClient, path+"/proposal", nil, &n); err != nil {
		return n, err
	}
	signature := map[string]string{"digest": n.Signing.Digest}
	if back > halfSigned {
		if err := h.post(ctx, CheckerClient, path+"/signature", signature, &n); err != nil {
			return n, err
		}
	}
	answer := map[string]string{"decision": "acknowledge", "digest": n.Signing.Digest}
	if back == halfSigned && n.Partner == "tel" {
		answer = map[string]string{"decision": "dispute", "reason": "本日兑换笔数与我方业务系统不符，请核对 / The number of conversions is not that of our business system"}
	}
	return n, h.post(ctx, ClientID(n.Partner), path+"/acknowledgement", answer, &n)
}

// reconciled waits until a night was compared with its statement.
func (h *History) reconciled(ctx context.Context, path string) (n night, err error) {
	c, err := h.Client(UtilityClient)
	if err != nil {
		return n, err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := h.Now().Add(reconcilePatience); ; {
		if _, err := c.Do(ctx, client.Request{Method: http.MethodGet, Path: path}, &n); err != nil || n.State != "netted" {
			return n, err
		}
		if h.Now().After(deadline) {
			return n, fmt.Errorf("%s was not reconciled within %v", n.ID, reconcilePatience)
		}
		select {
		case <-ctx.Done():
			return n, ctx.Err()
		case <-tick.C:
		}
	}
}

// pay releases what is signed, and hands in what the bank says of it.
func (h *History) pay(ctx context.Context, settlements []string, back int) error {
	var o Order
	if err := h.post(ctx, MakerClient, "/v1/payment_orders", map[string]any{"settlements": settlements}, &o); err != nil {
		return err
	}
	if err := h.post(ctx, CheckerClient, o.Links.Self+"/release", nil, &o); err != nil || back == notConfirmed {
		return err
	}
	c, err := h.Client(MakerClient)
	if err != nil {
		return err
	}
	_, err = c.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/bank_files", Body: BankStatement(&o),
		Header: http.Header{"Content-Type": {"application/xml"}}}, nil)
	return err
}

func (h *History) post(ctx context.Context, id, path string, body, out any) error {
	c, err := h.Client(id)
	if err != nil {
		return err
	}
	_, err = c.Do(ctx, client.Request{Method: http.MethodPost, Path: path, Body: body}, out)
	return err
}
