package webhooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// ServiceOptions are the parts of a [Service]; all are needed.
type ServiceOptions struct {
	Store  Store
	Sealer *Sealer
	Guard  Guard
	Now    func() time.Time // the machine's clock
	Random io.Reader        // safe for concurrent use
	// Wake has the deliverer look at an endpoint; [Deliverer.Wake] is one.
	Wake func(endpoint ledger.ID)
}

// Service is what partners do with their endpoints. In each method partner is
// who asks, and "" the utility, which sees everybody's. What is another
// partner's is [ErrNotFound]; what cannot be granted is a [*Refusal].
type Service struct{ o ServiceOptions }

// NewService returns a service, or an error when a part is missing.
func NewService(o ServiceOptions) (*Service, error) {
	if o.Store == nil || o.Sealer == nil || o.Now == nil || o.Random == nil || o.Wake == nil {
		return nil, errors.New("webhooks: store, sealer, clock, randomness and deliverer are required")
	}
	return &Service{o}, nil
}

// Wish is what an endpoint is to be.
type Wish struct {
	URL         string
	Description string
	Events      []string // see [ValidSubscription]; empty is [Everything]
	Scheme      Scheme   // empty is [HMAC]
}

// Create makes an endpoint, enabled, with a new secret.
func (s *Service) Create(ctx context.Context, partner string, w Wish) (*Endpoint, error) {
	if len(w.Events) == 0 {
		w.Events = []string{Everything}
	}
	if err := checkWords(w.Description, w.Events); err != nil {
		return nil, err
	}
	if err := s.o.Guard.CheckURL(ctx, w.URL); err != nil {
		return nil, err
	}
	now := s.o.Now()
	id, err := s.newID(now)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{ID: id, Partner: partner, URL: w.URL, Description: w.Description, Events: w.Events, Status: Enabled,
		CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli(), Version: 1}
	if err := s.addSecret(e, w.Scheme, now); err != nil {
		return nil, err
	}
	err = s.o.Store.CreateEndpoint(ctx, e)
	if errors.Is(err, ErrTooMany) {
		return nil, refuse(CodeEndpointsMax, "there are %d endpoints already; delete one first", EndpointsMax)
	}
	return e, err
}

func checkWords(description string, events []string) error {
	if len(description) > DescriptionMax {
		return refuse(CodeEventsInvalid, "the description has %d bytes, at most %d", len(description), DescriptionMax)
	}
	if len(events) > EventsMax {
		return refuse(CodeEventsInvalid, "%d events are asked for by name, at most %d; ask for a group such as conversion.*", len(events), EventsMax)
	}
	for i, w := range events {
		if !ValidSubscription(w) {
			return refuse(CodeEventsInvalid, "%.64q is no type of event; want for example conversion.completed, conversion.* or *", w)
		}
		if slices.Contains(events[:i], w) {
			return refuse(CodeEventsInvalid, "%q is there twice", w)
		}
	}
	return nil
}

func (s *Service) newID(now time.Time) (ledger.ID, error) {
	var random [10]byte
	if _, err := io.ReadFull(s.o.Random, random[:]); err != nil {
		return ledger.ID{}, fmt.Errorf("webhooks: randomness: %w", err)
	}
	return ledger.NewID(now, random), nil
}

// Endpoint returns one endpoint.
func (s *Service) Endpoint(ctx context.Context, partner string, id ledger.ID) (*Endpoint, error) {
	e, err := s.o.Store.Endpoint(ctx, id)
	if err != nil {
		return nil, err
	}
	if partner != "" && e.Partner != partner {
		return nil, ErrNotFound
	}
	return e, nil
}

// Endpoints returns those with an ID above after, ascending, at most limit.
func (s *Service) Endpoints(ctx context.Context, partner string, after ledger.ID, limit int) ([]*Endpoint, error) {
	return s.o.Store.Endpoints(ctx, partner, after, limit)
}

// Change is what is to be different; nil stays as it is.
type Change struct {
	URL         *string
	Description *string
	Events      []string
	Status      *Status
}

// Update changes an endpoint. When it is enabled again, what was pending is sent,
// and before it an event that says since when nothing was recorded.
func (s *Service) Update(ctx context.Context, partner string, id ledger.ID, c Change) (*Endpoint, error) {
	e, err := s.Endpoint(ctx, partner, id)
	if err != nil {
		return nil, err
	}
	if c.URL != nil && *c.URL != e.URL {
		if err := s.o.Guard.CheckURL(ctx, *c.URL); err != nil {
			return nil, err
		}
		e.URL = *c.URL
	}
	if c.Description != nil {
		e.Description = *c.Description
	}
	if c.Events != nil {
		e.Events = c.Events
	}
	if err := checkWords(e.Description, e.Events); err != nil {
		return nil, err
	}
	return s.store(ctx, e, e.become(c.Status, s.o.Now().UnixMilli())...)
}

// become changes the status, and returns the event that goes with it.
func (e *Endpoint) become(to *Status, now int64) []Event {
	e.UpdatedAt = now
	switch {
	case to == nil || *to == e.Status:
		return nil
	case *to == Disabled:
		e.disable(Requested, now)
		return []Event{e.changed()}
	}
	data := EndpointChange{EndpointID: e.ID.String(), Reason: string(e.Reason), DisabledAt: instant(e.DisabledAt)}
	e.enable(now)
	return []Event{{Type: EndpointEnabled, Partners: []string{e.Partner}, At: now, Data: data}}
}

func (s *Service) store(ctx context.Context, e *Endpoint, events ...Event) (*Endpoint, error) {
	if err := s.o.Store.UpdateEndpoint(ctx, e, events...); err != nil {
		return nil, err
	}
	e.Version++
	s.o.Wake(e.ID)
	return e, nil
}

// Delete removes an endpoint with its messages.
func (s *Service) Delete(ctx context.Context, partner string, id ledger.ID) error {
	if _, err := s.Endpoint(ctx, partner, id); err != nil {
		return err
	}
	err := s.o.Store.DeleteEndpoint(ctx, id)
	s.o.Wake(id)
	return err
}
