package exchange

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// amountsBack is what goes back on each leg.
type amountsBack struct{ inTo, outFrom, outTo int64 }

// goesBack computes what a reversal of amount takes back: what stands before
// it, less what the contract's formula gives for the rest.
func (s *Service) goesBack(ctx context.Context, c *Conversion, amount int64) (amountsBack, error) {
	before := c.From - c.Reversed
	was, err := s.stands(ctx, c, before)
	if err != nil {
		return amountsBack{}, err
	}
	rest, err := s.stands(ctx, c, before-amount)
	if err != nil {
		return amountsBack{}, err
	}
	return amountsBack{was.inTo - rest.inTo, was.outFrom - rest.outFrom, was.outTo - rest.outTo}, nil
}

// stands computes what each leg of a conversion gives when only part of it is
// converted.
func (s *Service) stands(ctx context.Context, c *Conversion, from int64) (amountsBack, error) {
	var a amountsBack
	if c.In != nil {
		leg, err := s.amounts(ctx, c.In, from)
		if err != nil {
			return a, err
		}
		a.inTo, from = leg.To, leg.To
	}
	if c.Out != nil {
		leg, err := s.amounts(ctx, c.Out, from)
		if err != nil {
			return a, err
		}
		a.outFrom, a.outTo = leg.From, leg.To
	}
	return a, nil
}

// amounts applies the agreement of a leg, in force or not, to another amount.
func (s *Service) amounts(ctx context.Context, leg *ledger.LegTerms, from int64) (ledger.Amounts, error) {
	cards, err := s.rates.get(ctx)
	if err != nil {
		return ledger.Amounts{}, err
	}
	agreement, ok := cards.byID[leg.Agreement]
	if !ok {
		if cards, err = s.rates.refresh(ctx); err != nil {
			return ledger.Amounts{}, err
		}
		agreement, ok = cards.byID[leg.Agreement]
	}
	if !ok {
		return ledger.Amounts{}, refuse(string(ledger.CodeAgreementUnknown), "agreement %s is not on the ledger", leg.Agreement)
	}
	a, code := agreement.Terms.Amounts(from, cards.partners[leg.Partner].Scale)
	if code != ledger.CodeOK {
		return a, refuse(string(code), "a figure of a conversion of %d does not fit", from)
	}
	return a, nil
}
