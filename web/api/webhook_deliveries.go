package api

import (
	"encoding/binary"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) listWebhookDeliveries(r *request) (reply, error) {
	query, err := r.query("state", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	state, wrong := oneOf(query, "state", string(webhooks.Pending), string(webhooks.Delivered), string(webhooks.Failed))
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	f := webhooks.Filter{Endpoint: id, State: webhooks.State(state), Limit: page.limit}
	if len(page.after) == 8 {
		f.Before = int64(binary.BigEndian.Uint64(page.after))
	}
	found, err := a.o.Webhooks.Deliveries(r.context(), r.party.Partner, f)
	if err != nil {
		return reply{}, err
	}
	out := WebhookDeliveryPage{Deliveries: make([]WebhookDelivery, 0, len(found))}
	var last [8]byte
	for _, m := range found {
		out.Deliveries = append(out.Deliveries, *renderDelivery(m))
		binary.BigEndian.PutUint64(last[:], uint64(m.Sequence))
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), last[:])
	return answer, nil
}

// sequence returns the number in the path. What cannot be one is not there.
func (r *request) sequence() (int64, error) {
	n, err := strconv.ParseInt(r.c.Param("sequence"), 10, 64)
	if err != nil || n < 1 {
		return 0, webhooks.ErrNotFound
	}
	return n, nil
}

func (a *API) getWebhookDelivery(r *request, id ledger.ID) (reply, error) {
	sequence, err := r.sequence()
	if err != nil {
		return reply{}, err
	}
	m, err := a.o.Webhooks.Delivery(r.context(), r.party.Partner, id, sequence)
	if err != nil {
		return reply{}, err
	}
	out := renderDelivery(m)
	out.Data = json.RawMessage(m.Data)
	return ok(out), nil
}

func (a *API) resendWebhookDelivery(r *request, id ledger.ID) (reply, error) {
	sequence, err := r.sequence()
	if err != nil {
		return reply{}, err
	}
	return queued(a.o.Webhooks.Resend(r.context(), r.party.Partner, id, sequence))
}

func (a *API) testWebhookEndpoint(r *request, id ledger.ID) (reply, error) {
	return queued(a.o.Webhooks.Test(r.context(), r.party.Partner, id))
}

func queued(m *webhooks.Message, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, body: renderDelivery(m)}, nil
}

func (a *API) replayWebhooks(r *request, body WebhookReplay) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	n, err := a.o.Webhooks.Replay(r.context(), r.party.Partner, id, body.From, body.To)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, body: &WebhookReplayed{Messages: n}}, nil
}

func renderDelivery(m *webhooks.Message) *WebhookDelivery {
	out := &WebhookDelivery{ID: m.ID(), Sequence: m.Sequence, Type: string(m.Type), Timestamp: at(m.At), CreatedAt: at(m.CreatedAt),
		State: WebhookState(m.State), Attempts: m.Attempts}
	if m.State == webhooks.Pending && m.NextAt != 0 {
		out.NextAttemptAt = at(m.NextAt)
	}
	if m.LastAt != 0 {
		out.LastAttempt = &WebhookAttempt{At: at(m.LastAt), TookMs: m.Took, Status: int(m.Code), Answer: m.Answer, Error: WebhookAttemptError(m.Error)}
	}
	return out
}
