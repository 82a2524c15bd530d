package tour

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// What the tour reads of the API's answers.
type quote struct {
	ID                string `json:"id"`
	Amount            string `json:"amount"`
	DestinationAmount string `json:"destination_amount"`
	Residues          []struct {
		Programme, Numerator, Denominator string
	} `json:"residues"`
}

type conversion struct {
	ID                string `json:"id"`
	Status            string `json:"status"`
	Amount            string `json:"amount"`
	DestinationAmount string `json:"destination_amount"`
	ReversedAmount    string `json:"reversed_amount"`
	SourceReference   string `json:"source_reference"`
}

type object = map[string]any

func (t *Tour) token(ctx context.Context) (string, error) {
	token, err := t.sky.Token(ctx)
	if err != nil {
		return "", err
	}
	resp, err := http.Get(t.stage.URL + "/v1/programmes")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if err := same("status without a token", resp.StatusCode, http.StatusUnauthorized); err != nil {
		return "", err
	}
	return fmt.Sprintf("private_key_jwt for an access token of %d bytes; without one 401", len(token)), nil
}

func (t *Tour) linkMember(ctx context.Context) (string, error) {
	airline := sandbox.CompanyOf("sky")
	request := object{"member": sandbox.Member(member), "membership": airline.Membership(member),
		"consent": object{"text_version": "2026-1", "given_at": t.Now().UTC().Format(time.RFC3339), "channel": "app"}}
	var link struct{ ID string }
	if _, err := t.sky.Do(ctx, post("/v1/links", request, "tour-link"), &link); err != nil {
		return "", err
	}
	t.link = link.ID
	request["membership"] = "SKY-999999"
	request["member"] = sandbox.Member(member + 1)
	_, err := t.sky.Do(ctx, post("/v1/links", request, "tour-link-2"), nil)
	if _, err = refused(err, http.StatusUnprocessableEntity, "membership_invalid"); err != nil {
		return "", fmt.Errorf("a membership that the airline does not know: %w", err)
	}
	return "the airline vouched for its member; one it does not know is refused", t.linkWith(ctx, "tel", "mart")
}

// linkWith links the tour's member with other companies.
func (t *Tour) linkWith(ctx context.Context, codes ...string) error {
	for _, code := range codes {
		company := sandbox.CompanyOf(code)
		caller, err := t.stage.Client(code)
		if err != nil {
			return err
		}
		request := object{"member": sandbox.Member(member), "membership": company.Membership(member),
			"consent": object{"text_version": "2026-1", "given_at": t.Now().UTC().Format(time.RFC3339), "channel": "app"}}
		if _, err := caller.Do(ctx, post("/v1/links", request, "tour-link"), nil); err != nil {
			return fmt.Errorf("link with %s: %w", code, err)
		}
	}
	return nil
}

func (t *Tour) quoteRate(ctx context.Context) (string, error) {
	q, err := t.ask(ctx, "1000")
	if err != nil {
		return "", err
	}
	if err := same("EPT for 1,000 miles", q.DestinationAmount, "333"); err != nil {
		return "", err
	}
	if len(q.Residues) != 1 {
		return "", fmt.Errorf("%d residues, want 1", len(q.Residues))
	}
	r := q.Residues[0]
	if err := same("residue", r.Numerator+"/"+r.Denominator+" "+r.Programme, "1/3 EPT"); err != nil {
		return "", err
	}
	t.firstBody, err = json.Marshal(object{"quote_id": q.ID, "link_id": t.link})
	return "1,000 SKY give 333 EPT, residue 1/3 EPT, rate locked", err
}

func (t *Tour) ask(ctx context.Context, amount string) (q quote, err error) {
	_, err = t.sky.Do(ctx, post("/v1/quotes", object{"source": "SKY", "destination": "EPT", "amount": amount}, ""), &q)
	return q, err
}

