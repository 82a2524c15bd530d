package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Webhooks are endpoints and their deliveries; [webhooks.Service] is one.
type Webhooks interface {
	Create(ctx context.Context, partner string, w webhooks.Wish) (*webhooks.Endpoint, error)
	Endpoint(ctx context.Context, partner string, id ledger.ID) (*webhooks.Endpoint, error)
	Endpoints(ctx context.Context, partner string, after ledger.ID, limit int) ([]*webhooks.Endpoint, error)
	Update(ctx context.Context, partner string, id ledger.ID, c webhooks.Change) (*webhooks.Endpoint, error)
	Delete(ctx context.Context, partner string, id ledger.ID) error
	Secrets(ctx context.Context, partner string, id ledger.ID) ([]webhooks.Revealed, error)
	Rotate(ctx context.Context, partner string, id ledger.ID, scheme webhooks.Scheme, overlap time.Duration) ([]webhooks.Revealed, error)
	Deliveries(ctx context.Context, partner string, f webhooks.Filter) ([]*webhooks.Message, error)
	Delivery(ctx context.Context, partner string, endpoint ledger.ID, sequence int64) (*webhooks.Message, error)
	Resend(ctx context.Context, partner string, endpoint ledger.ID, sequence int64) (*webhooks.Message, error)
	Replay(ctx context.Context, partner string, endpoint ledger.ID, first, last int64) (int64, error)
	Test(ctx context.Context, partner string, endpoint ledger.ID) (*webhooks.Message, error)
}

func (a *API) createWebhookEndpoint(r *request, body WebhookEndpointRequest) (reply, error) {
	e, err := a.o.Webhooks.Create(r.context(), r.party.Partner, webhooks.Wish{URL: body.URL, Description: body.Description,
		Events: body.Events, Scheme: webhooks.Scheme(body.Scheme)})
	if err != nil {
		return reply{}, err
	}
	return created("/v1/webhook_endpoints/"+e.ID.String(), renderWebhookEndpoint(e)), nil
}

func (a *API) listWebhookEndpoints(r *request) (reply, error) {
	return listed(r, func(ctx context.Context, after ledger.ID, limit int) ([]*webhooks.Endpoint, error) {
		return a.o.Webhooks.Endpoints(ctx, r.party.Partner, after, limit)
	}, func(e *webhooks.Endpoint) (WebhookEndpoint, ledger.ID) { return *renderWebhookEndpoint(e), e.ID },
		func(endpoints []WebhookEndpoint, next string) any {
			return &WebhookEndpointPage{WebhookEndpoints: endpoints, NextCursor: next}
		})
}

// ofWebhookEndpoint is an operation without a body on the endpoint in the path.
func ofWebhookEndpoint(work func(r *request, id ledger.ID) (reply, error)) func(*request) (reply, error) {
	return func(r *request) (reply, error) {
		if _, err := r.query(); err != nil {
			return reply{}, err
		}
		id, err := r.id("id")
		if err != nil {
			return reply{}, err
		}
		return work(r, id)
	}
}

func (a *API) getWebhookEndpoint(r *request, id ledger.ID) (reply, error) {
	e, err := a.o.Webhooks.Endpoint(r.context(), r.party.Partner, id)
	if err != nil {
		return reply{}, err
	}
	return ok(renderWebhookEndpoint(e)), nil
}

func (a *API) changeWebhookEndpoint(r *request, body WebhookEndpointChange) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	change := webhooks.Change{URL: body.URL, Description: body.Description, Events: body.Events}
	if body.Status != "" {
		status := webhooks.Status(body.Status)
		change.Status = &status
	}
	e, err := a.o.Webhooks.Update(r.context(), r.party.Partner, id, change)
	if err != nil {
		return reply{}, err
	}
	return ok(renderWebhookEndpoint(e)), nil
}

func (a *API) deleteWebhookEndpoint(r *request, id ledger.ID) (reply, error) {
	if err := a.o.Webhooks.Delete(r.context(), r.party.Partner, id); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

func (a *API) getWebhookSecret(r *request, id ledger.ID) (reply, error) {
	all, err := a.o.Webhooks.Secrets(r.context(), r.party.Partner, id)
	if err != nil {
		return reply{}, err
	}
	return ok(renderSecrets(all)), nil
}

// overlapDefault is how long a replaced secret goes on signing.
const overlapDefault = "24h"

func (a *API) rotateWebhookSecret(r *request, body WebhookRotation) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	overlap, err := time.ParseDuration(cmp.Or(body.Overlap, overlapDefault))
	if err != nil {
		return reply{}, err // the schema has checked its form
	}
	all, err := a.o.Webhooks.Rotate(r.context(), r.party.Partner, id, webhooks.Scheme(body.Scheme), overlap)
	if err != nil {
		return reply{}, err
	}
	return ok(renderSecrets(all)), nil
}

func renderWebhookEndpoint(e *webhooks.Endpoint) *WebhookEndpoint {
	return &WebhookEndpoint{ID: e.ID.String(), Partner: e.Partner, URL: e.URL, Description: e.Description, Events: e.Events,
		Status: WebhookEndpointStatus(e.Status), Reason: WebhookEndpointReason(e.Reason), DisabledAt: at(e.DisabledAt),
		FailingSince: at(e.FailingSince), Scheme: WebhookScheme(e.Secrets[0].Scheme), CreatedAt: at(e.CreatedAt), UpdatedAt: at(e.UpdatedAt)}
}

func renderSecrets(all []webhooks.Revealed) *WebhookSecretList {
	out := &WebhookSecretList{Secrets: make([]WebhookSecret, 0, len(all))}
	for _, s := range all {
		out.Secrets = append(out.Secrets, WebhookSecret{Scheme: WebhookScheme(s.Scheme), Secret: s.Secret,
			CreatedAt: at(s.CreatedAt), ExpiresAt: at(s.ExpiresAt)})
	}
	return out
}

// webhookProblem answers 409 to what stands in the way, and 422 to what is wrong
// with what was asked.
func webhookProblem(r *webhooks.Refusal) *problem.Problem {
	switch r.Code {
	case webhooks.CodeEndpointDisabled, webhooks.CodeEndpointsMax, webhooks.CodeSecretsMax:
		return problem.New(http.StatusConflict, r.Code, r.Detail)
	}
	return problem.New(http.StatusUnprocessableEntity, r.Code, r.Detail)
}
