package exchange

import "github.com/pointgrid/pointgrid/internal/workflow"

func (s *Service) patience(once bool, deadline int64) *workflow.Patience {
	return &workflow.Patience{Backoff: workflow.Backoff{Bound: s.o.RetryFirst, Longest: s.o.RetryMax, Draw: s.o.Jitter}, Stopping: s.shift.Stopping,
		Now: s.now, Deadline: deadline, Once: once}
}
