package mall

import "github.com/pointgrid/pointgrid/internal/workflow"

func (m *Mall) patience(once bool, deadline int64) *workflow.Patience {
	return &workflow.Patience{Backoff: workflow.Backoff{Bound: m.o.RetryFirst, Longest: m.o.RetryMax}, Stopping: m.shift.Stopping,
		Now: m.now, Deadline: deadline, Once: once}
}
