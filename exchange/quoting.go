package exchange

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Quote locks the rate in force now. It returns a [*Refusal] when there is no
// such rate, or the amount is off its step, minimum or maximum.
func (s *Service) Quote(ctx context.Context, p Party, r QuoteRequest) (*Quote, error) {
	q, err := s.Estimate(ctx, p, r)
	if err != nil {
		return nil, err
	}
	if q.ID, err = s.newID(); err != nil {
		return nil, err
	}
	if err := s.o.Store.CreateQuote(ctx, q); err != nil {
		return nil, err
	}
	s.cache.quotes.Set(q.ID, q.Clone())
	return q, nil
}

// Estimate returns what [Service.Quote] would, without an ID: nothing is locked or
// kept, and no conversion can name it.
func (s *Service) Estimate(ctx context.Context, p Party, r QuoteRequest) (*Quote, error) {
	way, err := s.route(p, r.Source, r.Destination)
	if err != nil {
		return nil, err
	}
	cards, err := s.rates.get(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	priced, err := s.price(cards, way, r.From, now)
	if err != nil {
		return nil, err
	}
	return &Quote{Party: p, Source: r.Source, Destination: r.Destination, From: r.From,
		To: priced.to, Fee: priced.fee, In: priced.in, Out: priced.out, Residues: priced.residues,
		CreatedAt: now, ExpiresAt: priced.until}, nil
}

// locked returns what a quote promises, if the party may use it for what it
// asks.
func (s *Service) locked(ctx context.Context, p Party, r *ConvertRequest) (*Quote, error) {
	q, err := s.quote(ctx, r.QuoteID)
	if err != nil {
		return nil, err
	}
	switch {
	case q.Party.Partner != p.Partner:
		return nil, ErrNotFound
	case q.Party.Client != p.Client:
		return nil, refuse(CodeNotYours, "the quote was given to another client of your company; ask for one of your own")
	case r.Source != "" && r.Source != q.Source, r.Destination != "" && r.Destination != q.Destination, r.From != 0 && r.From != q.From:
		return nil, refuse(CodeQuoteMismatch, "the quote is for %d from %s to %s; ask for the same, or name the quote alone", q.From, q.Source, q.Destination)
	case s.now() >= q.ExpiresAt:
		return nil, refuse(CodeQuoteExpired, "the quote expired; ask for a new one")
	}
	return q, nil
}

// offer is what a conversion is to be made at: a quote's, or the rate now.
func (s *Service) offer(ctx context.Context, p Party, r *ConvertRequest) (*Quote, error) {
	if !r.QuoteID.IsZero() {
		return s.locked(ctx, p, r)
	}
	way, err := s.route(p, r.Source, r.Destination)
	if err != nil {
		return nil, err
	}
	cards, err := s.rates.get(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	priced, err := s.price(cards, way, r.From, now)
	if err != nil {
		return nil, err
	}
	return &Quote{Source: r.Source, Destination: r.Destination, From: r.From, To: priced.to, Fee: priced.fee,
		In: priced.in, Out: priced.out, CreatedAt: now}, nil
}

// stale reports whether a refusal of the ledger may come from prices that were
// read a moment too early.
func stale(code ledger.Code) bool {
	switch code {
	case ledger.CodeAgreementNotInForce, ledger.CodeAgreementUnknown, ledger.CodeAgreementHash, ledger.CodeAmountMismatch:
		return true
	}
	return false
}
