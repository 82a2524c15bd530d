package webhooks

import (
	"context"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Standing is how an endpoint stands.
type Standing struct {
	Endpoint *Endpoint
	Pending  int64
	Oldest   int64 // CreatedAt of the oldest message that is pending; 0 when there is none
}

// State is "enabled", "failing" while it is enabled and the last attempt failed,
// or "disabled".
func (s *Standing) State() string {
	if s.Endpoint.Status == Enabled && s.Endpoint.FailingSince != 0 {
		return string(Failing)
	}
	return string(s.Endpoint.Status)
}

// Age is how long the oldest pending message waits.
func (s *Standing) Age(now time.Time) time.Duration {
	if s.Oldest == 0 {
		return 0
	}
	return max(now.Sub(time.UnixMilli(s.Oldest)), 0)
}

// Survey returns how every endpoint stands.
func Survey(ctx context.Context, s Store) ([]Standing, error) {
	backlog, err := s.Backlog(ctx)
	if err != nil {
		return nil, err
	}
	of := make(map[ledger.ID]Backlog, len(backlog))
	for _, b := range backlog {
		of[b.Endpoint] = b
	}
	var all []Standing
	for after := (ledger.ID{}); ; {
		page, err := s.Endpoints(ctx, "", after, endpointsPage)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			all = append(all, Standing{Endpoint: e, Pending: of[e.ID].Pending, Oldest: of[e.ID].Oldest})
			after = e.ID
		}
		if len(page) < endpointsPage {
			return all, nil
		}
	}
}
