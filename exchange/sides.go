package exchange

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// setModes says who moves each side. What a partner has moved by itself only
// that partner can tell us.
func (s *Service) setModes(c *Conversion, reference string) error {
	pushes := false
	if c.In != nil {
		partner, _ := s.o.Registry.Partner(c.In.Partner)
		c.SourceMode = partner.In
		if partner.In == partners.Push {
			pushes, c.SourceReference = true, reference
		}
	}
	if c.Out != nil {
		partner, _ := s.o.Registry.Partner(c.Out.Partner)
		c.DestinationMode = partner.Out
		if partner.Out == partners.Push {
			pushes, c.DestinationReference = true, reference
		}
	}
	if err := checkModes(c, c.Party); err != nil {
		return err
	}
	return checkReference(reference, pushes)
}

// checkModes refuses a party that cannot speak for every side that pushes.
func checkModes(c *Conversion, p Party) error {
	for _, side := range []struct {
		leg  *ledger.LegTerms
		mode partners.Mode
	}{{c.In, c.SourceMode}, {c.Out, c.DestinationMode}} {
		if side.leg != nil && side.mode == partners.Push && side.leg.Partner != p.Partner {
			return refuse(CodeModeRefused, "partner %s moves its own side in this direction, so only it can ask for this", side.leg.Partner)
		}
	}
	return nil
}

func checkReference(reference string, pushes bool) error {
	switch {
	case pushes && reference == "":
		return refuse(CodeReferenceNeeded, "your side is in mode push: give the reference of what you have moved")
	case !pushes && reference != "":
		return refuse(CodeReferenceRefused, "your side is in mode callback: we move it, so there is no reference to give")
	case pushes && !connector.Visible(reference, ledger.ReferenceMax):
		return refuse(CodeInvalid, "reference must be 1 to %d visible ASCII characters without spaces", ledger.ReferenceMax)
	}
	return nil
}

// setMember finds the member and the memberships by the caller's link.
func (s *Service) setMember(ctx context.Context, c *Conversion, linkID ledger.ID) error {
	l, err := s.link(ctx, linkID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err != nil || l.EndedAt != 0 || !c.Party.Utility() && l.Partner != c.Party.Partner {
		return refuse(CodeLinkMissing, "there is no standing link with this ID; POST /v1/links makes one")
	}
	c.Member, c.Account = l.Member, l.account
	if c.In != nil {
		if c.SourceMembership, err = s.membership(ctx, l, c.In.Partner); err != nil {
			return err
		}
	}
	if c.Out != nil {
		c.DestinationMembership, err = s.membership(ctx, l, c.Out.Partner)
	}
	return err
}

func (s *Service) membership(ctx context.Context, l *linked, partner string) (string, error) {
	if l.Partner == partner {
		return l.Membership, nil
	}
	other, err := s.o.Store.LinkOf(ctx, partner, l.Member)
	if errors.Is(err, ErrNotFound) {
		return "", refuse(CodeLinkMissing, "the member has no link with partner %s", partner)
	}
	if err != nil {
		return "", err
	}
	return other.Membership, nil
}
