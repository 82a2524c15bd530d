package exchange

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/internal/workflow"
	"github.com/pointgrid/pointgrid/ledger"
)

// Agreements returns the party's agreements in ascending order of ID, those
// proposed and rejected included; the utility's are all.
func (s *Service) Agreements(ctx context.Context, p Party) ([]ledger.Agreement, error) {
	all, err := s.o.Ledger.Agreements(ctx)
	if err != nil || p.Utility() {
		return all, err
	}
	var theirs []ledger.Agreement
	for _, a := range all {
		if a.Terms.Partner == p.Partner {
			theirs = append(theirs, a)
		}
	}
	return theirs, nil
}

// Agreement returns one agreement of the party, or [ErrNotFound].
func (s *Service) Agreement(ctx context.Context, p Party, id ledger.ID) (*ledger.Agreement, error) {
	all, err := s.Agreements(ctx, p)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, ErrNotFound
}

// Propose offers a rate card to the other company. It returns a [*Refusal] with
// the ledger's code when the ledger refuses.
func (s *Service) Propose(ctx context.Context, p Party, terms ledger.Terms) (*ledger.Agreement, error) {
	if !p.Utility() && terms.Partner != p.Partner {
		return nil, refuse(CodeNotYours, "a client can propose agreements of its own company only")
	}
	if err := terms.Validate(); err != nil {
		return nil, refuse(CodeInvalid, "%s", err)
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	return s.decide(ctx, p, id, ledger.Command{ID: id, Body: &ledger.ProposeAgreement{Terms: terms}})
}

// Accept signs a rate card that the other company proposed. The hash is that of
// the terms as the acceptor computed it. It returns [ErrNotFound], or a
// [*Refusal] with the ledger's code.
func (s *Service) Accept(ctx context.Context, p Party, id ledger.ID, hash ledger.Hash) (*ledger.Agreement, error) {
	return s.answer(ctx, p, id, &ledger.AcceptAgreement{Agreement: id, Hash: hash})
}

// Reject withdraws or refuses a proposed rate card; see [Service.Accept].
func (s *Service) Reject(ctx context.Context, p Party, id ledger.ID, reason string) (*ledger.Agreement, error) {
	if !text(reason, ledger.ReasonMax) {
		return nil, refuse(CodeInvalid, "reason must be at most %d bytes without control characters", ledger.ReasonMax)
	}
	return s.answer(ctx, p, id, &ledger.RejectAgreement{Agreement: id, Reason: reason})
}

func (s *Service) answer(ctx context.Context, p Party, agreement ledger.ID, body ledger.Body) (*ledger.Agreement, error) {
	if _, err := s.Agreement(ctx, p, agreement); err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	return s.decide(ctx, p, agreement, ledger.Command{ID: id, Body: body})
}

// decide gives a command about an agreement to the ledger as the party's own
// company, and returns the agreement as it stands afterwards.
func (s *Service) decide(ctx context.Context, p Party, agreement ledger.ID, command ledger.Command) (*ledger.Agreement, error) {
	who, err := s.identity(p)
	if err != nil {
		return nil, err
	}
	results, err := s.o.Ledger.Submit(ctx, who, command)
	switch {
	case errors.Is(err, ledger.ErrOutcomeUnknown):
		if _, ok := workflow.Find(ctx, s.o.Ledger, command); !ok {
			return nil, fmt.Errorf("exchange: agreement %s: %w", agreement, err)
		}
	case errors.Is(err, ledger.ErrBusy):
		return nil, &Busy{What: "the ledger's queue", RetryAfter: busyPause}
	case err != nil:
		return nil, err
	case results[0].Code != ledger.CodeOK:
		return nil, &Refusal{Code: string(results[0].Code), Detail: results[0].Message}
	}
	if _, err := s.rates.refresh(ctx); err != nil {
		return nil, err
	}
	return s.Agreement(ctx, p, agreement)
}