func (t *Tour) airlineToElectricity(ctx context.Context) (string, error) {
	t.firstKey = "tour-first"
	before, err := t.balance(ctx, "sky")
	if err != nil {
		return "", err
	}
	resp, err := t.sky.Do(ctx, post("/v1/conversions", t.firstBody, t.firstKey), &t.first)
	if err != nil {
		return "", err
	}
	t.firstAnswer = resp.Body
	t.conversions++
	after, err := t.balance(ctx, "sky")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("completed; the airline's books went from %d to %d, its reference is %s", before, after, t.first.SourceReference),
		firstOf(same("status", resp.Status, http.StatusCreated), same("status", t.first.Status, "completed"),
			same("miles taken", before-after, int64(1000)))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// convert converts at the rate in force, through the link of the tour's member
// with the caller's company, and waits for the end.
func (t *Tour) convert(ctx context.Context, caller *client.Client, body object, key string) (c conversion, err error) {
	_, err = caller.Do(ctx, post("/v1/conversions", body, key), &c)
	if err != nil {
		return c, err
	}
	return c, same("status", c.Status, "completed")
}

func (t *Tour) linkOf(ctx context.Context, caller *client.Client) (string, error) {
	var page struct {
		Links []struct{ ID, Membership string }
	}
	if _, err := caller.Do(ctx, get("/v1/links?limit=200"), &page); err != nil {
		return "", err
	}
	suffix := sandbox.Member(member)[1:]
	for _, l := range page.Links {
		if bytes.HasSuffix([]byte(l.Membership), []byte(suffix)) {
			return l.ID, nil
		}
	}
	return "", fmt.Errorf("the tour's member has no link among %d", len(page.Links))
}

func (t *Tour) electricityToTelecom(ctx context.Context) (string, error) {
	link, err := t.linkOf(ctx, t.tel)
	if err != nil {
		return "", err
	}
	before, err := t.balance(ctx, "tel")
	if err != nil {
		return "", err
	}
	c, err := t.convert(ctx, t.tel, object{"source": "EPT", "destination": "TEL", "amount": "200", "link_id": link}, "tour-tel")
	if err != nil {
		return "", err
	}
	after, err := t.balance(ctx, "tel")
	if err != nil {
		return "", err
	}
	return "200 EPT held, 250 TEL credited, posted", firstOf(same("TEL", c.DestinationAmount, "250"), same("TEL credited", after-before, int64(250)))
}

func (t *Tour) airlineToRetailer(ctx context.Context) (string, error) {
	before, err := t.balance(ctx, "mart")
	if err != nil {
		return "", err
	}
	c, err := t.convert(ctx, t.sky, object{"source": "SKY", "destination": "MART", "amount": "3000", "link_id": t.link}, "tour-cross")
	if err != nil {
		return "", err
	}
	t.conversions++
	after, err := t.balance(ctx, "mart")
	if err != nil {
		return "", err
	}
	return "3,000 SKY by way of 1,000 EPT to 1,150.00 MART, one transfer with two legs",
		firstOf(same("MART", c.DestinationAmount, "115000"), same("MART credited", after-before, int64(115000)))
}

func (t *Tour) replay(ctx context.Context) (string, error) {
	resp, err := t.sky.Do(ctx, post("/v1/conversions", t.firstBody, t.firstKey), nil)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(resp.Body, t.firstAnswer) {
		return "", fmt.Errorf("answered %s, the first time %s", resp.Body, t.firstAnswer)
	}
	return "the same answer, byte for byte, and nothing moved", same("Idempotency-Replayed", resp.Header.Get("Idempotency-Replayed"), "true")
}

func (t *Tour) changedBody(ctx context.Context) (string, error) {
	body := object{"source": "SKY", "destination": "EPT", "amount": "2000", "link_id": t.link}
	_, err := t.sky.Do(ctx, post("/v1/conversions", body, t.firstKey), nil)
	_, err = refused(err, http.StatusUnprocessableEntity, "idempotency_key_reused")
	return "422 idempotency_key_reused", err
}

func (t *Tour) insufficient(ctx context.Context) (string, error) {
	body := object{"source": "EPT", "destination": "SKY", "amount": "400000", "link_id": t.link}
	_, err := t.sky.Do(ctx, post("/v1/conversions", body, "tour-insufficient"), nil)
	_, err = refused(err, http.StatusUnprocessableEntity, "insufficient_points")
	return "422 insufficient_points", err
}

func (t *Tour) expiredQuote(ctx context.Context) (string, error) {
	q, err := t.ask(ctx, "500")
	if err != nil {
		return "", err
	}
	if _, err := t.utility.Do(ctx, post("/v1/sandbox/clock", object{"advance": "2m"}, ""), nil); err != nil {
		return "", err
	}
	_, err = t.sky.Do(ctx, post("/v1/conversions", object{"quote_id": q.ID, "link_id": t.link}, "tour-expired"), nil)
	_, err = refused(err, http.StatusUnprocessableEntity, "quote_expired")
	return "two minutes later on the sandbox's clock: 422 quote_expired", err
}
