package exchange

import (
	"context"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// book gives a command to the ledger; see [workflow.Book].
func (s *Service) book(ctx context.Context, command ledger.Command, p *workflow.Patience) (ledger.Result, workflow.Verdict) {
	return workflow.Book(ctx, s.o.Ledger, s.o.Identity, command, p, s.o.Logger)
}
