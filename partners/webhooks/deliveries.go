package webhooks

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// Deliveries returns messages of an endpoint, newest first; f.Endpoint says of
// which.
func (s *Service) Deliveries(ctx context.Context, partner string, f Filter) ([]*Message, error) {
	if _, err := s.Endpoint(ctx, partner, f.Endpoint); err != nil {
		return nil, err
	}
	return s.o.Store.Messages(ctx, f)
}

// Delivery returns one message.
func (s *Service) Delivery(ctx context.Context, partner string, endpoint ledger.ID, sequence int64) (*Message, error) {
	if _, err := s.Endpoint(ctx, partner, endpoint); err != nil {
		return nil, err
	}
	return s.o.Store.Message(ctx, endpoint, sequence)
}

// ReplayMax is how many messages one replay sends again.
const ReplayMax = 10_000

// Replay sends messages again, delivered or not, with sequences from first to
// last, both included, and returns how many. Those that are kept no longer are
// left out. Each has the same webhook-id as before.
func (s *Service) Replay(ctx context.Context, partner string, endpoint ledger.ID, first, last int64) (int64, error) {
	if first < 1 || last < first || last-first >= ReplayMax {
		return 0, refuse(CodeReplayRange, "want a first sequence from 1 and a last one that is not below it, at most %d in all", ReplayMax)
	}
	e, err := s.Endpoint(ctx, partner, endpoint)
	if err != nil {
		return 0, err
	}
	if e.Status != Enabled {
		return 0, disabled(e)
	}
	n, err := s.o.Store.Requeue(ctx, endpoint, first, last)
	s.o.Wake(endpoint)
	return n, err
}

func disabled(e *Endpoint) *Refusal {
	return refuse(CodeEndpointDisabled, "the endpoint is disabled (%s); enable it first", e.Reason)
}

// Resend sends one message again, and returns it as it is queued.
func (s *Service) Resend(ctx context.Context, partner string, endpoint ledger.ID, sequence int64) (*Message, error) {
	n, err := s.Replay(ctx, partner, endpoint, sequence, sequence)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, ErrNotFound
	}
	return s.o.Store.Message(ctx, endpoint, sequence)
}

// Test sends an event that says nothing, whatever the endpoint asked for, and
// returns the message as it is queued.
func (s *Service) Test(ctx context.Context, partner string, endpoint ledger.ID) (*Message, error) {
	e, err := s.Endpoint(ctx, partner, endpoint)
	if err != nil {
		return nil, err
	}
	if e.Status != Enabled {
		return nil, disabled(e)
	}
	m, err := s.o.Store.PublishTo(ctx, endpoint, Event{Type: EndpointTest, Partners: []string{e.Partner},
		At: s.o.Now().UnixMilli(), Data: Test{EndpointID: endpoint.String()}})
	if errors.Is(err, ErrNotFound) {
		return nil, disabled(e)
	}
	return m, err
}
