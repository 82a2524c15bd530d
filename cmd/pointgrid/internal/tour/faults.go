package tour

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

func (t *Tour) decline(ctx context.Context) (string, error) {
	if err := t.fault(ctx, "sky", object{"verb": "debit", "kind": "decline", "count": 1, "code": "membership_blocked"}); err != nil {
		return "", err
	}
	body := object{"source": "SKY", "destination": "EPT", "amount": "300", "link_id": t.link}
	_, err := t.sky.Do(ctx, post("/v1/conversions", body, "tour-decline"), nil)
	p, err := refused(err, http.StatusUnprocessableEntity, "membership_blocked")
	if err != nil {
		return "", err
	}
	c, err := t.conversion(ctx, p.ConversionID)
	return "422 membership_blocked, the conversion failed and nothing moved", firstOf(err, same("status", c.Status, "failed"))
}

func (t *Tour) conversion(ctx context.Context, id string) (c conversion, err error) {
	_, err = t.sky.Do(ctx, get("/v1/conversions/"+id), &c)
	return c, err
}

// hang has the airline accept one debit and never answer. The gateway gives up
// waiting, asks what became of it, learns that it was never done, and sends it
// again.
func (t *Tour) hang(ctx context.Context) (string, error) {
	if err := t.fault(ctx, "sky", object{"verb": "debit", "kind": "hang", "count": 1}); err != nil {
		return "", err
	}
	return t.resolved(ctx, "tour-hang", "no answer within a second; asked again until it was known")
}

func (t *Tour) lostAnswer(ctx context.Context) (string, error) {
	if err := t.fault(ctx, "sky", object{"verb": "debit", "kind": "lose_answer", "count": 1}); err != nil {
		return "", err
	}
	return t.resolved(ctx, "tour-lost", "debited, the answer lost; debited once all the same")
}

func (t *Tour) resolved(ctx context.Context, key, said string) (string, error) {
	before, err := t.balance(ctx, "sky")
	if err != nil {
		return "", err
	}
	if _, err := t.convert(ctx, t.sky, object{"source": "SKY", "destination": "EPT", "amount": "600", "link_id": t.link}, key); err != nil {
		return "", err
	}
	t.conversions++
	after, err := t.balance(ctx, "sky")
	return said, firstOf(err, same("miles taken", before-after, int64(600)))
}

func (t *Tour) partialReversal(ctx context.Context) (string, error) {
	before, err := t.balance(ctx, "sky")
	if err != nil {
		return "", err
	}
	var r struct{ Status string }
	body := object{"amount": "400", "reason": "ticket cancelled"}
	if _, err := t.sky.Do(ctx, post("/v1/conversions/"+t.first.ID+"/reversals", body, "tour-reversal"), &r); err != nil {
		return "", err
	}
	t.reversals++
	_, err = t.sky.Do(ctx, post("/v1/conversions/"+t.first.ID+"/reversals", object{"amount": "601"}, "tour-reversal-2"), nil)
	if _, err = refused(err, http.StatusUnprocessableEntity, "above_original"); err != nil {
		return "", fmt.Errorf("more than is left: %w", err)
	}
	c, err := t.conversion(ctx, t.first.ID)
	if err != nil {
		return "", err
	}
	after, err := t.balance(ctx, "sky")
	return "400 of 1,000 miles given back; 601 more are refused", firstOf(err, same("status", r.Status, "completed"),
		same("reversed", c.ReversedAmount, "400"), same("miles given back", after-before, int64(400)))
}

// crash kills the gateway while the airline has debited and the ledger knows
// nothing yet, and starts it again.
func (t *Tour) crash(ctx context.Context) (string, error) {
	before, err := t.balance(ctx, "sky")
	if err != nil {
		return "", err
	}
	if err := t.fault(ctx, "sky", object{"verb": "debit", "kind": "answer_late", "count": 1, "delay_ms": 900}); err != nil {
		return "", err
	}
	body := object{"source": "SKY", "destination": "EPT", "amount": "900", "link_id": t.link}
	answered := make(chan error, 1)
	go func() {
		_, err := t.sky.Do(ctx, post("/v1/conversions", body, "tour-crash"), nil)
		answered <- err
	}()
	err = await(ctx, "the airline to debit", func() (bool, error) {
		now, err := t.balance(ctx, "sky")
		return before-now == 900, err
	})
	if err != nil {
		return "", err
	}
	t.stage.Gateway.Kill()
	if err := <-answered; err == nil {
		return "", fmt.Errorf("the request was answered although the gateway was killed")
	}
	down := t.Now()
	if err := t.stage.StartGateway(ctx); err != nil {
		return "", err
	}
	back := t.Now().Sub(down).Round(time.Millisecond)
	return fmt.Sprintf("killed after the debit, back in %s, the same key answers 201", back), t.recovered(ctx, body, before)
}

// recovered sends the request again, as its caller would.
func (t *Tour) recovered(ctx context.Context, body object, before int64) error {
	var c conversion
	err := await(ctx, "the conversion to be completed", func() (bool, error) {
		_, err := t.sky.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/conversions", Body: body, Key: "tour-crash"}, &c)
		return c.Status == "completed", err
	})
	if err != nil {
		return err
	}
	t.conversions++
	after, err := t.balance(ctx, "sky")
	return firstOf(err, same("miles taken", before-after, int64(900)))
}

// balance is what the tour's member has in a company's own books.
func (t *Tour) balance(ctx context.Context, code string) (int64, error) {
	var m struct {
		Balance int64 `json:"balance,string"`
	}
	company := sandbox.CompanyOf(code)
	err := t.sim(ctx, http.MethodGet, code, "/sim/members/"+company.Membership(member), nil, &m)
	return m.Balance, err
}

// fault tells a company's host to misbehave.
func (t *Tour) fault(ctx context.Context, code string, fault object) error {
	return t.sim(ctx, http.MethodPost, code, "/sim/faults", fault, nil)
}

// books is what a company's own books say that conversions gave to its members,
// less what they took.
func (t *Tour) books(ctx context.Context, code string) (int64, error) {
	var b struct {
		Debits    int64 `json:"debits,string"`
		Credits   int64 `json:"credits,string"`
		GivenBack int64 `json:"given_back,string"`
		TakenBack int64 `json:"taken_back,string"`
		Lawful    bool  `json:"lawful"`
	}
	if err := t.sim(ctx, http.MethodGet, code, "/sim/books", nil, &b); err != nil {
		return 0, err
	}
	return b.Credits - b.Debits + b.GivenBack - b.TakenBack, same("the books of "+code+" are lawful", b.Lawful, true)
}

// sim calls the administration of a company's host.
func (t *Tour) sim(ctx context.Context, method, code, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, t.stage.Hosts[code]+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s at %s: %d %s", method, path, code, resp.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
